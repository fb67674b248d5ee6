"""Nobody can say what a node is: its status answerer died, or PostgreSQL refuses its logins. Then the
node takes no sessions, whatever PostgreSQL itself would do."""

from harness import client


def test_a_node_without_its_status_answerer_is_left_and_its_sessions_are_cut(stack):
    primary = stack.cluster.primary
    session = stack.write_session()
    stack.status.stop_on(primary)
    assert client.ended(session, 15)
    stack.expect_no_writes()
    stack.status.start_on(primary)
    stack.expect_writes_at(primary)


def test_nodes_that_refuse_the_checks_login_are_left_until_it_works_again(stack):
    stack.cluster.refuse_checks()
    stack.expect_no_writes()
    stack.cluster.allow_checks()
    stack.expect_writes_at(stack.cluster.primary)
    stack.expect_reads_at(stack.cluster.standbys)
