"""States of servers over a restart: what an operator said stands, what checks had found only while it is
fresh. Files of HAProxy are read, and HAProxy reads ours."""

import os
import threading
import time

import pytest
from harness.crowd import Echo, server_of, session
from harness.process import Process, free_port
from harness.proxy import KINDS, Proxy
from harness.runtime import Runtime
from harness.scripted import Scripted, http
from harness.waits import holds_for, wait_until


class Restarted:
    """A proxy that is stopped and started again, between which its states are in a file."""

    def __init__(self, folder, ending, more_global="", load="load-server-state-from-file global"):
        self.folder, self.ending = folder, ending
        self.home = folder.make("states")
        self.file = self.home / "states"
        self.port = free_port()
        self.socket = self.home / "admin.sock"
        self.runtime = Runtime(self.socket)
        self.more_global = more_global or f"server-state-file {self.file}"
        self.load = load

    def text(self, servers, options=""):
        lines = "\n".join(f"    server {line}" for line in servers)
        return f"""
global
    stats socket {self.socket} level admin
    {self.more_global}
defaults
    mode tcp
    timeout connect 2s
    timeout queue 2s
    timeout client 1m
    timeout server 1m
    {self.load}
listen db
    bind 127.0.0.1:{self.port}
    {options}
{lines}
"""

    def start(self, *servers, kind="pgsteer", options=""):
        self.proxy = self.ending(Proxy(kind, self.folder, self.text(servers, options), [self.port]))
        wait_until("its socket answers", self.socket.exists)
        return self

    def save(self, to=None):
        (to or self.file).write_text(self.runtime.ask("show servers state"))

    def restart(self, *servers, **how):
        self.proxy.stop()
        self.socket.unlink(missing_ok=True)
        return self.start(*servers, **how)

    def statuses(self):
        return {name: row["status"] for (proxy, name), row in self.runtime.stat().items()
                if proxy == "db" and name not in ("FRONTEND", "BACKEND")}

    def weight(self, server):
        return self.runtime.ask(f"get weight db/{server}").split()[0]


@pytest.fixture
def states(folder, ending):
    return Restarted(folder, ending)


@pytest.fixture
def checked(ending):
    """A port for checks that says what `answer` is, and nothing while `waits` is set."""
    class Checked:
        def __init__(self):
            self.answer, self.waits, self.asked = 200, False, threading.Event()
            self.over = threading.Event()
            self.server = Scripted(self.talk)
            self.port = self.server.port

        def talk(self, connection):
            self.asked.set()
            while self.waits and not self.over.wait(0.02):
                pass
            http(self.answer)(connection)

        def stop(self):
            self.over.set()
            self.server.close()
    return ending(Checked())


def make_old(path, seconds=3600):
    past = time.time() - seconds
    os.utime(path, (past, past))


# A check that is not answered is no answer for long.
CHECKS = "option httpchk\n    timeout check 1m"
SERVERS = [f"{name} 127.0.0.1:{number} weight 10" for number, name in enumerate("abc", 1)]
DISABLED = "d 127.0.0.1:4 weight 10 disabled"
ORDERS = "set server db/a state maint; set server db/b state drain; set server db/c weight 50%; set server db/d state ready"
ORDERED = {"a": "MAINT", "b": "DRAIN", "c": "no check", "d": "no check"}


@pytest.mark.parametrize("writer", KINDS)
@pytest.mark.parametrize("reader", KINDS)
def test_what_an_operator_said_stands_however_old_the_file(states, writer, reader):
    states.start(*SERVERS, DISABLED, kind=writer)
    states.runtime.ask(ORDERS)
    states.save()
    make_old(states.file)
    states.restart(*SERVERS, DISABLED, kind=reader)
    assert states.statuses() == ORDERED
    assert [states.weight(name) for name in "abcd"] == ["10", "10", "5", "10"]
    # Once more: what is written then says the same.
    states.save()
    states.restart(*SERVERS, DISABLED, kind=writer)
    assert states.statuses() == ORDERED


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_configuration_says_otherwise_counts(states, kind):
    states.start(*SERVERS, DISABLED, kind=kind)
    states.runtime.ask(ORDERS)
    states.save()
    changed = [SERVERS[0], SERVERS[1], SERVERS[2].replace("weight 10", "weight 20") + " disabled",
               DISABLED.replace(" disabled", "")]
    states.restart(*changed, kind=kind)
    assert states.statuses() == {"a": "MAINT", "b": "DRAIN", "c": "MAINT", "d": "no check"}
    assert states.weight("c") == "20"


def test_without_the_line_nothing_is_read(folder, ending):
    states = Restarted(folder, ending, load="")
    states.start(*SERVERS)
    states.runtime.ask("set server db/a state maint")
    states.save()
    states.restart(*SERVERS)
    assert states.statuses()["a"] == "no check"


@pytest.mark.parametrize("line, name", [("", "db"), ("server-state-file-name use-backend-name", "db"),
                                        ("server-state-file-name other", "other")])
def test_a_backend_has_a_file_of_its_own(folder, ending, line, name):
    states = Restarted(folder, ending, load="load-server-state-from-file local")
    states.more_global = f"server-state-base {states.home}"
    states.start(*SERVERS, options=line)
    states.runtime.ask("set server db/b state maint")
    states.save(states.home / name)
    states.restart(*SERVERS, options=line)
    assert states.statuses() == {"a": "no check", "b": "MAINT", "c": "no check"}


def test_a_file_of_its_own_may_be_anywhere(folder, ending):
    states = Restarted(folder, ending, load="load-server-state-from-file local",
                       more_global="server-state-base /nowhere")
    path = states.home / "anywhere"
    states.start(*SERVERS, options=f"server-state-file-name {path}")
    states.runtime.ask("set server db/b state maint")
    states.save(path)
    states.restart(*SERVERS, options=f"server-state-file-name {path}")
    assert states.statuses()["b"] == "MAINT"


@pytest.mark.parametrize("text", [None, "global\n    maxconn 5\n", "2\n# of a later version\n", "\0" * 5000])
def test_a_file_that_is_none_is_told_and_keeps_nobody_from_starting(states, text):
    echo = states.ending(Echo())
    if text is not None:
        states.file.write_text(text)
    states.start(f"a {echo.address}")
    assert session(states.port)
    log = states.proxy.process.output()
    assert f"state file {states.file}" in log and "its servers are judged anew" in log


@pytest.mark.parametrize("text", ["", "1\n", "1\n# be_id\n7 db 1\n", "1\n4 db 1 gone 127.0.0.1 2 0\n\n\n"])
def test_an_empty_file_and_lines_that_are_none_say_nothing(states, text):
    echo = states.ending(Echo())
    states.file.write_text(text)
    states.start(f"a {echo.address}")
    assert states.statuses() == {"a": "no check"} and session(states.port)


def test_what_checks_had_found_stands_until_the_first_answer(states, checked):
    echo = states.ending(Echo())
    server = f"a {echo.address} check port {checked.port} inter 3s fall 3"
    states.start(server, options=CHECKS)
    wait_until("it is up", lambda: states.statuses()["a"] == "UP")
    checked.waits = True
    states.save()
    states.restart(server, options=CHECKS)
    assert states.statuses()["a"].startswith("UP") and server_of(session(states.port)) == b"e"
    checked.answer, checked.waits = 503, False
    wait_until("the first answer decides alone", lambda: states.statuses()["a"] == "DOWN")
    assert states.runtime.stat()["db", "a"]["chkfail"] == "1"


@pytest.mark.parametrize("age", [6.5, 3600, -3600], ids=["old", "ancient", "of the future"])
def test_but_unknown_is_never_up(states, checked, age):
    echo = states.ending(Echo())
    server = f"a {echo.address} check port {checked.port} inter 1s fall 3"
    states.start(server, options=CHECKS)
    wait_until("it is up", lambda: states.statuses()["a"] == "UP")
    checked.waits = True
    checked.asked.clear()
    states.save()
    make_old(states.file, age)
    states.restart(server, options=CHECKS)
    assert checked.asked.wait(20)
    holds_for("it takes no sessions", lambda: states.statuses()["a"] == "DOWN", seconds=0.3)
    checked.waits = False
    wait_until("it is up", lambda: states.statuses()["a"] == "UP")


def test_nor_a_server_that_is_somewhere_else_now(states, checked):
    echo, other = states.ending(Echo()), states.ending(Echo(b"o"))
    line = "a {} check port " + f"{checked.port} inter 3s fall 3"
    states.start(line.format(echo.address), options=CHECKS)
    wait_until("it is up", lambda: states.statuses()["a"] == "UP")
    checked.waits = True
    states.save()
    states.restart(line.format(other.address), options=CHECKS)
    holds_for("it takes no sessions", lambda: states.statuses()["a"] == "DOWN", seconds=0.3)
    checked.waits = False
    wait_until("it is up", lambda: states.statuses()["a"] == "UP")
    assert server_of(session(states.port)) == b"o"


# A name that nobody resolves, and where it was when somebody did.
NAME = "pg.invalid"


def last_state(port, name=NAME, address="127.0.0.1"):
    return ("1\n# be_id be_name srv_id srv_name srv_addr ...\n"
            f"2 db 1 a {address} 2 0 1 1 0 1 0 2 0 0 0 0 {name} {port} - 0 0 - - 0\n")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("init", ["init-addr last", ""], ids=["last", "by default"])
def test_an_address_is_the_last_one(states, kind, init):
    echo = states.ending(Echo())
    states.file.write_text(last_state(echo.port))
    make_old(states.file)
    states.start(f"a {NAME}:{echo.port} {init}", kind=kind)
    assert server_of(session(states.port)) == b"e"
    states.save()
    assert states.file.read_text().splitlines()[2].split()[4] == "127.0.0.1"


def fails_to_start(states, server):
    config = states.folder.write("router.cfg", states.text([server]))
    process = states.ending(Process("router", [states.folder.pgsteer(), "-f", config, "-db"], states.folder))
    assert process.wait_end() == 1
    return process.output()


def test_not_that_of_another_name(states):
    states.file.write_text(last_state(5432, name="other.invalid"))
    assert "no method of 'init-addr' resolves 'pg.invalid'" in fails_to_start(states, f"a {NAME}:5432 init-addr last")
    states.file.unlink()
    assert "no method of 'init-addr' resolves 'pg.invalid'" in fails_to_start(states, f"a {NAME}:5432 init-addr last")


def test_the_last_address_stands_only_until_the_name_is_asked(states):
    echo = states.ending(Echo())
    states.file.write_text(last_state(echo.port, name="localhost", address="127.0.0.99"))
    states.start(f"a localhost:{echo.port} init-addr last")
    wait_until("it is where the system says", lambda: "from 127.0.0.99 to" in states.proxy.process.output())
    assert server_of(session(states.port)) == b"e"
