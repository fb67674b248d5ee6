"""Rules mean what they mean in HAProxy: both programs run the same file, the same servers fail in the
same order, and the same clients are sent to the same places or turned away in the same way."""

import contextlib
import csv
import io
import socket
import ssl
import struct
import time

import pytest

from harness import scripted
from harness.process import free_port, listens
from harness.proxy import KINDS, Proxy
from harness.scripted import Scripted
from harness.waits import holds_for, wait_until

SERVERS = {"a1": "a", "a2": "a", "b1": "b"}


class Server:
    """Says its name to whom it accepts, and then what it hears; it can go away and come back."""

    def __init__(self, name):
        self.name, self.listener = name, None
        self.up()
        self.port = self.listener.port

    def up(self):
        if self.listener is None:
            self.listener = Scripted(self._talk, port=getattr(self, "port", 0))

    def down(self):
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    stop = down

    def _talk(self, connection):
        connection.sendall(self.name.encode())
        while data := connection.recv(4096):
            connection.sendall(data)


class World:
    def __init__(self, folder, ending, rules, back_rules="", bind="", other_rules="",
                 server_options="", stats_sockets=None, threads=2):
        self.threads = threads
        self.other_rules, self.server_options = other_rules, server_options
        self.stats_sockets = stats_sockets or {}
        self.servers = {name: Server(name) for name in SERVERS}
        for server in self.servers.values():
            ending(server)
        self.ports = {kind: free_port() for kind in KINDS}
        for kind in KINDS:
            ending(Proxy(kind, folder, self._file(kind, rules, back_rules, bind),
                         [self.ports[kind]]))

    def _file(self, kind, rules, back_rules, bind):
        port, path = self.ports[kind], self.stats_sockets.get(kind)
        stats_socket = f"stats socket {path}" if path else ""

        def lines(backend):
            return "\n".join(f"    server {name} 127.0.0.1:{server.port} check {self.server_options}"
                             for name, server in self.servers.items() if SERVERS[name] == backend)
        return f"""
global
    nbthread {self.threads}
    {stats_socket}
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
    default-server inter 100ms rise 1 fall 1
frontend front
    bind 127.0.0.1:{port} {bind}
{rules}
    default_backend a
backend a
{back_rules}
{lines("a")}
backend b
{self.other_rules}
{lines("b")}
"""

    def set_up(self, *names):
        for name, server in self.servers.items():
            server.up() if name in names else server.down()

    def goes_to(self, wanted, send=b"", source="127.0.0.1"):
        """Every client of either program ends where it should, from some moment on."""
        for kind in KINDS:
            seen = []

            def right(kind=kind, seen=seen):
                seen[:] = [outcome(self.ports[kind], send, source)]
                return seen[0] in wanted
            try:
                wait_until(f"{kind}: clients go to {wanted}", right, seconds=5)
                holds_for(f"{kind}: clients go to {wanted}", right, seconds=0.3)
            except AssertionError as error:
                raise AssertionError(f"{error}; the last went to {seen}") from None


def outcome(port, send=b"", source="127.0.0.1"):
    """The name of the server that served, or how it ended."""
    with socket.socket() as client:
        client.bind((source, 0))
        client.settimeout(3)
        try:
            client.connect(("127.0.0.1", port))
            if send:
                client.sendall(send)
            return client.recv(2).decode() or "closed"
        except ConnectionError:
            return "reset"
        except TimeoutError:
            return "nothing"


A, B, GONE = {"a1", "a2"}, {"b1"}, {"reset", "closed"}
EVERY = ("a1", "a2", "b1")


def test_a_split_brain_guard_turns_clients_away_unless_one_server_is_up(folder, ending):
    world = World(folder, ending, """
    acl single_master nbsrv(a) eq 1
    tcp-request connection reject if !single_master""")
    world.goes_to(GONE)
    world.set_up("a2", "b1")
    world.goes_to({"a2"})
    world.set_up("b1")
    world.goes_to(GONE)
    world.set_up("a1")
    world.goes_to({"a1"})


def test_reads_fall_back_to_the_primary_while_no_replica_is_up(folder, ending):
    world = World(folder, ending, "    use_backend b if { nbsrv(b) gt 0 }")
    world.goes_to(B)
    world.set_up("a1", "a2")
    world.goes_to(A)
    world.set_up(*EVERY)
    world.goes_to(B)


def test_writes_go_elsewhere_while_their_own_servers_are_down(folder, ending):
    world = World(folder, ending, """
    acl main_down nbsrv(a) lt 1
    use_backend b if main_down""")
    world.goes_to(A)
    world.set_up("b1")
    world.goes_to(B)
    world.set_up("a2", "b1")
    world.goes_to({"a2"})


HELLO = struct.pack(">II", 8, 80877103)  # SSLRequest
ROWS = {
    "always": ("use_backend b if TRUE", B),
    "never": ("use_backend b if FALSE", A),
    "unless": ("use_backend b unless FALSE", B),
    "no_condition": ("use_backend b", B),
    "and": ("use_backend b if TRUE FALSE", A),
    "or": ("use_backend b if FALSE or TRUE", B),
    "not": ("use_backend b if !FALSE", B),
    "not_apart": ("use_backend b if ! FALSE", B),
    "or_binds_weaker": ("use_backend b if FALSE TRUE || TRUE", B),
    "first_that_holds": ("use_backend a if TRUE\n use_backend b if TRUE", A),
    "acl_twice": ("acl x always_false\n acl x always_true\n use_backend b if x", B),
    "anonymous_not": ("use_backend b if !{ nbsrv(a) eq 7 }", B),
    "src": ("use_backend b if { src 127.0.0.0/8 }", B),
    "src_other": ("use_backend b if { src 10.0.0.0/8 192.168.0.0/255.255.0.0 }", A),
    "localhost": ("use_backend b if LOCALHOST", B),
    "dst_port": ("use_backend b if { dst_port ge 1024 }", B),
    "dst": ("use_backend b if { dst 127.0.0.1 }", B),
    "src_port_range": ("use_backend b if { src_port 1:1023 }", A),
    "src_is_local": ("use_backend b if { src_is_local }", B),
    "srv_is_up": ("use_backend b if { srv_is_up(a/a1) }", B),
    "srv_conn": ("use_backend b if { srv_conn(a/a1) gt 100 }", A),
    "be_conn": ("use_backend b if { be_conn(a) lt 100 }", B),
    "fe_conn": ("use_backend b if { fe_conn ge 1 }", B),
    "fe_conn_named": ("use_backend b if { fe_conn(front) ge 1 }", B),
    "connslots": ("use_backend b if { connslots(a) eq -1 }", B),
    "queue": ("use_backend b if { queue(a) gt 0 }", A),
    "avg_queue": ("use_backend b if { avg_queue(a) eq 0 }", B),
    "fe_name": ("use_backend b if { fe_name front }", B),
    "fe_name_case": ("use_backend b if { fe_name FRONT }", A),
    "fe_name_no_case": ("use_backend b if { fe_name -i FRONT }", B),
    "begin": ("use_backend b if { fe_name -m beg fro }", B),
    "end": ("use_backend b if { fe_name -m end fro }", A),
    "sub": ("use_backend b if { fe_name -m sub ron }", B),
    "regex": ("use_backend b if { fe_name -m reg ^f.*t$ }", B),
    "length": ("use_backend b if { fe_name -m len 5 }", B),
    "found": ("use_backend b if { env(HOME_OF_NOBODY) -m found }", A),
    "so_id": ("use_backend b if { so_id 7 }", B),
    "so_name": ("use_backend b if { so_name main }", B),
    "hostname": ("use_backend b if { hostname -m found }", B),
    "connection_reject": ("tcp-request connection reject if { src 127.0.0.1 }", GONE),
    "connection_accept_first": ("tcp-request connection accept if LOCALHOST\n"
                                "    tcp-request connection reject", A),
    "session_reject": ("tcp-request session reject if LOCALHOST", GONE),
    "content_reject": ("tcp-request content reject", GONE),
    "content_accept": ("tcp-request inspect-delay 100ms\n tcp-request content accept if WAIT_END", A),
    "len_too_late": ("tcp-request inspect-delay 100ms\n tcp-request content reject if { req.len 0 }",
                     GONE),
    "src_as_text": ("use_backend b if { src -m beg 127. }", B),
    "src_as_bytes": ("use_backend b if { src -m bin 7f000001 }", B),
    "src_as_number": ("use_backend b if { src -m int 2130706433 }", B),
    "src_length": ("use_backend b if { src -m len 9 }", B),
    "number_as_text": ("use_backend b if { int(4711) -m sub 71 }", B),
    "number_as_bytes": ("use_backend b if { int(258) -m bin 0000000000000102 }", B),
    "number_as_address": ("use_backend b if { int(167772161) -m ip 10.0.0.0/8 }", B),
    "text_as_address": ("use_backend b if { str(10.0.0.1) -m ip 10.0.0.0/8 }", B),
    "text_as_number": ("use_backend b if { str(12) -m int 12 }", B),
    "truth_as_text": ("use_backend b if { always_true -m str 1 }", B),
    "be_name": ("use_backend b if { fe_defbe a }", B),
    "fe_id": ("use_backend b if { fe_id 1 }", B),
    "set_dst": ("tcp-request connection set-dst ipv4(10.1.2.3)\n"
                " use_backend b if { dst 10.1.2.3 } { dst_port ge 1024 }", B),
    "set_dst_port": ("tcp-request session set-dst-port int(7)\n use_backend b if { dst_port 7 }", B),
    "set_src_port": ("tcp-request content set-src-port int(7)\n use_backend b if { src_port 7 }", B),
    "silent_connection": ("tcp-request connection silent-drop", {"nothing"}),
    "silent_content": ("tcp-request content silent-drop", {"nothing"}),
    "set_src": ("tcp-request connection set-src ipv4(10.1.2.3)\n"
                " use_backend b if { src 10.1.2.3 }", B),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_condition_means_what_it_means_in_haproxy(row, folder, ending):
    rules, wanted = ROWS[row]
    world = World(folder, ending, "    " + rules, bind="name main id 7")
    world.goes_to(wanted)


CONTENT = {
    "payload_met": ("tcp-request content accept if { req.payload(0,4) -m bin 00000008 }\n"
                    "    tcp-request content reject", HELLO, A),
    "payload_not_met": ("tcp-request content accept if { req.payload(0,4) -m bin 00000009 }\n"
                        "    tcp-request content reject", HELLO, GONE),
    "len": ("tcp-request content reject if { req.len ge 8 }", HELLO, GONE),
    "not_tls": ("tcp-request content reject if !{ req.ssl_hello_type 1 }", HELLO, GONE),
}


@pytest.mark.parametrize("row", CONTENT)
def test_content_rules_look_at_the_first_bytes(row, folder, ending):
    rules, send, wanted = CONTENT[row]
    world = World(folder, ending, "    tcp-request inspect-delay 2s\n    " + rules)
    world.goes_to(wanted, send)


def client_hello(name):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


def test_a_tls_client_is_routed_by_the_name_it_wants(folder, ending):
    world = World(folder, ending, """
    tcp-request inspect-delay 2s
    tcp-request content accept if { req.ssl_hello_type 1 }
    use_backend b if { req.ssl_sni -m end .replica.example }""")
    world.goes_to(B, client_hello("db.replica.example"))
    world.goes_to(A, client_hello("db.primary.example"))


def test_bytes_that_come_in_pieces_are_waited_for(folder, ending):
    world = World(folder, ending, """
    tcp-request inspect-delay 3s
    tcp-request content reject if { req.payload(0,8) -m bin 0000000804d2162f }""")
    for kind in KINDS:
        for last, wanted in ((b"\x2f", "reset"), (b"\x2e", "served")):
            with socket.create_connection(("127.0.0.1", world.ports[kind])) as client:
                client.settimeout(5)
                client.sendall(HELLO[:4])
                time.sleep(0.1)  # the pieces must be two
                client.sendall(HELLO[4:7] + last)
                try:
                    got = client.recv(2).decode() or "reset"
                except ConnectionError:
                    got = "reset"
                assert (got if got == "reset" else "served") == wanted, kind


def test_a_backends_own_content_rules_hold_for_every_frontend(folder, ending):
    world = World(folder, ending, "", back_rules="    tcp-request content reject if { nbsrv eq 1 }")
    world.goes_to(A)
    world.set_up("a1", "b1")
    world.goes_to(GONE)


def test_use_server_leads_to_one_server_while_it_is_up(folder, ending):
    world = World(folder, ending, "", back_rules="    use-server a2 if { src 127.0.0.2 }")
    world.goes_to({"a2"}, source="127.0.0.2")
    world.set_up("a1", "b1")
    world.goes_to({"a1"}, source="127.0.0.2")


def header_v1(source):
    return f"PROXY TCP4 {source} 10.0.0.1 4000 5432\r\n".encode()


def header_v2(source, command=1, more=b""):
    return (b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20 | command, 0x11]) + struct.pack(">H", 12 + len(more)) +
            socket.inet_aton(source) + socket.inet_aton("10.0.0.1") + struct.pack(">HH", 4000, 5432) + more)


PROXIED = {
    "v1": (header_v1("10.9.9.9"), B),
    "v1_other": (header_v1("10.9.9.8"), A),
    "v1_unknown": (b"PROXY UNKNOWN\r\n", A),
    "v2": (header_v2("10.9.9.9"), B),
    "v2_local": (header_v2("10.9.9.9", command=0), A),
    "none": (HELLO, GONE),
    "checksum": (header_v2("10.9.9.9", more=b"\3\0\4abcd"), GONE),
    "extension": (header_v2("10.9.9.9", more=b"\4\0\2ab"), B),
    "broken_extension": (header_v2("10.9.9.9", more=b"\4\0\3ab"), GONE),
    "large": (header_v2("10.9.9.9", more=b"\xe0\x20\0" + bytes(8192)), B),
    "garbage": (b"PROXY TCP4 nonsense\r\n", GONE),
    "too_long": (b"PROXY TCP4 " + b"1" * 200, GONE),
}


@pytest.mark.parametrize("row", PROXIED)
@pytest.mark.parametrize("how", ["accept-proxy", "expect-proxy"])
def test_a_proxy_header_says_where_the_client_comes_from(row, how, folder, ending):
    send, wanted = PROXIED[row]
    rule = "    tcp-request connection expect-proxy layer4\n" if how == "expect-proxy" else ""
    world = World(folder, ending, rule + "    use_backend b if { src 10.9.9.9 }",
                  bind="accept-proxy" if how == "accept-proxy" else "")
    world.goes_to(wanted, send)


def test_bytes_after_a_proxy_header_reach_the_server(folder, ending):
    world = World(folder, ending, "", bind="accept-proxy")
    for kind in KINDS:
        with socket.create_connection(("127.0.0.1", world.ports[kind])) as client:
            client.settimeout(5)
            client.sendall(header_v2("10.9.9.9") + b"hello")
            got = b""
            while len(got) < 7:
                got += client.recv(10)
            assert got[2:] == b"hello", kind


def test_a_waiting_client_goes_where_a_server_comes_back(folder, ending, background):
    """HAProxy turns it away at once; pgsteer's clients wait, and are asked again where they want to go."""
    world = World(folder, ending, "    use_backend b if { nbsrv(b) gt 0 }\n    timeout client 20s",
                  back_rules="    timeout queue 15s")
    world.set_up()
    port = world.ports["pgsteer"]
    wait_until("nothing is up", lambda: outcome(port) == "nothing", seconds=10)
    client = socket.create_connection(("127.0.0.1", port))
    with client:
        client.settimeout(10)
        world.set_up("b1")
        assert client.recv(2) == b"b1"


def test_a_client_that_waits_meets_the_rules_of_the_backend_it_goes_to_at_last(folder, ending):
    world = World(folder, ending, "    use_backend b if { nbsrv(b) gt 0 }",
                  back_rules="    timeout queue 15s\nbackend c\n    timeout queue 15s",
                  other_rules="    tcp-request content reject")
    world.set_up()
    port = world.ports["pgsteer"]
    wait_until("nothing is up", lambda: outcome(port) == "nothing", seconds=10)
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(10)
        world.set_up("b1")
        assert ended(client)


def ended(client):
    try:
        return client.recv(1) == b""
    except ConnectionError:
        return True


def stats(socket_path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(socket_path))
        client.sendall(b"show stat\n")
        text = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    return {(row["pxname"], row["svname"]): row for row in csv.DictReader(io.StringIO(text[2:]))}


REJECTS = {
    "connection": "tcp-request connection reject if { src 127.0.0.2 }",
    "session": "tcp-request session reject if { src 127.0.0.2 }",
    "content": "tcp-request content reject if { src 127.0.0.2 }",
}


@pytest.mark.parametrize("row", REJECTS)
def test_who_is_turned_away_is_counted_and_told_as_in_haproxy(row, folder, ending):
    sockets = {kind: folder.path / f"{kind}.stats" for kind in KINDS}
    world = World(folder, ending, "    " + REJECTS[row], stats_sockets=sockets)
    world.goes_to(A)
    told, counted = {}, {}
    for kind in KINDS:
        before = stats(sockets[kind])["front", "FRONTEND"]
        told[kind] = [outcome(world.ports[kind], source="127.0.0.2") for _ in range(5)]
        told[kind] += [outcome(world.ports[kind]) in A]
        after = stats(sockets[kind])["front", "FRONTEND"]
        counted[kind] = {word: int(after[word]) - int(before[word])
                         for word in ("stot", "conn_tot", "dcon", "dses", "dreq")}
    assert told["pgsteer"] == told["haproxy"]
    assert counted["pgsteer"] == counted["haproxy"]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_full_server_that_a_rule_names_holds_nobody_else_up(threads, folder, ending):
    world = World(folder, ending, "", back_rules="    use-server a1 if { src 127.0.0.2 }\n"
                  "    use-server a2 unless { src 127.0.0.2 }\n    timeout queue 20s",
                  server_options="maxconn 1", threads=threads)
    for kind in KINDS:
        with contextlib.ExitStack() as open_ones:
            def client(source, kind=kind, open_ones=open_ones):
                made = open_ones.enter_context(socket.socket())
                made.bind((source, 0))
                made.settimeout(5)  # servers hang up after 10
                made.connect(("127.0.0.1", world.ports[kind]))
                return made
            one, two = client("127.0.0.2"), client("127.0.0.1")
            assert (one.recv(2), two.recv(2)) == (b"a1", b"a2"), kind
            waits_for_a1, waits_for_a2 = client("127.0.0.2"), client("127.0.0.1")
            two.close()
            assert waits_for_a2.recv(2) == b"a2", kind
            one.close()
            assert waits_for_a1.recv(2) == b"a1", kind


class Checked:
    """Answers checks after a while, with a status."""

    def __init__(self, seconds, status):
        def talk(connection):
            time.sleep(seconds)
            scripted.http(status)(connection)
        self.listener = scripted.Scripted(talk)
        self.port = self.listener.port

    def stop(self):
        self.listener.close()


FIRST_VERDICTS = {
    "guard": ("tcp-request connection reject if !{ nbsrv(a) eq 1 }", (200, 503), b"a1"),
    "split_brain": ("tcp-request connection reject if !{ nbsrv(a) eq 1 }", (200, 200), b""),
    "writes": ("use_backend b if { nbsrv(a) lt 1 }", (200, 503), b"a1"),
    "no_writes": ("use_backend b if { nbsrv(a) lt 1 }", (503, 503), b"b1"),
    "content": ("tcp-request content reject if !{ srv_is_up(a/a1) }", (200, 503), b"a1"),
    "named_server": ("default_backend a", (200, None), b"a1"),
}


@pytest.mark.parametrize("row", FIRST_VERDICTS)
def test_a_rule_about_servers_waits_for_their_first_verdicts(row, folder, ending):
    """At start HAProxy takes every server for UP; pgsteer knows nothing yet, and lets the client wait
    until the rule's answer is certain, instead of turning it away or to the wrong backend."""
    rule, statuses, served_by = FIRST_VERDICTS[row]
    servers = {name: Server(name) for name in SERVERS}
    checked = [Checked(1 if status else 0, status or 200) for status in statuses]
    for one in (*servers.values(), *checked):
        ending(one)
    port = free_port()
    ending(Proxy("pgsteer", folder, f"""
defaults
    mode tcp
    timeout connect 5s
    timeout client 5s
    timeout server 5s
    timeout check 5s
frontend front
    bind 127.0.0.1:{port}
    {rule}
    default_backend a
backend a
    option httpchk
    use-server a1 if LOCALHOST
    server a1 127.0.0.1:{servers["a1"].port} check port {checked[0].port}
    server a2 127.0.0.1:{servers["a2"].port} check port {checked[1].port}
backend b
    server b1 127.0.0.1:{servers["b1"].port}
""", []))
    wait_until("pgsteer listens", lambda: listens(port))
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(10)
        try:
            assert client.recv(2) == served_by
        except ConnectionError:
            assert served_by == b""
