"""The primary dies or freezes, a standby is promoted: writes follow, and the old node gets none."""

import pytest

from harness import client

pytestmark = pytest.mark.threads


def test_writes_follow_the_promotion_after_the_primary_was_killed(stack):
    old, (new, other) = stack.cluster.primary, stack.cluster.standbys
    old.kill()
    stack.cluster.promote(new)
    stack.expect_writes_at(new)
    stack.expect_reads_at([other])


def test_a_session_on_the_killed_primary_ends(stack):
    session = stack.write_session()
    stack.cluster.primary.kill()
    assert client.ended(session, 10)


def test_a_frozen_primary_is_left_and_its_sessions_are_cut(stack):
    old, (new, _) = stack.cluster.primary, stack.cluster.standbys
    session = stack.write_session()
    assert client.alive(session)
    old.freeze()
    # The script has no timeout of its own: three checks of `timeout check 5s` must fail.
    assert client.ended(session, 40)
    stack.cluster.promote(new)
    stack.expect_writes_at(new, 40)


def test_a_primary_that_thaws_takes_writes_again(stack):
    primary = stack.cluster.primary
    session = stack.write_session()
    primary.freeze()
    assert client.ended(session, 40)
    primary.thaw()
    stack.expect_writes_at(primary, 40)


def test_after_a_failover_the_rebuilt_node_serves_reads(stack):
    old, (new, other) = stack.cluster.primary, stack.cluster.standbys
    old.kill()
    stack.cluster.promote(new)
    stack.expect_writes_at(new)
    stack.cluster.heal()
    stack.expect_reads_at([old, other])
    stack.expect_writes_at(new)
