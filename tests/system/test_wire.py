"""What a server sees of a session's connection, beside the real HAProxy: the PROXY header before the
client's bytes, where the connection comes from, and what is told when it cannot be made so."""

import contextlib
import os
import socket
import subprocess
import sys

import pytest

from harness import client, proxy
from harness.process import AS_ROOT, WORKER, free_port
from harness.proxy import Proxy
from harness.scripted import Scripted
from harness.waits import STRETCH, wait_until


class Listener:
    """Keeps what each connection said and where it came from; answers `ok`."""

    def __init__(self):
        self.heard = []
        self.server = Scripted(self._talk)
        self.port = self.server.port

    def _talk(self, connection):
        peer = connection.getpeername()
        data = connection.recv(65536)
        self.heard.append((peer, data))
        connection.sendall(b"ok")
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass

    def stop(self):
        self.server.close()


@pytest.fixture
def listener(ending):
    return ending(Listener())


def config(bind, server, more="", front=""):
    return f"""
global
    maxconn 200
defaults
    mode tcp
    timeout connect 1s
    timeout queue 1s
    timeout client 1m
    timeout server 1m
    retries 0
listen relay
    bind {bind}
{front}
{more}
    server a {server}
"""


def start(kind, folder, ending, server, more="", port=None, bind=None):
    port = port or free_port()
    text = config(bind or f"127.0.0.1:{port}", server, more)
    ending(Proxy(kind, folder, text, [] if bind and bind.startswith("unix") else [port]))
    return port


def converse(s):
    """Says hello once the header is under way, and hears the answer."""
    s.sendall(b"hello")
    assert s.recv(100) == b"ok"
    s.close()


def heard_by_both(folder, ending, listener, options, bind, connect):
    """What the server hears through each program: the same client port, so the same bytes."""
    said = []
    for kind in proxy.KINDS:
        listener.heard.clear()
        with contextlib.ExitStack() as stack:
            def later(program, stack=stack):
                stack.callback(program.stop)
                return program
            start(kind, folder, later, f"127.0.0.1:{listener.port} {options}",
                  port=bind[1], bind=bind[0])
            with connect() as s:
                s.sendall(b"hello")
                wait_until("the server has heard", lambda: listener.heard)
                data = listener.heard[0][1]
                assert s.recv(100) == b"ok"
                client.reset(s)
        said.append(data.removesuffix(b"hello"))
    return said


OPTIONS = ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn",
           "send-proxy send-proxy-v2", "send-proxy-v2 send-proxy no-send-proxy-v2",
           "send-proxy-v2 proxy-v2-options crc32c", "send-proxy-v2 proxy-v2-options ssl,crc32c"]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("family", ["ipv4", "both", "ipv6"])
def test_the_header_is_haproxys_to_the_byte(folder, ending, listener, options, family):
    port, own = free_port(), free_port()
    bind = f"127.0.0.1:{port}" if family == "ipv4" else f":::{port} v4v6"

    def connect():
        address = ("::1" if family == "ipv6" else "127.0.0.1", own)
        s = socket.socket(socket.AF_INET6 if family == "ipv6" else socket.AF_INET)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(address)
        s.settimeout(10 * STRETCH)
        s.connect((address[0], port))
        return s
    haproxy, pgsteer = heard_by_both(folder, ending, listener, options, (bind, port), connect)
    assert haproxy and pgsteer == haproxy


@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2",
                                     "send-proxy-v2-ssl proxy-v2-options crc32c"])
def test_a_client_of_a_unix_socket_is_unknown(folder, ending, listener, options):
    path = f"/tmp/pgsteer-test-{os.getpid()}-{WORKER}-{free_port()}.sock"

    def connect():
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(10 * STRETCH)

        def connected():
            with contextlib.suppress(OSError):
                s.connect(path)
                return True
        wait_until("it listens", connected)
        return s
    try:
        haproxy, pgsteer = heard_by_both(folder, ending, listener, options,
                                         (f"unix@{path} mode 777", free_port()), connect)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
    assert haproxy and pgsteer == haproxy


@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2", "check-send-proxy",
                                     "send-proxy-v2 check-send-proxy", "send-proxy port PORT"])
def test_checks_announce_themselves_as_haproxys(folder, ending, listener, options):
    said = []
    for kind in proxy.KINDS:
        listener.heard.clear()
        with contextlib.ExitStack() as stack:
            def later(program, stack=stack):
                stack.callback(program.stop)
                return program
            given = options.replace("PORT", str(listener.port))
            start(kind, folder, later,
                  f"127.0.0.1:{listener.port} check inter 200ms {given}",
                  more="    option tcp-check\n    tcp-check send X\n    tcp-check expect string ok")
            wait_until("it was checked", lambda: listener.heard)
        peer, data = listener.heard[0]
        said.append(data.removesuffix(b"X").replace(str(peer[1]).encode(), b"OWN"))
    assert said[0] == said[1]
    assert (b"PROXY" in said[1] or b"QUIT" in said[1]) == ("PORT" not in options)


def test_the_header_goes_out_before_the_client_says_anything(folder, ending, listener):
    port = start("pgsteer", folder, ending, f"127.0.0.1:{listener.port} send-proxy")
    with client.tcp(port) as s:
        wait_until("the server has heard", lambda: listener.heard)
        own = s.getsockname()[1]
        header = f"PROXY TCP4 127.0.0.1 127.0.0.1 {own} {port}\r\n".encode()
        assert listener.heard[0][1] == header


@pytest.mark.parametrize("kind", proxy.KINDS)
@pytest.mark.parametrize("where", ["server", "section", "default-server"])
def test_sessions_and_checks_come_from_the_source(folder, ending, listener, kind, where):
    more = {"server": "", "section": "    source 127.0.0.9",
            "default-server": "    default-server source 127.0.0.9"}[where]
    own = "source 127.0.0.9" if where == "server" else ""
    script = "    option tcp-check\n    tcp-check send X\n    tcp-check expect string ok\n"
    port = start(kind, folder, ending,
                 f"127.0.0.1:{listener.port} check inter 200ms {own}", script + more)
    wait_until("it was checked", lambda: listener.heard)
    converse(client.tcp(port))
    assert {peer[0] for peer, _ in listener.heard} == {"127.0.0.9"}
    assert {data for _, data in listener.heard} == {b"X", b"hello"}


@pytest.mark.parametrize("kind", proxy.KINDS)
def test_the_ports_of_a_range_are_used_and_no_other(folder, ending, listener, kind):
    first = free_port()
    server = f"127.0.0.1:{listener.port} source 127.0.0.1:{first}-{first + 3}"
    port = start(kind, folder, ending, server)
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            s = stack.enter_context(client.tcp(port))
            s.sendall(b"hello")
            assert s.recv(100) == b"ok"
        assert {peer[1] for peer, _ in listener.heard} == set(range(first, first + 4))
        with client.tcp(port) as fifth:  # none is left
            assert client.ended(fifth)


@pytest.mark.skipif(not AS_ROOT, reason="binds to an interface")
@pytest.mark.parametrize("kind", proxy.KINDS)
def test_a_source_may_name_an_interface(folder, ending, listener, kind):
    server = f"127.0.0.1:{listener.port} source 0.0.0.0 interface lo"
    port = start(kind, folder, ending, server)
    converse(client.tcp(port))
    assert len(listener.heard) == 1


def test_a_source_that_is_not_ours_is_told_with_the_server(folder, ending, listener):
    port = free_port()
    text = config(f"127.0.0.1:{port}", f"127.0.0.1:{listener.port} check inter 100ms "
                                       "source 192.0.2.77")
    at = ending(Proxy("pgsteer", folder, text, [port]))
    wait_until("it is told", lambda: "source 192.0.2.77:0" in at.process.output())
    line = next(part for part in at.process.output().splitlines() if "source 192.0.2.77" in part)
    assert "relay/a" in line and "Cannot assign requested address" in line
    assert not listener.heard


@pytest.fixture
def network():
    """A network namespace of its own, with a server on its loopback."""
    if not AS_ROOT:
        pytest.skip("makes a network namespace")
    name = f"pgsteer-test-{os.getpid()}-{free_port()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True).returncode != 0:
        pytest.skip("no network namespace can be made here")
    inside = ["ip", "netns", "exec", name]
    try:
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        program = ("import socket\n"
                   "l = socket.create_server(('127.0.0.1', 5432))\n"
                   "print('ready', flush=True)\n"
                   "while True:\n"
                   "    c, _ = l.accept()\n"
                   "    c.sendall(b'inside')\n"
                   "    c.close()\n")
        with subprocess.Popen([*inside, sys.executable, "-c", program],
                              stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout.readline() == b"ready\n"
                yield name
            finally:
                server.kill()
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True)


@pytest.mark.parametrize("kind", proxy.KINDS)
def test_a_server_may_be_in_another_network_namespace(folder, ending, network, kind):
    port = start(kind, folder, ending,
                 f"127.0.0.1:5432 check inter 100ms namespace {network}")

    def served():
        with contextlib.suppress(OSError), client.tcp(port) as s:
            return s.recv(100) == b"inside"
    wait_until("it serves", served)


@pytest.mark.parametrize("kind", proxy.KINDS)
def test_timeout_tunnel_counts_in_place_of_both_others(folder, ending, listener, kind):
    port, short = free_port(), free_port()
    text = config(f"127.0.0.1:{port}", f"127.0.0.1:{listener.port}",
                  "    timeout client 300ms\n    timeout server 300ms\n    timeout tunnel 1h")
    text += (f"listen short\n    bind 127.0.0.1:{short}\n    timeout tunnel 300ms\n"
             f"    server a 127.0.0.1:{listener.port}\n")
    ending(Proxy(kind, folder, text, [port, short]))
    with client.tcp(port) as long, client.tcp(short) as s:
        for session in (long, s):
            session.sendall(b"hello")
            assert session.recv(100) == b"ok"
        assert client.ended(s)
        assert not client.ended(long, 0.6)


@pytest.mark.parametrize("kind", proxy.KINDS)
def test_dispatch_is_where_all_sessions_go(folder, ending, listener, kind):
    port = free_port()
    text = config(f"127.0.0.1:{port}", "")
    text = text.replace("    server a \n", f"    dispatch 127.0.0.1:{listener.port}\n")
    ending(Proxy(kind, folder, text, [port]))
    for _ in range(3):
        converse(client.tcp(port))
    assert len(listener.heard) == 3
