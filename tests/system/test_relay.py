"""Bytes, ends and resets pass through as if the two sides spoke directly."""

import hashlib
import os

import pytest

from harness import client
from harness.process import free_port, sanitized
from harness.proxy import Proxy, plain
from harness.waits import wait_until

pytestmark = pytest.mark.threads
MEGABYTE = 1 << 20


class Pair:
    """A client and a server with the relay between them."""

    def __init__(self, folder, ending, **buffers):
        self.server, self.port = client.TcpServer(send_buffer=buffers.get("server_send")), free_port()
        text = plain([f"echo 127.0.0.1:{self.server.port}"], self.port, threads=2)
        self.proxy = ending(Proxy("pgsteer", folder, text, [self.port]))
        self.near = client.tcp(self.port, buffers.get("client_receive"))
        self.far = self.server.accept()


@pytest.fixture
def pair(folder, ending):
    return Pair(folder, ending)


def test_what_is_said_arrives_in_both_directions(pair):
    pair.near.sendall(b"question")
    assert pair.far.recv(100) == b"question"
    pair.far.sendall(b"answer")
    assert pair.near.recv(100) == b"answer"


def test_a_client_that_ended_its_side_still_gets_the_answer(pair):
    pair.near.sendall(b"question")
    pair.near.shutdown(1)
    assert client.read_all(pair.far) == b"question"
    pair.far.sendall(b"late answer")
    pair.far.close()
    assert client.read_all(pair.near) == b"late answer"


def test_a_server_that_ended_its_side_still_hears_the_client(pair):
    pair.far.sendall(b"farewell")
    pair.far.shutdown(1)
    assert client.read_all(pair.near) == b"farewell"
    pair.near.sendall(b"last words")
    pair.near.close()
    assert client.read_all(pair.far) == b"last words"


def test_a_reset_by_the_server_resets_the_client(pair):
    pair.near.sendall(b"x")
    assert pair.far.recv(1) == b"x"
    client.reset(pair.far)
    with pytest.raises(ConnectionResetError):
        pair.near.recv(1)


def test_a_reset_by_the_client_resets_the_server(pair):
    pair.near.sendall(b"x")
    assert pair.far.recv(1) == b"x"
    client.reset(pair.near)
    with pytest.raises(ConnectionResetError):
        pair.far.recv(1)


def test_a_slow_reader_stops_the_writer_and_loses_nothing(folder, ending, background):
    pair = Pair(folder, ending, client_receive=64 << 10, server_send=64 << 10)
    data = os.urandom(MEGABYTE) * 20
    before = pair.proxy.process.resident_bytes()
    sending = background(pair.far.sendall, data)
    pair.far.settimeout(60)
    assert client.still_waits(sending, 1.5), "20 MB were taken though nobody read them"
    if not sanitized():
        assert pair.proxy.process.resident_bytes() - before < 2 * MEGABYTE
    got = hashlib.sha256()
    left = len(data)
    while left:
        piece = pair.near.recv(min(left, 65536))
        assert piece, f"{left} bytes are missing"
        got.update(piece)
        left -= len(piece)
    sending.result()
    assert got.digest() == hashlib.sha256(data).digest()


def test_a_slow_server_stops_the_client_and_loses_nothing(pair, background):
    data = os.urandom(MEGABYTE) * 20
    def send():
        pair.near.settimeout(60)
        pair.near.sendall(data)
        pair.near.shutdown(1)
    sending = background(send)
    wait_until("the client waits", lambda: client.still_waits(sending, 0.5), 2)
    received = client.read_all(pair.far)
    sending.result()
    assert hashlib.sha256(received).digest() == hashlib.sha256(data).digest()


def test_descriptors_are_given_back_after_every_kind_of_end(pair):
    start = pair.proxy.process.open_descriptors()
    for end in (client.reset, lambda s: s.close()):
        for first in ("near", "far"):
            near = client.tcp(pair.port)
            far = pair.server.accept()
            end(near if first == "near" else far)
            (far if first == "near" else near).close()
    wait_until("all sessions are gone",
               lambda: pair.proxy.process.open_descriptors() == start)
