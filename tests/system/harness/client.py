"""Clients: PostgreSQL sessions through a proxy, and plain TCP ones."""

import concurrent.futures
import select
import socket
import time
from dataclasses import dataclass

import psycopg

from harness.waits import STRETCH

Refused = psycopg.OperationalError


@dataclass(frozen=True)
class Reached:
    address: str
    standby: bool


def connect(port, timeout=10, **how):
    return psycopg.connect(**{"host": "127.0.0.1", "port": port, "user": "postgres",
                              "dbname": "postgres", "connect_timeout": int(timeout * STRETCH),
                              "autocommit": True, "sslmode": "disable", **how})


def where(connection):
    row = connection.execute("select host(inet_server_addr()), pg_is_in_recovery()").fetchone()
    return Reached(*row)


def ask(port, **how):
    """Which node does a new client of this port reach?"""
    with connect(port, **how) as connection:
        return where(connection)


def try_ask(port, **how):
    try:
        return ask(port, **how)
    except psycopg.Error:
        return None


def ended(session, seconds=20):
    """Does the proxy end this idle session within the time?"""
    deadline = time.monotonic() + seconds * STRETCH
    with socket.socket(fileno=socket.dup(session.fileno())) as s:
        while (left := deadline - time.monotonic()) > 0:
            if select.select([s], [], [], left)[0]:
                try:
                    if not s.recv(65536):
                        return True
                except OSError:
                    return True
    return False


def alive(session):
    try:
        return session.execute("select 1").fetchone() == (1,)
    except psycopg.Error:
        return False


class Background:
    """Calls made beside the test; each is a future."""

    def __init__(self, most=128):
        self.pool = concurrent.futures.ThreadPoolExecutor(most)

    def __call__(self, call, *arguments, **named):
        return self.pool.submit(call, *arguments, **named)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.shutdown(wait=True)


def still_waits(future, seconds=0.5):
    """Is the call under way for all of this time?"""
    return not concurrent.futures.wait([future], timeout=seconds).done


class TcpServer:
    """A server that does only what the test says, a connection at a time."""

    def __init__(self, receive_buffer=None, send_buffer=None):
        self.listener = socket.socket()
        if receive_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if send_buffer:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(1024)
        self.listener.settimeout(10 * STRETCH)
        self.port = self.listener.getsockname()[1]

    def accept(self):
        connection, _ = self.listener.accept()
        connection.settimeout(10 * STRETCH)
        return connection

    def has_waiting(self, seconds):
        """Does a connection that was not accepted yet come within the time?"""
        return bool(select.select([self.listener], [], [], seconds)[0])

    def close(self):
        self.listener.close()


def tcp(port, receive_buffer=None):
    s = socket.socket()
    if receive_buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    s.settimeout(10 * STRETCH)
    s.connect(("127.0.0.1", port))
    return s


def read_all(s):
    data = b""
    while piece := s.recv(65536):
        data += piece
    return data


def reset(s):
    """Closes with RST instead of FIN."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    s.close()
