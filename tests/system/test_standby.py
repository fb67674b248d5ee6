"""A standby is lost and comes back: reads go on without it, writes never notice."""

from harness import client


def test_reads_go_on_without_a_lost_standby_and_use_it_again_when_it_is_back(stack):
    lost, other = stack.cluster.standbys
    lost.kill()
    stack.expect_reads_at([other])
    lost.start()
    stack.expect_reads_at([lost, other])


def test_a_write_session_outlives_the_loss_of_a_standby(stack):
    session = stack.write_session()
    lost, other = stack.cluster.standbys
    lost.kill()
    stack.expect_reads_at([other])
    assert client.alive(session)


def test_a_read_session_on_the_other_standby_outlives_it_too(stack):
    lost, other = stack.cluster.standbys
    sessions = {}
    for _ in range(8):
        session = client.connect(stack.read_only)
        sessions.setdefault(client.where(session).address, session)
    lost.kill()
    assert client.ended(sessions[lost.address], 10)
    assert client.alive(sessions[other.address])
