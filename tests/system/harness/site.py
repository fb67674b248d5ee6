"""Site: what a file of tests/corpus needs around it, found in the file: who its nodes are, where clients
come in. Comment lines that begin with `#:` say what a configuration cannot:

    #: answers 8008 patroni      what answers on that port of each node (harness/nodes.py); else PostgreSQL
    #: clients 10.1.2.3 10.1.2.4 where clients come from; else 127.0.0.1
    #: env NAME=VALUE            a variable
    #: name NAME NODE...         what name servers say of NAME: the addresses of the nodes
    #: srv NAME NODE:PORT...     and its SRV records
    #: newer KEYWORD             HAProxy 2.6 does not know it yet: its file is without it and its argument
    #: pace MILLISECONDS         between checks instead of QUICK: HAProxy's TLS handshakes must end within it
    #: patience TIME             how long checks wait for an answer, where one that does not fit takes so long
    #: also NAME...             events beside the usual ones (test_corpus.py)
"""

import ipaddress
import re
from dataclasses import dataclass, field

from harness.nodes import Endpoint, Node

SECTIONS = ("global", "defaults", "listen", "frontend", "backend", "resolvers", "peers", "userlist",
            "mailers", "cache", "ring", "http-errors", "program", "fcgi-app", "log-forward")
QUICK = 50  # ms
MOST_SESSIONS = 9000


def without_comment(line):
    return re.sub(r"(?<!\\)#.*", "", line)


@dataclass
class Section:
    kind: str
    name: str
    lines: list = field(default_factory=list)  # of words
    inherited: list = field(default_factory=list)  # of its defaults

    def all(self, *begin):
        """The words after `begin` of each line that begins so; those of the defaults first."""
        return [line[len(begin):] for line in self.inherited + self.lines
                if tuple(line[:len(begin)]) == begin]

    @property
    def mode(self):
        modes = self.all("mode")
        return modes[-1][0] if modes else "tcp"


def read_sections(text, env):
    sections, defaults = [], {"": []}
    for line in text.splitlines():
        line = re.sub(r"\$\{?(\w+)\}?", lambda m: env.get(m[1], m[0]), without_comment(line))
        words = line.replace('"', "").split()
        if not words:
            continue
        if words[0] in SECTIONS:
            parent = words[words.index("from") + 1] if "from" in words[2:] else ""
            section = Section(words[0], words[1] if len(words) > 1 else "")
            sections.append(section)
            if section.kind == "defaults":
                defaults[""] = defaults[section.name] = section.lines
                section.lines.extend(defaults[parent] if parent else [])
            else:
                section.inherited = defaults[parent]
        elif sections:
            sections[-1].lines.append(words)
    return sections


@dataclass(frozen=True)
class Door:
    """Where clients come in."""
    section: str
    address: str
    port: int
    proxied: bool  # they begin with a PROXY header
    page: str | None  # the path, where it is the stats page's
    user: str | None  # and "NAME:PASSWORD", if it has any

    def __str__(self):
        return f"{self.section} ({self.address}:{self.port})"


def option(words, name, default=None):
    return words[words.index(name) + 1] if name in words else default


def split_port(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(re.split("[-,]", port)[0])


def is_address(host):
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        return False


class Site:
    def __init__(self, path):
        self.path, self.text = path, path.read_text()
        self.tags = [line[2:].split() for line in self.text.splitlines() if line.startswith("#:")]
        self.env = dict(word.split("=", 1) for words in self.all("env") for word in words)
        self.answers = {int(port): kind for port, kind in self.all("answers")}
        self.clients = [a for words in self.all("clients") for a in words] or ["127.0.0.1"]
        self.pace = int((self.all("pace") or [[QUICK]])[-1][0])  # ms between checks
        self.sections = read_sections(self.text, self.env)
        # Else the number of sessions comes from what the machine allows.
        self.limited = any(section.all("maxconn") for section in self.sections
                           if section.kind == "global")
        self.addresses = {}  # of names
        self.zone = {}  # name: what name servers say
        self.own = {a for a in self.clients if not a.startswith("127.")}
        self.nodes, self.ports = [], set()  # ports: (address, port)
        self.node_of = {}  # (section, server): its node; those of a template go by their addresses
        self.unchecked = []  # nodes of server lines without check
        self.templates = {section.name for section in self.sections
                          if section.all("server-template")}
        doors = list(self._doors())
        self.doors = [door for door in doors if not door.page]
        self.pages = [door for door in doors if door.page]
        # Does it matter where a client comes from?
        self.sticky = any(words[0] in ("source", "src") for section in self.sections
                          for words in section.all("balance") + section.all("stick", "on"))
        self._read_servers()
        self._read_zone()
        self.nameservers = [split_port(words[1]) for section in self.sections
                            if section.kind == "resolvers" for words in section.all("nameserver")]
        self.own |= {host for host, _ in self.nameservers if not host.startswith("127.")}

    def nodes_of(self, section):
        return [node for (name, _), node in self.node_of.items() if name == section]

    def all(self, tag):
        return [words[1:] for words in self.tags if words[0] == tag]

    def address_of(self, host):
        if is_address(host):
            return host
        if host == "localhost":
            return "127.0.0.1"
        return self.addresses.setdefault(host, f"10.99.0.{len(self.addresses) + 1}")

    def _doors(self):
        for section in self.sections:
            if section.kind not in ("listen", "frontend") or section.all("disabled"):
                continue
            for words in section.all("bind"):
                if words[0].startswith(("/", "unix@", "abns")):
                    continue
                host, port = split_port(words[0].removeprefix("ipv4@").removeprefix("ipv6@"))
                if host in ("", "*", "0.0.0.0", "::"):
                    host = "::1" if host == "::" and "v6only" in words else "127.0.0.1"
                else:
                    host = self.address_of(host)
                    self.own |= {host} - {"127.0.0.1"}
                page = (section.all("stats", "uri") or [["/haproxy?stats"]])[-1][0]
                users = section.all("stats", "auth")
                yield Door(section.name, host, port, "accept-proxy" in words,
                           page if section.mode == "http" else None,
                           users[-1][0] if users else None)

    def _read_servers(self):
        known = {}  # a host, or (host, port): its node
        for section in self.sections:
            if section.kind not in ("listen", "backend"):
                continue
            defaults = [word for words in section.all("default-server") for word in words]
            servers = [(name, *split_port(address), options)
                       for name, address, *options in section.all("server") if address[0] != "/"]
            for prefix, _, name, *options in section.all("server-template"):
                host, port = split_port(name) if ":" in name else (name, 0)
                servers += [(None, node, at or port, options) for node, at in self.told(host)]
            hosts = [host for host, _ in {(host, port) for _, host, port, _ in servers}]
            for name, host, port, options in servers:
                places = [(host, port), (option(options, "addr", host),
                                         int(option(options, "port", option(defaults, "port", port))))]
                if agent := option(options, "agent-port", option(defaults, "agent-port")):
                    places.append((host, int(agent)))
                # Several ports of one host in one section are nodes of a laboratory.
                keys = places if hosts.count(host) > 1 else [*places, host]
                node = self._place(known, keys, places)
                if not {"check", "track"} & {*options, *defaults}:
                    self.unchecked.append(node)
                self.node_of[section.name, name or f"{self.address_of(host)}:{port}"] = node

    def _place(self, known, keys, places):
        """A server line: one node listens at these places."""
        found = [known[key] for key in keys if key in known]
        host, port = places[0]
        node = found[0] if found else Node(host if host in keys else f"{host}:{port}")
        if not found:
            self.nodes.append(node)
        for key in keys:
            known[key] = node
        for host, port in places:
            address = self.address_of(host)
            if (address, port) not in self.ports:
                self.ports.add((address, port))
                node.endpoints.append(Endpoint(node, address, port,
                                               self.answers.get(port, "postgres"), []))
        return node

    def told(self, name):
        """What name servers say of it, as (node, port); port 0 for an address."""
        for of, *nodes in self.all("name"):
            if of == name:
                return [(node, 0) for node in nodes]
        for of, *places in self.all("srv"):
            if of == name:
                return [split_port(place) for place in places]
        return []

    def _read_zone(self):
        for name, *nodes in self.all("name"):
            self.zone[name] = [self.address_of(node) for node in nodes]
        for name, *places in self.all("srv"):
            self.zone[name] = [(host, port, 1) for host, port in map(split_port, places)]
        for name, address in self.addresses.items():
            self.zone.setdefault(name, [address])

    def hosts(self):
        lines = [f"{address} {name}" for name, address in self.addresses.items()]
        return "\n".join(["127.0.0.1 localhost", "::1 localhost", *lines, ""])

    def text_for(self, kind):
        if kind == "pgsteer":
            return self.text
        return re.sub("|".join(rf"\b{word}[ \t]+\S+" for words in self.all("newer") for word in words)
                      or "$^", "", self.text)

    def quick_text(self, kind):
        """The file with faster checks, a bound on their answers that a busy machine keeps, and no more
        sessions than a machine for tests has descriptors for."""
        text = re.sub(r"\b(inter|fastinter|downinter|agent-inter)\s+\d+\w*", rf"\1 {self.pace}ms",
                      self.text_for(kind))
        patience = (self.all("patience") or [["2s"]])[-1][0]
        text = re.sub(r"\b(timeout\s+check)\s+\d+\w*", rf"\1 {patience}", text)
        text = re.sub(r"\bmaxconn\s+\d{5,}", f"maxconn {MOST_SESSIONS}", text)
        lines = []
        for line in text.splitlines():
            lines.append(line)
            words = without_comment(line).split()
            if words and words[0] in ("defaults", "listen", "backend"):
                lines.append(f"    default-server inter {self.pace}ms")
            if words and words[0] == "defaults":
                lines.append(f"    timeout check {patience}")
        return "\n".join(lines) + "\n"
