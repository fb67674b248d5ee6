"""The master process: it reloads by starting a new worker on the same sockets, and leaves the old one in
place when that does not come up."""

import contextlib
import os
import re
import shutil
import signal
import socket

import pytest
from harness.crowd import Echo, Newcomers, answers, session
from harness.process import Process, descendants, free_port, listens
from harness.runtime import Runtime, read_all
from harness.waits import holds_for, wait_until


class MasterCli(Runtime):
    """HAProxy's master, and ours, takes further lines until the client has said its last."""

    def ask(self, line):
        with self.connect() as s:
            s.sendall(line.encode() + b"\n")
            s.shutdown(socket.SHUT_WR)
            return read_all(s)


class Master:
    def __init__(self, folder, ending, *flags, more_global="", env=None, kind="pgsteer"):
        self.folder = folder
        self.home = folder.make("master")
        self.echo = ending(Echo())
        self.port = free_port()
        self.socket, self.cli = self.home / "admin.sock", MasterCli(self.home / "master.sock")
        self.runtime = Runtime(self.socket)
        self.text = f"""
global
    stats socket {self.socket} level admin
    maxconn 500
    nbthread 2
    {more_global}
defaults
    mode tcp
    timeout connect 5s
    timeout queue 20s
    timeout client 30m
    timeout server 30m
listen db
    bind 127.0.0.1:{self.port}
    server a {self.echo.address}
"""
        self.config = self.home / "router.cfg"
        self.config.write_text(self.text)
        program = folder.pgsteer() if kind == "pgsteer" else "/usr/sbin/haproxy"
        self.process = ending(Process("master", [program, *(flags or ("-W",)), "-S", self.cli.address,
                                                 "-f", self.config], folder, env=env))
        wait_until("it listens", lambda: self.process.must_run() and listens(self.port))
        wait_until("its worker serves", lambda: "Loading success" in self.output())
        wait_until("both answer", self.is_up)

    def processes(self):
        """[(pid, type, reloads, version)] of `show proc`."""
        lines = self.cli.ask("show proc").splitlines()
        return [tuple(re.split(r"\s{2,}", line.strip())) for line in lines if line and line[0] != "#"]

    def worker(self):
        workers = [row for row in self.processes() if row[1] == "worker"]
        return int(workers[0][0]) if workers else None

    def reload(self, how=signal.SIGUSR2):
        before = self.worker()
        self.process.send(how)
        wait_until("a new worker serves", lambda: self.is_up() and self.worker() != before)

    def is_up(self):
        try:
            return self.worker() is not None and "Pid:" in self.cli.ask("@1 show info")
        except OSError:  # it is just being executed, HAProxy's even after it said that all is well
            return False

    def output(self):
        return self.process.output()


@pytest.fixture
def master(folder, ending):
    return Master(folder, ending)


def running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGUSR2, signal.SIGHUP])
def test_a_reload_starts_a_new_worker_and_nobody_notices(master, how):
    kept, first = session(master.port), master.worker()
    newcomers = Newcomers(master.port)
    for _ in range(3):
        master.reload(how)
    newcomers.stop()
    assert not newcomers.failures and answers(kept)
    assert running(first), "the worker of an open session went on"
    assert {row[1] for row in master.processes()} == {"master", "worker"}
    kept.close()
    wait_until("the first worker ends", lambda: f"Former worker ({first}) exited" in master.output())
    assert master.socket.exists() and answers(session(master.port))
    assert master.process.must_run()


def test_a_broken_file_leaves_the_worker_in_place(master):
    kept, worker = session(master.port), master.worker()
    master.config.write_text(master.text.replace("server a", "sever a"))
    newcomers = Newcomers(master.port)
    master.process.send(signal.SIGUSR2)
    wait_until("the failure is told", lambda: "Loading failure!" in master.output())
    newcomers.stop()
    assert f"[{master.config}:15]" in master.output()
    assert not newcomers.failures and answers(kept) and master.worker() == worker
    assert "[failed: 1]" in master.cli.ask("show proc")
    with master.cli.connect() as s:
        s.sendall(b"prompt\n")
        assert s.recv(100) == b"master[ReloadFailed]> "
    master.config.write_text(master.text)
    master.reload()
    assert "[failed: 0]" in master.cli.ask("show proc") and answers(kept)


def test_a_crashed_worker_ends_the_master_with_its_status(master):
    os.kill(master.worker(), signal.SIGKILL)
    assert master.process.wait_end() == 128 + signal.SIGKILL
    assert not listens(master.port)


def test_no_exit_on_failure_outlives_it(folder, ending):
    master = Master(folder, ending, "-W", more_global="master-worker no-exit-on-failure")
    os.kill(master.worker(), signal.SIGKILL)
    wait_until("it is told", lambda: "exited with code 137" in master.output())
    holds_for("the master goes on", master.process.running, seconds=0.5)
    master.process.send(signal.SIGUSR2)
    wait_until("a new worker serves", lambda: master.is_up())
    assert answers(session(master.port))


def test_old_workers_live_for_so_many_reloads_at_most(folder, ending):
    master = Master(folder, ending, more_global="mworker-max-reloads 1")
    first, oldest = master.worker(), session(master.port)
    master.reload()
    second, younger = master.worker(), session(master.port)
    assert answers(oldest)
    master.config.write_text(master.text.replace("server a", "sever a"))
    master.process.send(signal.SIGUSR2)
    wait_until("the failure is told", lambda: "Loading failure!" in master.output())
    assert answers(oldest), "a reload that failed ends nobody"
    master.config.write_text(master.text)
    master.reload()
    wait_until("the oldest is ended", lambda: not running(first))
    assert f"Worker ({first}) has outlived" in master.output()
    assert not answers(oldest)
    assert answers(younger), "who was current till now finishes its sessions"
    newest = session(master.port)
    master.reload()
    wait_until("the second one, too", lambda: not running(second))
    assert answers(newest) and not answers(younger)


def test_what_the_master_goes_by_outlives_a_broken_file(folder, ending):
    master = Master(folder, ending, more_global="master-worker no-exit-on-failure")
    master.config.write_text(master.text.replace("server a", "sever a"))
    master.process.send(signal.SIGUSR2)
    wait_until("the failure is told", lambda: "Loading failure!" in master.output())
    os.kill(master.worker(), signal.SIGKILL)
    wait_until("it is told", lambda: "exited with code 137" in master.output())
    holds_for("the master goes on", master.process.running, seconds=0.5)
    master.config.write_text(master.text)
    master.process.send(signal.SIGUSR2)
    wait_until("a new worker serves", master.is_up)


def test_the_first_worker_that_cannot_start_ends_the_master(folder, ending):
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        config = folder.write("taken.cfg", f"""
defaults
    mode tcp
listen db
    bind 127.0.0.1:{taken.getsockname()[1]}
    server a 127.0.0.1:1
""")
        process = ending(Process("master", [folder.pgsteer(), "-W", "-f", config], folder))
        assert process.wait_end() == 1
        assert "Address already in use" in process.output()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_it_ends_with_its_workers(master, how):
    workers = descendants(master.process.pid)
    master.process.send(how)
    assert master.process.wait_end() == 0
    assert not any(running(pid) for pid in workers)
    assert not master.cli.address.exists()


def test_a_soft_stop_waits_for_sessions(master):
    kept = session(master.port)
    master.process.send(signal.SIGUSR1)
    wait_until("it takes nobody any more", lambda: not listens(master.port))
    holds_for("the session goes on", lambda: answers(kept) and master.process.running(), seconds=0.5)
    kept.close()
    assert master.process.wait_end() == 0


def test_a_worker_whose_master_is_gone_makes_room(master):
    kept, worker = session(master.port), master.worker()
    master.process.child.kill()
    wait_until("it takes nobody any more", lambda: not listens(master.port))
    assert answers(kept) and running(worker)
    kept.close()
    wait_until("it ends", lambda: not running(worker))


def test_a_new_binary_is_what_runs_afterwards(folder, ending):
    program = folder.make("programs") / "pgsteer"
    shutil.copy(folder.pgsteer(), program)
    master = Master(folder, ending)
    master.process.stop()
    config = master.config
    process = ending(Process("master", [program, "-W", "-S", master.cli.address, "-f", config], folder))
    wait_until("it listens", lambda: process.must_run() and listens(master.port))
    newer = program.with_name("newer")
    shutil.copy(folder.pgsteer(), newer)
    newer.replace(program)
    kept = session(master.port)
    process.send(signal.SIGUSR2)
    wait_until("a new worker serves",
               lambda: "Loading success" in process.output().partition("Reloading")[2])
    wait_until("the master is the new file", lambda: os.readlink(f"/proc/{process.pid}/exe") == str(program))
    assert answers(kept) and answers(session(master.port))


def test_systemd_is_told(folder, ending):
    path = folder.make("notify") / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(20)
        master = Master(folder, ending, "-Ws", env={"NOTIFY_SOCKET": str(path)})
        assert manager.recv(1000).decode() == f"READY=1\nMAINPID={master.process.pid}\nSTATUS=Ready."
        master.process.send(signal.SIGUSR2)
        assert manager.recv(1000).decode().startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert manager.recv(1000).decode().startswith(f"READY=1\nMAINPID={master.process.pid}\n")


# Lines to which nothing is said.
SILENT = ("@1\n", "operator\n")


class TestCli:
    def test_its_commands_answer_as_haproxys_do(self, folder, ending):
        ours, theirs = (Master(folder, ending, kind=kind) for kind in ("pgsteer", "haproxy"))
        for line in ("help", "show proc", "show cli level", "show cli sockets", "@9 show info", "@!1 show info",
                     "@nonsense show info", "operator; show cli level", "user; reload", "@1 get weight db/a",
                     "@1; get weight db/a; @; show cli level", "@master show cli level"):
            assert masked(ours.cli.ask(line)) == masked(theirs.cli.ask(line)), line

    @pytest.mark.parametrize("lines", [
        ("show cli level\n", "show cli sockets\n", "@1 show cli level\n", "show cli level\n"),
        ("@1\n", "get weight db/a\n", "get weight db/a\n", "quit\n"),
        ("operator\n", "show cli level\n", "@1 show cli level\n"),
        ("@nonsense show info\n", "show cli level\n"),
        ("@1 prompt\n", "show cli level\n"),
        ("prompt\n", "show cli level\n", "quit\n")])
    def test_it_takes_further_lines_as_haproxys_does(self, folder, ending, lines):
        def talk(master):
            heard = []
            with master.cli.connect() as s, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                for line in lines:
                    s.sendall(line.encode())
                    heard.append(s.recv(65536) if line not in SILENT else b"")
                s.shutdown(socket.SHUT_WR)
                heard.append(read_all(s))
            return [one for one in heard if one]
        ours, theirs = (talk(Master(folder, ending, kind=kind)) for kind in ("pgsteer", "haproxy"))
        assert ours == theirs

    def test_it_reaches_every_worker(self, master):
        first = master.worker()
        assert f"Pid: {first}\n" in master.cli.ask("@1 show info")
        kept = session(master.port)
        master.reload()
        second = master.worker()
        assert second != first
        assert f"Pid: {first}\n" in master.cli.ask(f"@!{first} show info")
        assert f"Pid: {second}\n" in master.cli.ask("@1 show info")
        assert "# old workers\n" in master.cli.ask("show proc")
        assert answers(kept)

    def test_its_prompt_names_who_is_asked(self, master):
        with master.cli.connect() as s:
            s.sendall(b"prompt\n@1\n@\nquit\n")
            received = b""
            while piece := s.recv(1000):
                received += piece
        assert received.decode() == f"master> {master.worker()}> master> master> "

    def test_reload_hangs_up_and_reloads(self, master):
        before = master.worker()
        assert master.cli.ask("reload") == ""
        wait_until("a new worker serves", lambda: master.is_up() and master.worker() != before)

    def test_levels_hold_in_the_worker_too(self, master):
        assert master.cli.ask("user; @1 set server db/a weight 3").endswith("Permission denied\n\n")

    def test_a_worker_sends_its_reloads_to_the_master(self, master):
        before = master.worker()
        assert master.runtime.ask("reload") == "Success=1\n\n"
        wait_until("a new worker serves", lambda: master.is_up() and master.worker() != before)


def masked(text):
    """Numbers of processes, times and versions differ."""
    text = re.sub(r"\d+d\d\dh\d\dm\d\ds", "UPTIME", text)
    text = re.sub(r"^\d+ +(master|worker)", r"PID \1", text, flags=re.M)
    return re.sub(r"UPTIME +\S+ *$", "UPTIME VERSION", text, flags=re.M)
