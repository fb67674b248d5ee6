"""Nodes that run and answer, and must get no sessions all the same: a standby that is behind, one whose
history has ended, one of another cluster; and a primary that nobody can reach any more."""

import os
import re

import pytest
from namespaces import Namespace

from harness import client
from harness.postgres import CHECKER, CHECKER_PASSWORD, Cluster
from harness.process import Folder
from harness.stack import Stack
from harness.waits import holds_for, wait_until

MAX_LAG = [("listen ReadOnly", "listen ReadOnly\n    max-lag 1s")]


def reached(router):
    answered = client.try_ask(router.read_only)
    return answered and answered.address


def test_a_standby_that_does_not_replay_gets_no_new_sessions_and_keeps_its_old_ones(router):
    router.start(replace=MAX_LAG)
    primary, (slow, other) = router.cluster.primary, router.cluster.standbys
    sessions = [client.connect(router.read_only) for _ in range(2)]
    old = next(s for s in sessions if client.where(s).address == slow.address)
    slow.sql("select pg_wal_replay_pause()")
    try:
        primary.sql("create table if not exists lagging (n int)")
        primary.sql("insert into lagging values (1)")
        router.expect_reads_at([other])
        assert client.where(old).address == slow.address
        log = router.proxy.process.output()
        assert re.search(r"Server ReadOnly/\w+ is DOWN, reason: lagging \d+ bytes, .* behind", log)
    finally:
        slow.sql("select pg_wal_replay_resume()")
    router.expect_reads_at(router.cluster.standbys)


def test_a_standby_that_follows_the_old_history_gets_no_sessions(router):
    router.start()
    old, (new, left) = router.cluster.primary, router.cluster.standbys
    old.kill()
    new.sql("select pg_promote(true, 30)")  # nobody tells the other standby
    router.cluster.primary = new
    router.expect_writes_at(new)
    wait_until("the standby is left", lambda: reached(router) is None)
    holds_for("nobody reaches it", lambda: reached(router) is None, 3)
    left.follow(new)
    router.expect_reads_at([left])


def test_a_node_of_another_cluster_is_never_used(router):
    router.start()
    stranger, other = router.cluster.standbys
    stranger.kill()
    stranger.data.rename(stranger.data.with_name("before"))
    try:
        stranger.initialise()
        stranger.start()
        stranger.sql(f"create role {CHECKER} login password '{CHECKER_PASSWORD}'")
        # As a primary of its own it even says what the read-write listener wants to hear.
        router.expect_writes_at(router.cluster.primary)
        stranger.stop()
        (stranger.data / "standby.signal").touch()
        stranger._own("standby.signal")
        stranger.start()
        wait_until("it is fenced", lambda: re.search(
            r"Server ReadOnly/\w+ is DOWN, reason: fenced: .*system",
            router.proxy.process.output()))
        holds_for("reads reach the other one", lambda: reached(router) == other.address, 3)
    finally:
        stranger.copy_from(router.cluster.primary)
        stranger.start()
    router.expect_reads_at(router.cluster.standbys)


@pytest.fixture
def remote():
    """A cluster whose primary lives in a network of its own, and pgsteer with agents."""
    if os.geteuid() != 0:
        pytest.skip("a network namespace needs root")
    network, folder = Namespace(), Folder()
    cluster = Cluster(folder, network=network)
    router = Stack("pgsteer", "agent", cluster, folder)
    try:
        cluster.create()
        yield router
    finally:
        router.stop()
        cluster.stop()
        folder.remove()
        network.remove()


def test_a_primary_cut_off_by_the_network_is_left_and_fenced_when_it_returns(remote):
    remote.start()
    old, (new, _) = remote.cluster.primary, remote.cluster.standbys
    session = remote.write_session()
    old.network.cut_off()
    new.sql("select pg_promote(true, 30)")
    assert client.ended(session, 20)
    remote.expect_writes_at(new)
    old.network.reconnect()
    wait_until("the old primary is fenced", lambda: re.search(
        r"fenced: it says primary on timeline \d+, but timeline \d+ is known",
        remote.proxy.process.output()))
    holds_for("writes reach the new one",
              lambda: client.try_ask(remote.read_write) == client.Reached(new.address, False), 3)
