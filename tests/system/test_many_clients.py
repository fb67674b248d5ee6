"""1,000 clients through a kill and a promotion."""

import contextlib
import subprocess

import psycopg
import pytest

from harness import client
from harness.process import postgres_bin, sanitized
from harness.waits import wait_until

pytestmark = pytest.mark.threads
LONG_WRITERS, LONG_READERS, SHORT_EACH = 200, 300, 250
# PostgreSQL allows 610 clients; each server's queue must be used, not PostgreSQL's refusal.
ROOM = ((r"maxconn 100\n\ndefaults", "maxconn 4000\n\ndefaults"), (r"maxconn 100 check", "maxconn 350 check"),
        ("timeout connect 4s", "timeout connect 4s\n    timeout queue 30s"))
MEGABYTE = 1 << 20


def pgbench(folder, port, seconds, script, clients=SHORT_EACH):
    """Short clients: each transaction on a connection of its own."""
    path = folder.write("short.sql", script)
    return subprocess.Popen(
        [postgres_bin() / "pgbench", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-n", "-C",
         "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", path, "postgres"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def load(router, folder, background):
    """The thousand: long sessions on both ports, and short clients beside them."""
    short = [pgbench(folder, router.read_write, 12, "insert into written values (1);"),
             pgbench(folder, router.read_only, 12, "select 1;")]
    calls = [background(client.connect, port, timeout=60)
             for port, count in ((router.read_write, LONG_WRITERS), (router.read_only, LONG_READERS))
             for _ in range(count)]
    return short, [call.result() for call in calls]


def leave(short, sessions):
    for program in short:
        program.terminate()
        program.wait()
    for session in sessions:
        with contextlib.suppress(psycopg.Error):
            session.close()


def test_every_client_after_the_promotion_works_and_nothing_is_left_behind(
        router, folder, background):
    router.start(replace=ROOM)
    old, (new, other) = router.cluster.primary, router.cluster.standbys
    old.sql("create table if not exists written (n int)")
    process = router.proxy.process
    leave(*load(router, folder, background))  # warm: the allocator has seen the crowd once
    idle = wait_until("the first crowd is gone", lambda: settled_descriptors(process))
    memory = process.resident_bytes()

    short, sessions = load(router, folder, background)
    assert sum(client.alive(session) for session in sessions) == LONG_WRITERS + LONG_READERS
    old.kill()
    router.cluster.promote(new)
    router.expect_writes_at(new)
    later = [background(client.ask, router.read_write, timeout=40) for _ in range(100)]
    assert {call.result() for call in later} == {client.Reached(new.address, standby=False)}
    router.expect_reads_at([other])
    leave(short, sessions)

    wait_until("descriptors are back to the start", lambda: process.open_descriptors() <= idle + 2)
    if not sanitized():
        assert process.resident_bytes() - memory < 4 * MEGABYTE


def settled_descriptors(process):
    """Their number once no session is open: it no longer falls and is small."""
    count = process.open_descriptors()
    return count if count < 100 else None
