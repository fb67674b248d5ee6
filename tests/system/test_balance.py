"""Who gets a client, beside the real HAProxy: by hashes of its address, and by turns that are not
consumed by a client that leaves to ask for its password."""

import contextlib
import socket
import struct

import pytest

from harness import client, proxy
from harness.process import free_port
from harness.proxy import Proxy
from harness.scripted import Scripted
from harness.waits import STRETCH, wait_until

ADDRESSES = [f"127.0.{a}.{b}" for a in (0, 3, 77) for b in range(1, 12)]


class Named:
    def __init__(self, name):
        self.server = Scripted(lambda connection: self.talk(connection, name))
        self.port = self.server.port

    def talk(self, connection, name):
        connection.sendall(name)
        with contextlib.suppress(OSError):
            connection.recv(100)

    def stop(self):
        self.server.close()


class LikePostgres(Named):
    """Asks for a password after the startup packet, and says its name once it has one."""

    def talk(self, connection, name):
        connection.recv(1000)
        connection.sendall(b"R" + struct.pack("!ii", 12, 5) + b"salt")
        if connection.recv(1000):
            connection.sendall(b"R" + struct.pack("!ii", 8, 0) + name)
            connection.recv(1000)


def start(kind, folder, ending, nodes, lines):
    port = free_port()
    servers = "\n".join(f"    server {name} 127.0.0.1:{node.port} {options}"
                        for name, node, options in nodes)
    text = f"""
global
    maxconn 200
    nbthread 2
defaults
    mode tcp
    timeout connect 1s
    timeout client 1m
    timeout server 1m
listen relay
    bind 127.0.0.1:{port}
{lines}
{servers}
"""
    return ending(Proxy(kind, folder, text, [port]))


def reached(port, source):
    with socket.socket() as s:
        s.settimeout(10 * STRETCH)
        s.bind((source, 0))
        s.connect(("127.0.0.1", port))
        return s.recv(100)


@pytest.mark.parametrize("lines", [
    "balance source", "balance source\n hash-type map-based sdbm avalanche",
    "balance source\n hash-type consistent", "balance source\n hash-type consistent djb2",
    "balance source\n hash-type consistent wt6 avalanche"])
def test_an_address_goes_where_haproxy_sends_it(folder, ending, lines):
    nodes = [("a", ending(Named(b"a")), ""), ("b", ending(Named(b"b")), "weight 3"),
             ("c", ending(Named(b"c")), "id 17"), ("d", ending(Named(b"d")), "id 1")]
    found = []
    for kind in proxy.KINDS:
        port = start(kind, folder, ending, nodes, lines).ports[0]
        found.append([reached(port, address) for address in ADDRESSES])
    assert found[0] == found[1]
    # Addresses that are not mixed are neighbours on the ring: one place is the nearest to all.
    assert len(set(found[1])) > 1 or lines.endswith("djb2")


def test_a_client_that_leaves_to_ask_for_its_password_keeps_its_turn(folder, ending):
    nodes = [(name, ending(LikePostgres(name.encode())), "") for name in ("a", "b")]
    at = start("pgsteer", folder, ending, nodes, "balance roundrobin")
    port = at.ports[0]
    startup = struct.pack("!ii", 8, 196608)
    names = []

    def asked():
        s = client.tcp(port)
        s.sendall(startup)
        assert s.recv(100).startswith(b"R")
        return s

    def all_ended(count):
        wait_until("they have ended", lambda: at.process.output().count(" relay relay/") == count)
    for number in range(8):
        asked().close()
        all_ended(2 * number + 1)
        with asked() as s:
            s.sendall(b"p\0\0\0\x08abc\0")
            names.append(s.recv(100)[-1:])
        all_ended(2 * number + 2)
    assert b"".join(names) == b"abababab"


def test_hash_balance_factor_sends_on_whom_one_server_has_too_many_of(folder, ending):
    nodes = [(name, ending(Named(name.encode())), "") for name in ("a", "b", "c")]
    shares = []
    for kind in proxy.KINDS:
        port = start(kind, folder, ending, nodes,
                     "balance source\n hash-type consistent\n hash-balance-factor 150").ports[0]
        with contextlib.ExitStack() as stack:
            names = []
            for _ in range(12):
                s = stack.enter_context(client.tcp(port))
                names.append(s.recv(100))
            shares.append(sorted(names.count(name) for name in (b"a", b"b", b"c")))
    assert max(shares[1]) <= 6
    assert shares[1] == shares[0]
