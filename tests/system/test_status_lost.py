"""Nobody can say what a node is: its status answerer died, or PostgreSQL refuses its logins. Then the
node takes no sessions, whatever PostgreSQL itself would do; but for a node that had told its role and whose
PostgreSQL still answers: then what it said stands."""

import threading

import psycopg
import pytest

from harness import client
from harness.waits import holds_for, wait_until

WRITERS = 8


def test_a_node_without_its_status_answerer_is_left_and_its_sessions_are_cut(stack):
    if stack.knows_roles:
        pytest.skip("what the node said last stands, see the next test")
    primary = stack.cluster.primary
    session = stack.write_session()
    stack.status.stop_on(primary)
    assert client.ended(session, 15)
    stack.expect_no_writes()
    stack.status.start_on(primary)
    stack.expect_writes_at(primary)


def test_a_primary_that_lost_its_agent_goes_on_until_postgresql_is_gone_too(router):
    router.start()
    primary = router.cluster.primary
    session = router.write_session()
    router.status.stop_on(primary)
    wait_until("the router says whom it believes", lambda:
               "PostgreSQL itself takes connections" in router.proxy.process.output())
    holds_for("its session lives", lambda: client.alive(session), 3)
    router.expect_writes_at(primary)
    primary.freeze()  # now the second witness is silent as well
    router.expect_no_writes()
    primary.thaw()


def test_an_agent_that_hangs_takes_no_service_away(router):
    router.start(replace=[("timeout check 5s", "timeout check 500ms")])
    primary = router.cluster.primary
    session = router.write_session()
    with router.status.frozen_on(primary):
        wait_until("the router says whom it believes", lambda:
                   "PostgreSQL itself takes connections" in router.proxy.process.output())
        holds_for("its session lives", lambda: client.alive(session), 3)
        router.expect_writes_at(primary)


def test_a_promotion_is_followed_while_the_old_primary_has_no_agent(router):
    router.start()
    old, (new, _) = router.cluster.primary, router.cluster.standbys
    session = router.write_session()
    router.status.stop_on(old)
    router.cluster.promote(new)  # the old one lives on, and says primary to whoever asks
    assert client.ended(session, 20)
    router.expect_writes_at(new)


def test_nodes_that_refuse_the_checks_login_are_left_until_it_works_again(stack):
    stack.cluster.refuse_checks()
    stack.expect_no_writes()
    stack.cluster.allow_checks()
    stack.expect_writes_at(stack.cluster.primary)
    stack.expect_reads_at(stack.cluster.standbys)


class Writers:
    """Applications that write all the time and come back whenever they are cut off."""

    def __init__(self, port, background):
        self.port, self.over = port, threading.Event()
        self.calls = [background(self.write) for _ in range(WRITERS)]

    def write(self):
        while not self.over.is_set():
            try:
                with client.connect(self.port, timeout=5, application_name="writer") as session:
                    while not self.over.is_set():
                        session.execute("insert into written values (1)")
                        self.over.wait(0.01)
            except psycopg.Error:
                self.over.wait(0.05)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()


def test_no_write_reaches_a_node_after_it_was_marked_down(stack, background):
    primary = stack.cluster.primary
    primary.sql("create table if not exists written (n int)")
    sessions = "select count(*) from pg_stat_activity where application_name = 'writer'"
    with Writers(stack.read_write, background):
        wait_until("all write", lambda: primary.sql(sessions) == WRITERS)
        stack.cluster.refuse_checks()
        wait_until("all are cut", lambda: primary.sql(sessions) == 0)
        rows = primary.sql("select count(*) from written")
        holds_for("no writes", lambda: primary.sql("select count(*) from written") == rows)
