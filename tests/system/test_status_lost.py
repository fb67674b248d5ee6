"""Nobody can say what a node is: its status answerer died, or PostgreSQL refuses its logins. Then the
node takes no sessions, whatever PostgreSQL itself would do."""

import threading

import psycopg

from harness import client
from harness.waits import holds_for, wait_until

WRITERS = 8


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
        stack.status.stop_on(primary)
        wait_until("all are cut", lambda: primary.sql(sessions) == 0)
        rows = primary.sql("select count(*) from written")
        holds_for("no writes", lambda: primary.sql("select count(*) from written") == rows)
