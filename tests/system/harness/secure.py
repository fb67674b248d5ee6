"""TLS servers and clients of the tests, and a listener between them."""

import contextlib
import socket
import ssl

import pytest

from harness import client, proxy
from harness.certificates import Authority
from harness.process import free_port
from harness.proxy import Proxy
from harness.scripted import Scripted


class TlsServer:
    """Echoes what it hears over TLS, and keeps what was asked for in each handshake."""

    def __init__(self, context):
        self.asked, self.versions, self.resumed, self.protocols = [], [], [], []
        context.sni_callback = lambda _, name, __: self.asked.append(name)
        context.set_alpn_protocols(["postgresql"])
        self.server = Scripted(self._talk, tls=context)
        self.port = self.server.port

    def _talk(self, connection):
        self.versions.append(connection.version())
        self.resumed.append(connection.session_reused)
        self.protocols.append(connection.selected_alpn_protocol())
        while data := connection.recv(65536):
            connection.sendall(data)
        with contextlib.suppress(OSError, ssl.SSLError):
            connection.unwrap()

    def stop(self):
        self.server.close()


class Echo:
    def __init__(self):
        def talk(connection):
            while data := connection.recv(65536):
                connection.sendall(data)
        self.server = Scripted(talk)
        self.port = self.server.port

    def stop(self):
        self.server.close()


def config(port, servers, bind="", more="", more_global="", defaults=""):
    lines = "\n".join(f"    server {line}" for line in servers)
    return f"""
global
    maxconn 500
    {more_global}
defaults
    mode tcp
    timeout connect 1s
    timeout queue 2s
    timeout client 1m
    timeout server 1m
    timeout check 1s
    retries 1
    option redispatch
    {defaults}
listen relay
    bind 127.0.0.1:{port} {bind}
    {more}
{lines}
"""


class Site:
    def __init__(self, kind, folder, servers, **how):
        self.port = free_port()
        self.proxy = Proxy(kind, folder, config(self.port, servers, **how), [self.port])

    def stop(self):
        self.proxy.stop()

    @property
    def log(self):
        return self.proxy.process.output()

    def echo(self, text=b"hello"):
        """What comes back; empty: nothing did."""
        with client.tcp(self.port) as s, contextlib.suppress(OSError):
            s.sendall(text)
            s.shutdown(socket.SHUT_WR)
            return client.read_all(s)
        return b""


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder)


@pytest.fixture
def server(authority, ending):
    return lambda name="db.test", *more, **how: ending(TlsServer(authority.server(name, *more, **how)))


@pytest.fixture(params=proxy.KINDS)
def site(request, folder, ending):
    def make(servers, **how):
        made = ending(Site(request.param, folder, servers, **how))
        made.kind = request.param
        return made
    return make
