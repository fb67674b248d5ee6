"""Sockets to servers that serve one session after the other: none that is not over on both sides, none with
other options, and none for longer than a moment."""

import contextlib
import os
import re
import socket

import pytest

from harness import client, proxy
from harness.process import free_port
from harness.proxy import Proxy
from harness.scripted import Scripted
from harness.waits import wait_until


def echo(name):
    def talk(connection):
        while said := connection.recv(65536):
            if said == b"hang up\n":
                return
            connection.sendall(name + b" " + said)
    return Scripted(talk)


@pytest.fixture
def servers(ending):
    found = {name: echo(name.encode()) for name in "ab"}
    yield found
    for server in found.values():
        server.close()


def start(folder, ending, text_of, count=1):
    ports = [free_port() for _ in range(count)]
    return ending(Proxy("pgsteer", folder, text_of(*ports), ports))


def lines(servers):
    return [f"{name} 127.0.0.1:{server.port}" for name, server in servers.items()]


def socket_to(pid, port):
    """The inode of the process's established socket to that port."""
    own = set()
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            own.add(os.readlink(f"/proc/{pid}/fd/{fd}"))
    with open("/proc/net/tcp", encoding="ascii") as rows:
        for row in list(rows)[1:]:
            fields = row.split()
            if fields[3] == "01" and fields[2].endswith(f":{port:04X}") and f"socket:[{fields[9]}]" in own:
                return fields[9]
    return None


def session(it, server, port, last=b""):
    """Says something, hears it again, and ends; the inode of the socket that served it."""
    with client.tcp(port) as s:
        token = os.urandom(8).hex().encode()
        s.sendall(token)
        assert s.recv(100).endswith(token)
        inode = wait_until("it is connected", lambda: socket_to(it.process.pid, server.port))
        s.sendall(last) if last else s.shutdown(socket.SHUT_WR)
        assert s.recv(100) == b""
    return inode


def one_server(folder, ending, server):
    return start(folder, ending, lambda port: proxy.plain([f"a 127.0.0.1:{server.port}"], port, threads=1))


def in_a_row(it, server, ports, **how):
    """Several times: the moment that a socket is kept may pass on a slow machine."""
    return [(session(it, server, ports[0], **how), session(it, server, ports[-1])) for _ in range(10)]


def test_the_socket_of_a_session_that_is_over_serves_the_next(folder, ending, servers):
    it = one_server(folder, ending, servers["a"])
    assert any(first == second for first, second in in_a_row(it, servers["a"], it.ports))


def test_one_that_its_server_ended_serves_nobody_else(folder, ending, servers):
    it = one_server(folder, ending, servers["a"])
    pairs = in_a_row(it, servers["a"], it.ports, last=b"hang up\n")
    assert all(first != second for first, second in pairs)


def test_one_with_other_options_serves_nobody_else(folder, ending, servers):
    def text(first, second):
        return proxy.plain([f"a 127.0.0.1:{servers['a'].port}"], first, threads=1) + f"""
listen other
    bind 127.0.0.1:{second}
    option srvtcpka
    server a 127.0.0.1:{servers['a'].port}
"""
    it = start(folder, ending, text, 2)
    assert all(first != second for first, second in in_a_row(it, servers["a"], it.ports))


def test_sessions_in_a_row_reach_the_servers_whose_turn_it_is(folder, ending, servers):
    it = start(folder, ending, lambda port: proxy.plain(lines(servers), port, threads=1))
    before = it.process.open_descriptors()
    heard = []
    for number in range(200):
        with client.tcp(it.ports[0]) as s:
            s.sendall(b"%d" % number)
            name, said = s.recv(100).split()
            assert said == b"%d" % number
            heard.append(name)
            s.shutdown(socket.SHUT_WR)
            assert s.recv(100) == b""
    assert heard in ([b"a", b"b"] * 100, [b"b", b"a"] * 100)
    wait_until("no socket is kept", lambda: it.process.open_descriptors() <= before)


def test_a_server_that_is_gone_is_noticed_by_the_next_session(folder, ending, servers):
    it = one_server(folder, ending, servers["a"])
    session(it, servers["a"], it.ports[0])
    servers["a"].close()
    with client.tcp(it.ports[0]) as s:
        s.shutdown(socket.SHUT_WR)
        assert s.recv(100) == b""
    wait_until("the session is told to have had no server",
               lambda: re.search(r" (CQ|SC|sC) ", it.process.output()))
