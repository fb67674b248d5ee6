"""What servers and their agents are told and say, beside the real HAProxy: the state header of checks,
a 404 that means `no new sessions`, and what the log has of agents."""

import re

import pytest

from harness import client, proxy
from harness.process import free_port
from harness.proxy import Proxy
from harness.runtime import Runtime
from harness.scripted import Scripted, finish
from harness.waits import wait_until


class Checked:
    """A node whose check answers what a test says, and keeps the requests; sessions hear its name."""

    def __init__(self, name):
        self.status, self.requests = 200, []

        def check(connection):
            request = connection.recv(65536).decode()
            self.requests.append(request)
            connection.sendall(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % self.status)

        def session(connection):
            connection.sendall(name.encode())
            finish(connection, "wait")
        self.checks, self.sessions = Scripted(check), Scripted(session)

    def stop(self):
        self.checks.close()
        self.sessions.close()


class Agent:
    def __init__(self):
        self.word = "up"
        self.server = Scripted(lambda connection: connection.sendall(self.word.encode() + b"\n"))
        self.port = self.server.port

    def stop(self):
        self.server.close()


class Site:
    def __init__(self, kind, folder, lines, options=""):
        self.kind, self.port = kind, free_port()
        self.socket = folder.unique("told.sock")
        text = f"""
global
    node lb1
    log stdout format raw daemon
    stats socket {self.socket} level admin
defaults
    mode tcp
    log global
    timeout connect 1s
    timeout client 1m
    timeout server 1m
    timeout check 1s
listen relay
    bind 127.0.0.1:{self.port}
    {options}
""" + "".join(f"    server {line}\n" for line in lines)
        self.proxy = Proxy(kind, folder, text, [self.port])
        self.runtime = Runtime(self.socket)

    def stop(self):
        self.proxy.stop()

    def status(self, server):
        return self.runtime.stat()["relay", server]["status"]

    def who(self):
        with client.tcp(self.port) as s:
            return s.recv(10).decode()


@pytest.fixture
def nodes(ending):
    return [ending(Checked(name)) for name in "ab"]


def lines(nodes, more="inter 100ms rise 2 fall 3"):
    return [f"{name} 127.0.0.1:{node.sessions.port} check port {node.checks.port} {more}"
            for name, node in zip("ab", nodes)]


STATE = re.compile(r"X-Haproxy-Server-State: (.*)\r\n", re.I)


def test_a_check_tells_a_server_how_it_is_seen(folder, ending, nodes):
    told = []
    for kind in proxy.KINDS:
        it = Site(kind, folder, lines(nodes, "inter 100ms rise 2 fall 3 weight 10"),
                  "option httpchk\n    http-check send-state")
        try:
            seen = {}
            wait_until("it is UP", lambda it=it: it.status("a") == "UP")
            seen["up"] = newest_state(nodes[0])
            with client.tcp(it.port) as s:
                assert s.recv(10) == b"a"
                seen["with a session"] = newest_state(nodes[0])
            nodes[0].status = 503
            wait_until("it is DOWN", lambda it=it: it.status("a") == "DOWN")
            seen["down"] = newest_state(nodes[0])
            seen["the other"] = newest_state(nodes[1])
            nodes[0].status = 200
            told.append(seen)
        finally:
            it.stop()
    assert told[0] == told[1]
    assert told[1]["up"].startswith("UP; address=127.0.0.1; port=")


def newest_state(node):
    """Of a request that is sent from now on."""
    known = len(node.requests)
    wait_until("two more checks", lambda: len(node.requests) >= known + 2)
    found = STATE.search(node.requests[-1])
    assert found, node.requests[-1]
    return found[1]


@pytest.mark.parametrize("kind", proxy.KINDS)
def test_a_404_means_no_new_sessions_and_the_old_ones_stay(folder, ending, nodes, kind):
    it = ending(Site(kind, folder, lines(nodes), "option httpchk\n    http-check disable-on-404"))
    wait_until("both are UP", lambda: it.status("a") == it.status("b") == "UP")
    with client.tcp(it.port) as s:
        its = s.recv(10).decode()
        node = nodes["ab".index(its)]
        node.status = 404
        wait_until("it takes no new sessions", lambda: it.status(its) == "NOLB")
        assert its not in {it.who() for _ in range(4)}
        s.settimeout(0.2)
        with pytest.raises(TimeoutError):
            s.recv(10)
        node.status = 200
        wait_until("it is back", lambda: it.status(its) == "UP")
        assert its in {it.who() for _ in range(4)}
        node.status = 404
        wait_until("it takes no new sessions", lambda: it.status(its) == "NOLB")
        node.status = 503
        wait_until("it is DOWN", lambda: it.status(its) == "DOWN")


# Few at a time: pgsteer counts what repeats too often.
SAYINGS = [["down", "up", "down #disk full", "up"], ["stopped", "up", "fail", "up"]]


def told(it):
    return it.proxy.process.output().count("is UP") + it.proxy.process.output().count("is DOWN")


def agent_lines(it):
    """What the log has of the agent's server, without times."""
    found = [re.sub(r"\d+ms", "Nms", line) for line in it.proxy.process.output().splitlines()
             if re.search(r"(Agent check for server|Server) relay/a ", line)]
    # Each is said to the terminal and to the log, with different heads.
    found = [re.search(r"(Agent check for server|Server) relay/a .*", line)[0] for line in found]
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("sayings", SAYINGS, ids=" ".join)
@pytest.mark.parametrize("options", ["", "option log-health-checks"])
def test_the_log_says_of_agents_what_haproxys_says(folder, ending, nodes, options, sayings):
    agent = ending(Agent())
    said = []
    for kind in proxy.KINDS:
        agent.word = "up"
        it = Site(kind, folder, [f"a 127.0.0.1:{nodes[0].sessions.port} check inter 100ms agent-check "
                                 f"agent-port {agent.port} agent-inter 100ms",
                                 f"b 127.0.0.1:{nodes[1].sessions.port}"], options)
        try:
            wait_until("it is UP", lambda it=it: it.status("a") == "UP")
            heard = []
            for word in sayings:
                agent.word = word
                wanted = "UP" if word == "up" else "DOWN"
                wait_until(f"{word} is heard", lambda it=it: it.status("a").startswith(wanted))
                heard.append(it.status("a").split()[0])
            wait_until("the last is told", lambda it=it: told(it) >= len(sayings))
            said.append({line for line in agent_lines(it) if "via agent" in line or "Agent" in line})
        finally:
            it.stop()
    assert said[0] <= said[1], said
    assert any(f"via agent : {sayings[2].replace(' #disk full', ' (disk full)')}" in line
               for line in said[1])
