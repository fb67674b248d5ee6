"""Options of servers beside the real HAProxy: how many sessions each gets and when, and what one
server's change means for another."""

import contextlib
import csv
import io
import os
import socket
import threading

import pytest

from harness import client, proxy
from harness.process import WORKER, free_port
from harness.proxy import Proxy
from harness.scripted import Scripted, finish, http
from harness.waits import holds_for, wait_until


class Named:
    """Says its name to everybody and keeps them; may be told to stop listening."""

    def __init__(self, name, family=socket.AF_INET, address=None):
        self.name, self.family, self.address = name, family, address
        self.listener = None
        self.start()

    def start(self):
        self.listener = socket.socket(self.family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(self.address or ("127.0.0.1", 0))
        if self.family == socket.AF_INET:
            self.address = self.listener.getsockname()
        self.listener.listen(256)
        threading.Thread(target=self._serve, args=(self.listener,), daemon=True).start()

    def _serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.sendall(self.name.encode() + b"\n")
            finish(connection, "wait")

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    @property
    def port(self):
        return self.address[1]


class Check:
    """What a check of a server is answered: 200 while `good`."""

    def __init__(self):
        self.good = True
        self.server = Scripted(lambda connection: http(200 if self.good else 503)(connection))
        self.port = self.server.port

    def stop(self):
        self.server.close()


class Site:
    def __init__(self, kind, folder, lines, options="", maxconn=1000, threads=1):
        self.port = free_port()
        self.socket = folder.unique("stats.sock")
        text = f"""
global
    maxconn {maxconn}
    nbthread {threads}
    stats socket {self.socket} level admin
defaults
    mode tcp
    timeout connect 1s
    timeout queue 20s
    timeout client 1m
    timeout server 1m
    retries 1
    option redispatch
listen relay
    bind 127.0.0.1:{self.port}
{options}
""" + "".join(f"    {line}\n" for line in lines)
        self.kind = kind
        self.proxy = Proxy(kind, folder, text, [self.port])
        self.sessions = []

    def stop(self):
        for session in self.sessions:
            session.close()
        self.proxy.stop()

    def connect(self):
        session = client.tcp(self.port)
        self.sessions.append(session)
        return session

    def who(self):
        with client.tcp(self.port) as s:
            return s.recv(100).decode().strip()

    def stat(self, server, field):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.socket))
            s.sendall(b"show stat\n")
            text = client.read_all(s).decode().removeprefix("# ")
        return next(row[field] for row in csv.DictReader(io.StringIO(text))
                    if (row["pxname"], row["svname"]) == ("relay", server))


@pytest.fixture(params=proxy.KINDS)
def site(request, folder, ending):
    return lambda *a, **how: ending(Site(request.param, folder, *a, **how))


@pytest.fixture
def nodes(ending):
    return [ending(Named(name)) for name in ("a", "b")]


@pytest.fixture
def check(ending):
    return ending(Check())


def checked(name, node, check, more=""):
    return (f"server {name} 127.0.0.1:{node.port} check port {check.port} inter 100ms rise 1 fall 1 "
            f"{more}")


HTTPCHK = "    option httpchk\n"


def test_minconn_and_fullconn_open_a_server_as_its_backend_fills(site, nodes):
    """HAProxy 2.6 lets clients that wait go on when the next session ends, pgsteer at once."""
    at = site([f"server a 127.0.0.1:{nodes[0].port} minconn 2 maxconn 10"], "    fullconn 20\n")
    for count in range(1, 17):
        at.connect()
        wait_until("all are in", lambda: int(at.stat("BACKEND", "scur")) == count)
        # Two up to four of them, then half of them.
        served = max(min(count, 2), count // 2) if at.kind == "pgsteer" else min(count, 2)
        wait_until(f"{served} are served", lambda: int(at.stat("a", "scur")) == served)
    at.sessions.pop(0).close()
    wait_until("half are served", lambda: int(at.stat("a", "scur")) in (7, 8))


def test_a_server_that_comes_back_with_slowstart_takes_few_sessions_at_first(site, nodes, check):
    at = site([checked("a", nodes[0], check, "maxconn 100 slowstart 60s"),
               f"server b 127.0.0.1:{nodes[1].port}"], HTTPCHK)
    wait_until("a is UP", lambda: at.stat("a", "status") == "UP")
    assert {at.who() for _ in range(8)} == {"a", "b"}
    check.good = False
    wait_until("a is DOWN", lambda: at.stat("a", "status") == "DOWN")
    check.good = True
    wait_until("a is UP", lambda: at.stat("a", "status") == "UP")
    # A sixteenth of the weight, and one session at a time, for the first seconds.
    sessions = [at.connect() for _ in range(24)]
    names = [s.recv(100).decode().strip() for s in sessions]
    assert names.count("a") <= 2
    assert names.count("b") >= 22


def test_a_server_of_weight_0_gets_nobody_while_another_is_fit(site, nodes):
    at = site([f"server a 127.0.0.1:{nodes[0].port} weight 0",
               f"server b 127.0.0.1:{nodes[1].port}"])
    assert {at.who() for _ in range(8)} == {"b"}


def test_sessions_of_a_backup_end_when_the_server_is_back(site, nodes, check):
    check.good = False
    at = site([checked("a", nodes[0], check, "on-marked-up shutdown-backup-sessions"),
               f"server b 127.0.0.1:{nodes[1].port} backup"], HTTPCHK)
    wait_until("a is DOWN", lambda: at.stat("a", "status").startswith("DOWN"))
    session = at.connect()
    assert session.recv(100) == b"b\n"
    check.good = True
    assert client.ended(session)
    wait_until("a serves", lambda: at.who() == "a")


def test_sessions_of_a_backup_stay_without_it(site, nodes, check):
    check.good = False
    at = site([checked("a", nodes[0], check), f"server b 127.0.0.1:{nodes[1].port} backup"], HTTPCHK)
    wait_until("a is DOWN", lambda: at.stat("a", "status").startswith("DOWN"))
    session = at.connect()
    assert session.recv(100) == b"b\n"
    check.good = True
    wait_until("a serves", lambda: at.who() == "a")
    assert not client.ended(session, 0.3)


def test_a_server_that_tracks_another_is_what_that_is(site, nodes, check):
    at = site([checked("a", nodes[0], check), f"server b 127.0.0.1:{nodes[1].port} track a"], HTTPCHK)
    wait_until("both are UP", lambda: at.stat("b", "status").startswith("UP"))
    assert {at.who() for _ in range(8)} == {"a", "b"}
    assert at.stat("b", "tracked") == "relay/a"
    check.good = False
    wait_until("both are DOWN", lambda: at.stat("b", "status").startswith("DOWN"))
    check.good = True
    wait_until("both are UP", lambda: at.stat("b", "status").startswith("UP"))
    wait_until("both serve", lambda: {at.who() for _ in range(8)} == {"a", "b"})


@pytest.mark.parametrize("action,falls", [("mark-down", True), ("fastinter", False)])
def test_failed_connects_of_sessions_speak_against_a_server(site, nodes, check, action, falls):
    """The check asks another port and stays good; only sessions can tell."""
    observed = f"observe layer4 error-limit 3 on-error {action} inter 1h"
    at = site([checked("a", nodes[0], check, observed),
               f"server b 127.0.0.1:{nodes[1].port}"], HTTPCHK)
    wait_until("a is UP", lambda: at.stat("a", "status") == "UP")
    nodes[0].stop()

    def look():
        with contextlib.suppress(OSError):
            at.who()
        return at.stat("a", "status").startswith("DOWN")
    if falls:
        wait_until("a is DOWN", look)
        # pgsteer has taken it out of service before: nobody can reach it.
        assert at.kind == "pgsteer" or at.stat("a", "check_status") == "HANA"
    elif at.kind == "haproxy":
        holds_for("a is UP", lambda: not look(), 0.5)
    assert {at.who() for _ in range(6)} == {"b"} or not falls


def test_servers_may_be_unix_sockets(site, folder, ending):
    path = f"/tmp/pgsteer-test-{os.getpid()}-{WORKER}-{free_port()}.sock"
    abstract = f"pgsteer-test-{os.getpid()}-{free_port()}"
    ending(Named("path", socket.AF_UNIX, path))
    # HAProxy's abstract names are as long as the address, filled with zeros.
    ending(Named("abstract", socket.AF_UNIX, ("\0" + abstract).ljust(108, "\0")))
    os.chmod(path, 0o777)
    try:
        at = site([f"server p unix@{path} check inter 200ms", f"server q abns@{abstract}"])
        wait_until("both serve", lambda: {at.who() for _ in range(6)} == {"path", "abstract"})
        assert at.stat("p", "status") == "UP"
    finally:
        os.unlink(path)
