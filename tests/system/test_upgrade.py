"""An upgrade of the binary: the next process takes the listening sockets over, the one before finishes
its sessions, and nobody is refused."""

import contextlib
import shutil
import signal
import time
import warnings

import pytest
from harness.crowd import Echo, EchoProcess, Newcomers, allow_descriptors, answers, lost_of, session, sessions
from harness.process import Process, free_port, listens
from harness.proxy import Proxy
from harness.runtime import Runtime
from harness.waits import wait_until

CROWD = 10_000
RELOADS = 20
NEWCOMERS = 20  # sessions of them at one time, those that are just ending too
# A router's descriptors beside those of sessions (src/router/limits.cpp), and those of this test's listeners.
BESIDE_SESSIONS = 256 + 2 * NEWCOMERS + 24
DESCRIPTORS = 2 * CROWD + BESIDE_SESSIONS


def text(port, server, socket, maxconn=2000, more="", threads=2):
    return f"""
global
    stats socket {socket} level admin expose-fd listeners
    maxconn {maxconn}
    nbthread {threads}
    {more}
defaults
    mode tcp
    timeout connect 5s
    timeout queue 30s
    timeout client 30m
    timeout server 30m
listen db
    bind 127.0.0.1:{port}
    server a {server}
"""


class Site:
    def __init__(self, folder, ending, kind="pgsteer", echo=Echo, **how):
        self.folder, self.ending = folder, ending
        self.echo = ending(echo())
        self.port = free_port()
        self.socket = folder.make("upgrade") / "admin.sock"
        self.text = text(self.port, self.echo.address, self.socket, **how)
        self.old = ending(Proxy(kind, folder, self.text, [self.port]))
        wait_until("the stats socket is there", self.socket.exists)

    def upgrade(self, config=None, program=None):
        """The next process, on the old one's sockets."""
        config = config or self.folder.write("next.cfg", self.text)
        command = [program or self.folder.pgsteer(), "-f", config, "-db", "-x", self.socket,
                   "-sf", str(self.old.process.pid)]
        return self.ending(Process("next", command, self.folder))


@pytest.fixture
def site(folder, ending):
    return Site(folder, ending)


def is_ready(process):
    return process.must_run() and "is ready" in process.output()


def test_sessions_end_in_the_old_process_and_new_ones_begin_in_the_new(site):
    kept = session(site.port)
    newcomers = Newcomers(site.port)
    new = site.upgrade()
    wait_until("the new one is ready", lambda: is_ready(new))
    wait_until("the old one stops", lambda: "No new sessions" in site.old.process.output())
    served = newcomers.served
    wait_until("clients are served on", lambda: newcomers.served > served + 20)
    newcomers.stop()
    assert not newcomers.failures
    assert answers(kept) and site.old.process.running()
    assert Runtime(site.socket).ask("show info").count(f"Pid: {new.pid}\n") == 1
    kept.close()
    assert site.old.process.wait_end() == 0
    assert site.socket.exists() and listens(site.port)
    assert answers(session(site.port))


def test_a_successor_that_cannot_start_leaves_all_as_it_was(site):
    kept = session(site.port)
    broken = site.folder.write("broken.cfg", site.text.replace("server a", "sever a"))
    newcomers = Newcomers(site.port)
    assert site.upgrade(broken).wait_end() == 1
    newcomers.stop()
    assert not newcomers.failures and answers(kept) and answers(session(site.port))
    assert "No new sessions" not in site.old.process.output()


def test_more_or_fewer_threads_drop_nobody(site):
    for threads in ("1", "3", "2"):
        newcomers = Newcomers(site.port, threads=4)
        config = site.folder.write("next.cfg", site.text.replace("nbthread 2", f"nbthread {threads}"))
        new = site.upgrade(config)
        wait_until("the new one is ready", lambda new=new: is_ready(new))
        assert site.old.process.wait_end() == 0
        newcomers.stop()
        assert not newcomers.failures
        site.old.process = new


def test_a_socket_that_does_not_expose_its_listeners_gives_none(folder, ending):
    site = Site(folder, ending)
    closed = site.text.replace(" expose-fd listeners", "")
    site.old.config.write_text(closed)
    site.old.process.send(signal.SIGHUP)
    wait_until("it is reloaded", lambda: "is reloaded" in site.old.process.output())
    new = site.upgrade()
    assert new.wait_end() == 1
    assert "expose-fd listeners" in new.output()
    assert answers(session(site.port))


@pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy is not installed")
def test_pgsteer_takes_over_from_haproxy_itself(folder, ending):
    site = Site(folder, ending, kind="haproxy")
    kept = session(site.port)
    newcomers = Newcomers(site.port)
    new = site.upgrade()
    wait_until("pgsteer is ready", lambda: is_ready(new))
    served = newcomers.served
    wait_until("clients are served on", lambda: newcomers.served > served + 20)
    newcomers.stop()
    assert not newcomers.failures and answers(kept)
    kept.close()
    site.old.process.wait_end()
    assert answers(session(site.port))


@pytest.mark.skipif(not shutil.which("haproxy"), reason="haproxy is not installed")
def test_and_haproxy_from_pgsteer(folder, ending):
    # HAProxy takes one socket of an address. Of more it closes the others, and who waits in their queues is
    # reset (docs/reload.md).
    site = Site(folder, ending, threads=1)
    config = site.folder.write("next.cfg", site.text)
    command = ["/usr/sbin/haproxy", "-f", config, "-db", "-x", site.socket, "-sf",
               str(site.old.process.pid)]
    newcomers = Newcomers(site.port)
    new = site.ending(Process("haproxy", command, site.folder))
    assert site.old.process.wait_end() == 0
    newcomers.stop()
    assert not newcomers.failures and new.must_run()
    assert answers(session(site.port))


@pytest.mark.threads
def test_ten_thousand_sessions_survive_twenty_reloads_and_an_upgrade(folder, ending):
    """Under constant new connections: none refused, none lost. Servers and clients are processes of their
    own; the router has both ends, and so half as many sessions as it may have open files. Where that is
    less, the others come after the upgrade, which they see with the old ones still open."""
    at_first = min(CROWD, (allow_descriptors(DESCRIPTORS) - BESIDE_SESSIONS) // 2)
    if at_first < CROWD:
        warnings.warn(f"the limit of open files allows a router {at_first} sessions here", stacklevel=1)
    site = Site(folder, ending, maxconn=at_first + NEWCOMERS, echo=EchoProcess)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(s) for s in sessions(site.port, at_first)]
        newcomers = Newcomers(site.port)
        old = site.old.process
        began = time.monotonic()
        for turn in range(1, RELOADS + 1):
            extra = f"listen extra{turn}\n    bind 127.0.0.1:{free_port()}\n    server a {site.echo.address}\n"
            site.old.config.write_text(site.text + extra)
            old.send(signal.SIGHUP)
            wait_until(f"reload {turn}",
                       lambda turn=turn: old.output().count("The configuration is reloaded") == turn)
        new = site.upgrade()
        wait_until("the next process is ready", lambda: is_ready(new))
        wait_until("the old one stops", lambda: "No new sessions" in old.output())
        took = time.monotonic() - began
        served = newcomers.served
        wait_until("clients are served on", lambda: newcomers.served > served + 100)
        newcomers.stop()
        assert not newcomers.failures, newcomers.failures[:5]
        assert newcomers.served > RELOADS
        crowd += [stack.enter_context(s) for s in sessions(site.port, CROWD - at_first)]
        assert len(crowd) == CROWD
        lost = lost_of(crowd)
        assert not lost, f"{len(lost)} of {CROWD} sessions were lost"
        assert took < 60
    assert old.wait_end() == 0
