"""A planned change of roles: both ports follow, in both directions."""

from harness import client


def test_both_ports_follow_a_switchover(stack):
    old, (new, other) = stack.cluster.primary, stack.cluster.standbys
    stack.cluster.switch_over(new)
    stack.expect_writes_at(new)
    stack.expect_reads_at([old, other])


def test_a_write_session_of_the_former_primary_is_not_kept(stack):
    session = stack.write_session()
    stack.cluster.switch_over(stack.cluster.standbys[0])
    assert client.ended(session, 10)
