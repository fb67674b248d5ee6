"""What is logged: each line beside the one that HAProxy writes for the same client, each at the targets of
its own proxy; JSON, and a log that takes its lines too slowly."""

import contextlib
import json
import re
import select

import pytest

from harness.client import TcpServer, reset, tcp
from harness.logs import Receiver, fields
from harness.process import free_port
from harness.proxy import KINDS, Proxy
from harness.runtime import Runtime
from harness.scripted import Scripted
from harness.waits import holds_for, wait_until


def file_for(receiver, port, server, lines="option tcplog", server_options="", global_lines="",
             bind_options=""):
    return f"""
global
    log-tag lb
    nbthread 1
    {global_lines}
defaults
    mode tcp
    timeout connect 500ms
    timeout client 5s
    timeout server 5s
    retries 1
listen front
    bind 127.0.0.1:{port} {bind_options}
    log {receiver.address} local0
    {lines}
    server s 127.0.0.1:{server} {server_options}
"""


class Both:
    """HAProxy and pgsteer, each with a server and a log receiver of its own; `act(end)` is done with
    each, and the lines that come of it are compared."""

    def __init__(self, folder, ending):
        self.folder, self.ending = folder, ending

    def run(self, act, wanted=1, **how):
        lines = {}
        for kind in KINDS:
            receiver = self.ending(Receiver())
            server = TcpServer()
            port = free_port()
            proxy = self.ending(Proxy(kind, self.folder, file_for(receiver, port, server.port, **how),
                                      []))
            wait_until(f"{kind} listens", lambda: proxy.process.must_run() and _bound(port))
            act(port, server)
            wait_until(f"{wanted} lines of {kind}: {receiver.raw}",
                       lambda: len(receiver.lines()) >= wanted)
            server.close()
            lines[kind] = receiver.lines()[:wanted]
        return lines


def _bound(port):
    """Without a connection, which would be logged."""
    with open("/proc/net/tcp") as table:
        return any(line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"
                   for line in table.readlines()[1:])


@pytest.fixture
def both(folder, ending):
    return Both(folder, ending)


def same_fields(lines, but=()):
    shown = {kind: [{k: v for k, v in fields(line).items() if k not in but} for line in lines[kind]]
             for kind in KINDS}
    assert shown["pgsteer"] == shown["haproxy"], lines
    return shown["pgsteer"]


def talk(port, server):
    """A client and its server that have said `hi` and `hello`."""
    client = tcp(port)
    client.sendall(b"hi")
    connection = server.accept()
    assert connection.recv(10) == b"hi"
    connection.sendall(b"hello")
    assert client.recv(10) == b"hello"
    return client, connection


def client_ends(port, server):
    client, connection = talk(port, server)
    client.close()
    assert connection.recv(1) == b""
    connection.close()


def server_ends(port, server):
    client, connection = talk(port, server)
    connection.close()
    assert client.recv(1) == b""
    client.close()


def client_resets(port, server):
    client, connection = talk(port, server)
    reset(client)
    with contextlib.suppress(ConnectionResetError):
        assert connection.recv(1) == b""


def server_resets(port, server):
    client, connection = talk(port, server)
    reset(connection)
    with contextlib.suppress(ConnectionResetError):
        assert client.recv(1) == b""


def nobody_speaks(port, server):
    client, connection = talk(port, server)
    with contextlib.suppress(ConnectionResetError):
        client.recv(1)
    client.close()
    connection.close()


def queue_overflows(port, server):
    first, connection = talk(port, server)
    second = tcp(port)
    second.sendall(b"x")
    with contextlib.suppress(ConnectionResetError):
        second.recv(1)
    second.close()


ENDS = {
    "normal end, the client first": (client_ends, {}, "--"),
    "normal end, the server first": (server_ends, {}, "--"),
    "the client aborts": (client_resets, {}, "CD"),
    "the server aborts": (server_resets, {}, "SD"),
    "timeout client": (nobody_speaks, {"lines": "option tcplog\n    timeout client 300ms"}, "cD"),
    "timeout server": (nobody_speaks, {"lines": "option tcplog\n    timeout server 300ms"}, "sD"),
    "timeout queue": (queue_overflows, {"lines": "option tcplog\n    timeout queue 300ms",
                                        "server_options": "maxconn 1"}, "sQ"),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_sessions_line_is_haproxys(both, name):
    act, how, state = ENDS[name]
    [shown] = same_fields(both.run(act, **how))
    assert shown["state"] == state


def test_a_client_that_waited_its_turn_shows_its_place_in_the_queue(both):
    def act(port, server):
        first, connection = talk(port, server)
        second, third = tcp(port), tcp(port)
        for one, connected in ((first, connection), (second, None), (third, None)):
            if connected is None:
                connected = server.accept()
                connected.sendall(b"x")  # a client that leaves earlier may be reset
                assert one.recv(10) == b"x"
            one.close()
            assert connected.recv(10) == b""
            connected.close()
    lines = both.run(act, wanted=3, lines="option tcplog", server_options="maxconn 1")
    shown = same_fields(lines, but=("ac", "fc", "bc", "sc"))
    assert [one["bq"] for one in shown] == ["0", "1", "2"]


def test_a_client_rejected_by_its_first_bytes_is_PR(both):
    def act(port, server):
        client = tcp(port)
        client.sendall(b"hi")
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(1) == b""
    [shown] = same_fields(both.run(act, lines="option tcplog\n    tcp-request inspect-delay 2s\n"
                                              "    tcp-request content reject if { req.len gt 0 }"))
    assert (shown["state"], shown["server"]) == ("PR", "<NOSRV>")


def test_nobody_is_held_with_no_hold_where_no_server_is_fit(folder, ending):
    """HAProxy knows no other way; `option no-hold` restores it."""
    shown = {}
    for kind, extra in (("haproxy", ""), ("pgsteer", "\n    option no-hold")):
        receiver = ending(Receiver())
        port = free_port()
        proxy = ending(Proxy(kind, folder, file_for(
            receiver, port, free_port(), lines="option tcplog" + extra,
            server_options="check inter 100ms fall 1"), []))
        receiver.wait_for("has no server available")
        assert proxy.process.must_run()
        client = tcp(port)
        client.sendall(b"hi")
        with contextlib.suppress(ConnectionResetError):
            client.recv(1)
        client.close()
        shown[kind] = fields(receiver.wait_for("front/<NOSRV>"))
    assert shown["pgsteer"] == shown["haproxy"]
    assert shown["pgsteer"]["state"] == "SC"


def test_a_refused_connect_is_SC(both):
    def act(port, server):
        server.close()
        client = tcp(port)
        client.sendall(b"hi")
        with contextlib.suppress(ConnectionResetError):
            client.recv(1)
        client.close()
    # HAProxy tries once a second, pgsteer until `timeout queue`.
    [shown] = same_fields(both.run(act), but=("rc", "tw", "bq"))
    assert shown["state"] == "SC"


def test_sessions_that_others_end_say_who(folder, ending):
    """K: an operator; D: their server went down; U: a better server came back."""
    for kind in KINDS:
        receiver = ending(Receiver())
        ports = {name: free_port() for name in "abc"}
        path = folder.make(f"{kind}-admin") / "admin.sock"
        servers = {name: TcpServer() for name in "abc"}
        checks = {name: Scripted(lambda connection: None) for name in "ab"}
        checks["c"] = None
        dead = free_port()
        text = f"""
global
    log-tag lb
    nbthread 1
    stats socket {path} level admin mode 666
defaults
    mode tcp
    option tcplog
    log {receiver.address} local0
    timeout connect 1s
    timeout client 9s
    timeout server 9s
    default-server inter 100ms fall 1 rise 1
listen killed
    bind 127.0.0.1:{ports['a']}
    server s 127.0.0.1:{servers['a'].port}
listen down
    bind 127.0.0.1:{ports['b']}
    server s 127.0.0.1:{servers['b'].port} check port {checks['b'].port} on-marked-down shutdown-sessions
listen up
    bind 127.0.0.1:{ports['c']}
    server main 127.0.0.1:{servers['a'].port} check port {dead} on-marked-up shutdown-backup-sessions
    server spare 127.0.0.1:{servers['c'].port} backup
"""
        ending(Proxy(kind, folder, text, []))
        receiver.wait_for("Server up/main is DOWN")
        pairs = {name: talk(ports[name], servers[name]) for name in "abc"}
        Runtime(path).ask("shutdown sessions server killed/s")
        checks["b"].close()
        back = Scripted(lambda connection: None, port=dead)
        states = {name: fields(receiver.wait_for(rf" {name} {name}/\S+ \d+/"))["state"]
                  for name in ("killed", "down", "up")}
        assert states == {"killed": "K-", "down": "D-", "up": "U-"}, kind
        back.close()
        checks["a"].close()
        for client, connection in pairs.values():
            client.close()
            connection.close()


def test_a_log_format_shows_what_haproxys_shows(both):
    every = ("%ci %fi %fp %si %sp %b %f %ft %s %ms %ts %tsc %ST %B %U %ac %fc %bc %sc %rc %sq %bq %Th %ID "
             "%sslc %sslv %lc %H %{+X}ci %{+Q}s %{+Q,+E}[str('a]b')] %{-M}sslv| a   b 100%% %[src] "
             "%[nbsrv] %[fe_name] %{+Q}[env(NO_SUCH)]x %[always_true] %[be_id]")
    lines = both.run(client_ends, lines=f'log-format "{every}"')
    shown = {}
    for kind in KINDS:
        words = lines[kind][0].split(": ", 1)[1].split(" ")
        words[2] = words[4] = words[9] = "varies"  # ports and %ms
        shown[kind] = words
    assert shown["pgsteer"] == shown["haproxy"]


@pytest.mark.parametrize("form, header", [
    ("local", r"<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d lb\[\d+\]: 127"),
    ("rfc3164", r"<134>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ lb\[\d+\]: 127"),
    ("rfc5424", r'<134>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d \S+ lb \d+ - \[ex b="front" n="?5"?\] 127'),
    ("priority", r"<134>127"), ("short", r"<6>127"),
    ("timed", r"<6>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d 127"),
    ("iso", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d 127"), ("raw", r"127")])
def test_each_form_has_haproxys_header(folder, ending, form, header):
    for kind in KINDS:
        receiver, server, port = ending(Receiver()), TcpServer(), free_port()
        text = file_for(receiver, port, server.port,
                        lines='option tcplog\n    log-format-sd "%{+Q}o[ex b=%f n=%B]"')
        ending(Proxy(kind, folder, text.replace(" local0", f" format {form} local0"), []))
        wait_until("it listens", lambda: _bound(port))
        client_ends(port, server)
        server.close()
        [line] = wait_until("a line", receiver.lines)
        assert re.match(header, line), (kind, line)
        assert line.endswith("\n")


def test_without_a_form_a_line_is_written_when_a_client_comes(both):
    lines = both.run(client_ends, lines="")
    for kind in KINDS:
        assert re.search(r"lb\[\d+\]: Connect from 127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+ \(front/TCP\)\n$",
                         lines[kind][0]), lines
    assert len(lines["pgsteer"]) == 1


def test_logasap_writes_once_the_server_is_there(both):
    def act(port, server):
        client, connection = talk(port, server)
        client.close()
        connection.close()
    [shown] = same_fields(both.run(act, lines="option tcplog\n    option logasap"))
    assert (shown["tt"], shown["bytes"], shown["state"]) == ("+ms", "+0", "--")


def test_trouble_has_a_level_of_its_own_and_what_is_normal_can_be_left_out(both):
    def act(port, server):
        client_ends(port, server)
        server_resets(port, server)
    lines = both.run(act, lines="option tcplog\n    option dontlog-normal\n    option log-separate-errors")
    for kind in KINDS:
        assert lines[kind][0].startswith("<131>"), lines
        assert fields(lines[kind][0])["state"] == "SD"


def test_dontlognull_leaves_out_clients_that_say_nothing(both):
    def act(port, server):
        silent = tcp(port)
        connection = server.accept()
        connection.sendall(b"hello")
        assert silent.recv(10) == b"hello"
        silent.close()
        connection.recv(1)
        connection.close()
        client_ends(port, server)
    same_fields(both.run(act, lines="option tcplog\n    option dontlognull"))


def test_a_client_without_its_proxy_header_gets_the_error_line(both):
    def act(port, server):
        client = tcp(port)
        client.sendall(b"this is no header of any kind, and long enough")
        with contextlib.suppress(ConnectionResetError):
            client.recv(1)
    lines = both.run(act, bind_options="accept-proxy")
    line = r"127\.0\.0\.1:\d+ \[[^]]+\] front/1: (.*)\n$"
    said = {kind: re.search(line, lines[kind][0]).group(1) for kind in KINDS}
    assert said["pgsteer"] == said["haproxy"]
    lines = both.run(act, bind_options="accept-proxy",
                     lines='option tcplog\n    error-log-format "bad %ci %ts"')
    assert {lines[kind][0].split(": ", 1)[1] for kind in KINDS} == {"bad 127.0.0.1 PR\n"}


def test_each_proxys_lines_go_to_its_own_targets(folder, ending):
    general, own, levels = ending(Receiver()), ending(Receiver()), ending(Receiver())
    home = folder.make("log-sockets")
    local = ending(Receiver(str(home / "log")))
    servers = TcpServer()
    a, b, c = free_port(), free_port(), free_port()
    text = f"""
global
    log {general.address} local0
defaults
    mode tcp
    option tcplog
    log global
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen a
    bind 127.0.0.1:{a}
    server s 127.0.0.1:{servers.port}
listen b
    bind 127.0.0.1:{b}
    no log
    log {own.address} local1
    log {local.address} format rfc5424 daemon
    log {levels.address} local2 err
    log-tag bees
    server s 127.0.0.1:{servers.port}
listen c
    bind 127.0.0.1:{c}
    no log
    server s 127.0.0.1:{servers.port} check port {free_port()} inter 100ms fall 1
"""
    ending(Proxy("pgsteer", folder, text, [a, b, c]))
    client_ends(a, servers)
    client_ends(b, servers)
    assert "a a/s" in general.wait_for(" a a/s ")
    assert re.search(r"<142>.* bees\[\d+\]: .* b b/s ", own.wait_for(" b b/s "))
    assert re.match(r"<30>1 .* bees \d+ - - 127", local.wait_for(" b b/s "))
    assert not [line for line in general.lines() if " b b/s " in line or "c/s" in line]
    assert not [line for line in own.lines() if " a a/s " in line]
    assert levels.lines() == []


def test_json_has_an_object_a_session_and_an_event(folder, ending):
    receiver, server, port = ending(Receiver()), TcpServer(), free_port()
    check = Scripted(lambda connection: None)
    text = file_for(receiver, port, server.port, lines="",
                    server_options=f"check port {check.port} inter 100ms fall 1")
    ending(Proxy("pgsteer", folder, text.replace(" local0", " format json local0"), []))
    receiver.wait_for("is UP")
    client_ends(port, server)
    session = json.loads(receiver.wait_for('"event":"session"'))
    assert {k: session[k] for k in ("level", "frontend", "backend", "server", "cause", "state", "bytes_in",
                                    "bytes_out", "client", "server_port", "destination_port")} == {
        "level": "info", "frontend": "front", "backend": "front", "server": "s", "cause": "client-closed",
        "state": "--", "bytes_in": 2, "bytes_out": 5, "client": "127.0.0.1", "server_port": server.port,
        "destination_port": port}
    check.close()
    down = json.loads(receiver.wait_for("is DOWN"))
    assert {k: down[k] for k in ("event", "level", "backend", "server", "cause", "up")} == {
        "event": "server", "level": "alert", "backend": "front", "server": "s", "cause": "check-failed",
        "up": False}
    assert all(json.loads(line) for line in receiver.lines())


def test_a_log_that_takes_nothing_holds_nobody_up_and_its_losses_are_told(folder, ending):
    """A unix datagram socket whose reader sleeps: the kernel's queue is full after some ten lines."""
    home = folder.make("slow-log")
    stuck = ending(Receiver(str(home / "log")))
    port = free_port()
    serve = ending_scripted(ending)
    text = f"""
global
    log {stuck.address} format raw local0 info
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen a
    bind 127.0.0.1:{port}
    log {stuck.address} len 65535 local0
    log-format "%[str({'x' * 4000})] %[str({'y' * 4000})] %B"
    server s 127.0.0.1:{serve.port}
"""
    proxy = ending(Proxy("pgsteer", folder, text, [port]))

    def serve_many():
        for _ in range(50):
            with tcp(port) as client:
                assert client.recv(10) == b"hi"
        return "log " + stuck.address in proxy.process.output()
    wait_until("the losses are told", serve_many, 60)
    assert re.search(r"\[WARNING\] \(\d+\) : log \S+: \d+ lines were lost: ", proxy.process.output())


def ending_scripted(ending):
    class Serving(Scripted):
        stop = Scripted.close
    return ending(Serving(lambda connection: connection.sendall(b"hi")))


class Node:
    """A node that Patroni answers for, and whose PostgreSQL takes any client."""

    def __init__(self, role, timeline):
        self.role, self.timeline, self.sessions = role, timeline, []
        self.answers = Scripted(self._answer)
        self.server = Scripted(self._serve)

    def _answer(self, connection):
        connection.recv(65536)
        body = json.dumps({"role": self.role, "state": "running", "timeline": self.timeline,
                           "database_system_identifier": "7000000000000000001"})
        status = "200 OK" if self.role == "primary" else "503 Service Unavailable"
        connection.sendall(f"HTTP/1.0 {status}\r\nContent-Type: application/json\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def _serve(self, connection):
        connection.sendall(b"hi")
        connection.settimeout(60)
        while connection.recv(4096):
            pass

    def stop(self):
        self.answers.close()
        self.server.close()


def test_a_switchover_is_one_line_of_what_was_done(folder, ending):
    receiver, port = ending(Receiver()), free_port()
    nodes = [ending(Node("primary", 3)), ending(Node("replica", 3))]
    lines = "\n".join(f"    server pg{i} 127.0.0.1:{node.server.port} check port {node.answers.port}"
                      for i, node in enumerate(nodes))
    text = f"""
defaults
    mode tcp
    timeout connect 10s
    timeout client 60s
    timeout server 60s
listen rw
    bind 127.0.0.1:{port}
    log {receiver.address} format json local0
    option httpchk GET /primary
    http-check expect status 200
    default-server inter 100ms fall 1 rise 1 on-marked-down shutdown-sessions
{lines}
"""
    ending(Proxy("pgsteer", folder, text, [port]))
    first = json.loads(receiver.wait_for('"event":"primary"'))
    assert (first["server"], first["timeline"]) == ("pg0", 3)
    sessions = [tcp(port) for _ in range(7)]
    assert all(s.recv(10) == b"hi" for s in sessions)
    nodes[0].role = "replica"
    lost = json.loads(receiver.wait_for('"event":"primary-lost"'))
    assert lost["server"] == "pg0"
    waiting = [tcp(port) for _ in range(4)]
    holds_for("they wait", lambda: not select.select(waiting, [], [], 0)[0], 0.5)
    nodes[1].role, nodes[1].timeline = "primary", 4
    assert all(s.recv(10) == b"hi" for s in waiting)
    receiver.wait_for('"event":"primary".*"pg1"')
    [told] = [json.loads(line) for line in receiver.lines() if '"event":"primary"' in line][1:]
    assert re.fullmatch(
        r"Proxy rw: pg1 is the primary now \(timeline 4, was 3\) after \d+\.\d s without one; "
        r"7 sessions cut on pg0; 4 waiting clients released in \d+ ms", told["message"]), told
    assert (told["before"], told["cut"], told["released"]) == ("pg0", 7, 4)


def test_a_server_that_flaps_does_not_flood_the_log(folder, ending):
    receiver, port = ending(Receiver()), free_port()
    path = folder.make("flaps") / "admin.sock"
    ending(Proxy("pgsteer", folder, file_for(
        receiver, port, free_port(), global_lines=f"stats socket {path} level admin"), []))
    wait_until("the runtime API answers", path.exists)
    runtime = Runtime(path)
    for _ in range(9):
        runtime.ask("set server front/s state maint")
        runtime.ask("set server front/s state ready")
    receiver.wait_for(r"last message repeated 4 times: Server front/s is UP", 30)
    ups = [line for line in receiver.lines() if ": Server front/s is UP" in line
           and "repeated" not in line]
    assert len(ups) == 5, ups
