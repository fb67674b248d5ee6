"""Many sessions at once: a server that echoes, sessions that stay, and clients that keep coming."""

import contextlib
import multiprocessing
import resource
import select
import socket
import threading

from harness.waits import STRETCH


def allow_descriptors(count):
    """This process and its children may open so many, or as many as the system lets them; answers it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(count, 1024), max(hard, count)))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Echo:
    """A server that sends back what it gets, any number of connections in one thread. `name` is what it
    says to who sends `?`."""

    def __init__(self, name=b"e"):
        self.name = name
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.open = {}
        self._bell, self._ring = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        poll = select.epoll()
        poll.register(self.listener, select.EPOLLIN)
        poll.register(self._bell, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                if number == self._bell.fileno():
                    return
                if number == self.listener.fileno():
                    with contextlib.suppress(OSError):
                        while True:
                            connection, _ = self.listener.accept()
                            connection.setblocking(False)
                            self.open[connection.fileno()] = connection
                            poll.register(connection, select.EPOLLIN)
                    continue
                connection = self.open[number]
                try:
                    received = connection.recv(4096)
                    if received:
                        connection.send(self.name if received == b"?" else received)
                        continue
                except OSError:
                    pass
                poll.unregister(connection)
                del self.open[number]
                connection.close()

    def stop(self):
        self._ring.send(b"x")
        self._thread.join()
        for connection in [self.listener, *self.open.values()]:
            connection.close()


class EchoProcess:
    """An Echo in a process of its own, which has its own limit of open files."""

    def __init__(self):
        here, there = multiprocessing.Pipe()
        self._over = here
        # Spawned: a fork of a process with threads may hang.
        self._process = multiprocessing.get_context("spawn").Process(
            target=_echo_until_told, args=(there,), daemon=True)
        self._process.start()
        there.close()
        self.address = here.recv()

    def stop(self):
        self._over.close()
        self._process.join()


def _echo_until_told(tests):
    allow_descriptors(1 << 20)
    echo = Echo()
    tests.send(echo.address)
    with contextlib.suppress(EOFError):
        tests.recv()  # the tests are over
    echo.stop()


def session(port):
    """A session through the proxy that has moved bytes both ways."""
    s = socket.create_connection(("127.0.0.1", port), timeout=15 * STRETCH)
    assert answers(s), "the new session was closed"
    return s


def sessions(port, count, at_once=250):
    """Many of them; they are opened side by side."""
    made = []
    while len(made) < count:
        batch = [socket.create_connection(("127.0.0.1", port), timeout=30 * STRETCH)
                 for _ in range(min(at_once, count - len(made)))]
        made += batch
        for s in batch:
            s.sendall(b"x")
        assert all(s.recv(1) == b"x" for s in batch), "a new session was closed"
    return made


def lost_of(crowd):
    """Those of the sessions through which no byte passes any more."""
    lost = []
    for s in crowd:
        try:
            s.sendall(b"x")
        except OSError:
            lost.append(s)
    return lost + [s for s in crowd if s not in set(lost) and received(s) != b"x"]


def received(s):
    try:
        return s.recv(1)
    except OSError:
        return None


def answers(s, byte=b"x"):
    """Do bytes still pass through this session?"""
    try:
        s.sendall(byte)
        return s.recv(1)
    except OSError:
        return None


def server_of(s):
    """The name of the server that the session is with."""
    return answers(s, b"?")


class Newcomers:
    """Clients that come one after the other, as fast as they are served, until stop(); what went wrong
    for any of them is kept."""

    def __init__(self, port, threads=2):
        self.port, self.failures, self.served, self._over = port, [], 0, False
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self):
        while not self._over:
            try:
                with session(self.port):
                    self.served += 1
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))

    def stop(self):
        self._over = True
        for thread in self._threads:
            thread.join()
