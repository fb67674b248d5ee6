"""Names: what name servers say decides where sessions go, as in HAProxy; and a server that moved is
another machine, of which nothing is known yet."""

import csv
import io
import socket
import threading

import pytest

from harness import client, proxy
from harness.nameserver import FAILS, NX, REFUSED, SILENT, Nameserver
from harness.process import WORKER, free_port
from harness.proxy import Proxy
from harness.scripted import finish
from harness.waits import holds_for, wait_until

ADDRESSES = [f"127.0.{1 + WORKER}.{100 + n}" for n in range(4)]


class Greeter:
    """On one address and port: says which address it is, and keeps the connection open."""

    def __init__(self, address, port):
        self.address = address
        self.open = True
        self.listener = socket.create_server((address, port), backlog=64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        try:
            connection.sendall(self.address.encode() + b"\n")
            finish(connection, "wait")
        except OSError:
            pass
        connection.close()

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()


SETTINGS = """
    timeout resolve 200ms
    timeout retry 200ms
    resolve_retries 2
    hold nx 1500ms
    hold refused 1500ms
    hold other 1500ms
    hold timeout 1500ms
"""


def stat(path, field="status", name="relay"):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(path))
        s.sendall(b"show stat\n")
        text = client.read_all(s).decode()
    rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
    return {row["svname"]: row[field] for row in rows
            if row["pxname"] == name and row["svname"] not in ("FRONTEND", "BACKEND")}


class Site:
    """A proxy, its name server, and a greeter on each address."""

    def __init__(self, kind, folder, servers, zone, settings=SETTINGS, resolver="", options=""):
        self.dns = Nameserver(zone)
        self.node_port, self.port = free_port(ADDRESSES), free_port()
        self.greeters = [Greeter(address, self.node_port) for address in ADDRESSES]
        self.socket = folder.unique("stats.sock")
        lines = "\n".join(f"    {line}" for line in servers).replace("PORT", str(self.node_port))
        text = f"""
global
    stats socket {self.socket} level admin
defaults
    mode tcp
    timeout connect 1s
    timeout queue 300ms
    timeout client 1m
    timeout server 1m
    retries 0
resolvers dns
    nameserver one {resolver}127.0.0.1:{self.dns.port}
{settings}
listen relay
    bind 127.0.0.1:{self.port}
    default-server resolvers dns init-addr none resolve-prefer ipv4
    {options}
{lines}
"""
        self.proxy = Proxy(kind, folder, text, [self.port])

    def stop(self):
        try:
            self.proxy.stop()
        finally:
            self.dns.stop()
            for greeter in self.greeters:
                greeter.stop()

    def who(self):
        """Which address takes a new client? None: nobody."""
        try:
            with client.tcp(self.port) as s:
                return s.recv(100).decode(errors="replace").strip() or None
        except OSError:
            return None

    def reached(self, looks=8):
        found = {self.who() for _ in range(looks)}
        return {answer if answer in ADDRESSES else None for answer in found}

    def expect(self, addresses, seconds=15):
        wanted = set(addresses) or {None}
        wait_until(f"clients reach {wanted}", lambda: self.reached() == wanted, seconds)

    def states(self):
        return stat(self.socket)


@pytest.fixture(params=proxy.KINDS)
def site(request, folder, ending):
    def make(servers, zone, **how):
        return ending(Site(request.param, folder, servers, zone, **how))
    return make


TEMPLATE = ["server-template pg 3 pg.x:PORT"]
RESOLVING = "MAINT (resolution)"


def test_the_servers_of_a_template_share_the_addresses_of_its_name(site):
    at = site(TEMPLATE, {"pg.x": ADDRESSES[:2]})
    at.expect(ADDRESSES[:2])
    assert sorted(at.states().values()) == [RESOLVING, "no check", "no check"]
    at.dns.zone["pg.x"] = ADDRESSES[1:4]
    at.expect(ADDRESSES[1:4])
    at.dns.zone["pg.x"] = ADDRESSES[3:4]
    at.expect(ADDRESSES[3:4])
    assert sorted(at.states().values()) == [RESOLVING, RESOLVING, "no check"]


def test_services_bring_their_ports_and_weights(site):
    port = free_port()
    at = site(["server-template pg 1-3 _pg._tcp.x"], {"_pg._tcp.x": []})
    at.dns.zone.update({"a.x": ADDRESSES[:1], "b.x": ADDRESSES[1:2], "c.x": ADDRESSES[2:3],
                        "_pg._tcp.x": [("a.x", at.node_port, 100), ("b.x", at.node_port, 100),
                                       ("c.x", at.node_port, 0)]})
    at.expect(ADDRESSES[:2])
    assert sorted(stat(at.socket, "weight").values()) == ["0", "1", "1"]
    at.dns.zone["_pg._tcp.x"] = [("c.x", at.node_port, 300), ("a.x", port, 100)]
    wait_until("the third has the weight", lambda: sorted(
        w for n, w in stat(at.socket, "weight").items() if at.states()[n] != RESOLVING) == ["1", "2"])
    wait_until("it serves", lambda: ADDRESSES[2] in at.reached())


@pytest.mark.parametrize("error", [NX, REFUSED, FAILS, SILENT])
def test_an_error_takes_servers_away_after_its_hold_time(site, error):
    at = site(TEMPLATE, {"pg.x": ADDRESSES[:1]})
    at.expect(ADDRESSES[:1])
    at.dns.zone["pg.x"] = error
    holds_for("the address stands", lambda: at.who() == ADDRESSES[0], 1)
    wait_until("it falls", lambda: set(at.states().values()) == {RESOLVING})
    assert at.who() not in ADDRESSES
    at.dns.zone["pg.x"] = ADDRESSES[1:2]
    at.expect(ADDRESSES[1:2])


def test_an_answer_that_is_cut_is_asked_for_over_tcp(folder, ending):
    """HAProxy 2.6 does not; it takes it for an error."""
    at = ending(Site("pgsteer", folder, TEMPLATE, {"pg.x": ADDRESSES[:1]}))
    at.expect(ADDRESSES[:1])
    at.dns.truncates = True
    wait_until("it is asked over TCP", lambda: at.dns.asked[-1][2] == "tcp")
    at.dns.zone["pg.x"] = ADDRESSES[1:2]
    at.expect(ADDRESSES[1:2])


def test_a_name_server_may_be_asked_over_tcp_alone(site):
    at = site(TEMPLATE, {"pg.x": ADDRESSES[:1]}, resolver="tcp@")
    at.expect(ADDRESSES[:1])
    assert {way for _, _, way in at.dns.asked} == {"tcp"}


def test_an_answer_to_another_question_is_not_believed(site):
    at = site(TEMPLATE, {"pg.x": ADDRESSES[:1]})
    at.expect(ADDRESSES[:1])
    at.dns.lies = ADDRESSES[2]
    asked = at.dns.count("pg.x")
    wait_until("it was asked", lambda: at.dns.count("pg.x") > asked + 4)
    assert ADDRESSES[2] not in at.reached()


def test_a_dead_name_server_beside_a_good_one_changes_nothing(site, folder):
    at = site(TEMPLATE, {"pg.x": ADDRESSES[:1]},
              settings=SETTINGS + f"    nameserver dead 127.0.0.1:{free_port()}\n")
    at.expect(ADDRESSES[:1])
    holds_for("it serves", lambda: at.who() == ADDRESSES[0], 2.5)


def test_sessions_stay_when_a_name_moves(site):
    at = site(["server pg pg.x:PORT"], {"pg.x": ADDRESSES[:1]})
    at.expect(ADDRESSES[:1])
    with client.tcp(at.port) as session:
        assert session.recv(100).decode().strip() == ADDRESSES[0]
        at.dns.zone["pg.x"] = ADDRESSES[1:2]
        at.expect(ADDRESSES[1:2])
        assert not client.ended(session, 0.3)


def test_a_server_that_moved_takes_no_session_before_its_first_check(folder, ending):
    at = ending(Site("pgsteer", folder, ["server pg pg.x:PORT check inter 200ms"],
                     {"pg.x": ADDRESSES[:1]}))
    at.expect(ADDRESSES[:1])
    at.greeters[1].stop()
    at.dns.zone["pg.x"] = ADDRESSES[1:2]
    wait_until("it has moved", lambda: not at.states()["pg"].startswith("UP"))
    holds_for("it is not UP", lambda: not at.states()["pg"].startswith("UP"), 1)
    at.greeters[1] = Greeter(ADDRESSES[1], at.node_port)
    at.expect(ADDRESSES[1:2])


def test_a_plain_server_tries_all_addresses_of_its_name(folder, ending):
    at = ending(Site("pgsteer", folder, ["server pg pg.x:PORT"], {"pg.x": ADDRESSES[:2]}))
    at.expect(ADDRESSES[:1])
    at.greeters[0].stop()
    at.expect(ADDRESSES[1:2])


def test_wanted_networks_come_first(site):
    at = site([f"server pg pg.x:PORT resolve-net {ADDRESSES[2]}/32"], {"pg.x": ADDRESSES[:3]})
    at.expect(ADDRESSES[2:3])


def test_an_address_in_init_addr_serves_until_a_name_server_answers(site):
    at = site([f"server pg pg.x:PORT init-addr last,{ADDRESSES[3]}"], {"pg.x": SILENT},
              settings=SETTINGS.replace("200ms", "3s"))
    assert at.who() == ADDRESSES[3]
    at.dns.zone["pg.x"] = ADDRESSES[:1]
    at.expect(ADDRESSES[:1])
