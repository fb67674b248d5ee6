"""`pgsteer agent`: what it answers, how fast it knows, and that no input troubles it."""

import json
import os
import select
import signal
import socket
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import pytest

from harness.process import free_port
from harness.scripted import Scripted
from harness.status import CHECKER, Agent, exchange
from harness.waits import Stopwatch, holds_for, wait_until

TIMEOUT = 1.0   # the agent's default --timeout
MARGIN = 1.0


@pytest.fixture
def agent_of(cluster, folder, ending):
    def start(node, *more, **named):
        agent = ending(Agent(folder, node, free_port([node.address]), *more, **named))
        wait_until("the agent knows its node", lambda: named or agent.get().status != 503)
        return agent
    return start


@pytest.fixture
def agent(cluster, agent_of):
    return agent_of(cluster.primary)


def test_a_primary_is_200_and_a_standby_206(cluster, agent_of):
    primary, standby = agent_of(cluster.primary).get(), agent_of(cluster.standbys[0]).get()
    assert (primary.status, primary.body.strip()) == (200, b"Primary")
    assert (standby.status, standby.body.strip()) == (206, b"Standby")


@pytest.mark.parametrize("method", ["GET", "OPTIONS", "HEAD"])
def test_the_methods_of_real_checks_are_answered(agent, method):
    answer = agent.get(method)
    assert answer.status == 200
    if method == "HEAD":
        assert answer.body == b""
    else:
        assert int(answer.headers["content-length"]) == len(answer.body)


def test_status_is_json(agent):
    answer = agent.get(path="/status")
    assert answer.status == 200
    assert json.loads(answer.body)["role"] == "primary"


def test_an_unknown_path_is_404(agent):
    assert agent.get(path="/nothing").status == 404


def test_a_connection_that_says_nothing_is_answered_after_a_second(agent):
    watch = Stopwatch()
    answer = exchange(agent.node.address, agent.port, b"")
    assert answer.status == 200 and b"Primary" in answer.body
    assert 0.8 < watch.seconds < 1.0 + MARGIN


def test_a_request_in_small_pieces_is_read_whole(agent):
    with socket.create_connection((agent.node.address, agent.port), timeout=5) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"GET / HTTP/1.0\r\n\r\n":
            s.sendall(bytes([byte]))
        assert b" 200 " in s.recv(4096)


def test_a_frozen_postgres_is_503_within_the_timeout_and_back_when_it_thaws(agent):
    agent.node.freeze()
    watch = Stopwatch()
    wait_until("the answer is 503", lambda: agent.get().status == 503)
    assert watch.seconds < TIMEOUT + MARGIN
    agent.node.thaw()
    wait_until("the answer is 200", lambda: agent.get().status == 200)


def test_an_answer_that_waited_while_the_agent_itself_stood_still_counts(agent):
    def its_backend():
        return agent.node.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgsteer-agent'")
    before = wait_until("its connection is there", its_backend)
    agent.node.freeze()
    holds_for("a question is under way", lambda: agent.get().status == 200, 0.2)
    os.kill(agent.process.pid, signal.SIGSTOP)
    agent.node.thaw()
    holds_for("the agent stands still", agent.process.running, TIMEOUT + 0.3)
    os.kill(agent.process.pid, signal.SIGCONT)
    wait_until("the answer is 200", lambda: agent.get().status == 200)
    assert its_backend() == before


class HalfAnswers:
    """Relays to a node, and of the first connection's first answer to a bare Sync only the first half."""

    def __init__(self, node):
        self.to, self.connections, self.halved = (node.address, node.port), 0, False
        self.server = Scripted(self._relay)
        self.node = SimpleNamespace(name=node.name, address="127.0.0.1", port=self.server.port,
                                    network=node.network)

    def _relay(self, client):
        self.connections += 1
        with socket.create_connection(self.to) as server:
            while True:
                for side in select.select([client, server], [], [])[0]:
                    chunk = side.recv(65536)
                    if not chunk:
                        return
                    if side is server and chunk == b"Z\0\0\0\5I" and not self.halved:
                        self.halved = True
                        chunk = chunk[:3]
                    (client if side is server else server).sendall(chunk)

    def stop(self):
        self.server.close()


def test_an_answer_that_comes_in_parts_costs_a_connection_and_not_the_node(cluster, agent_of, ending):
    between = ending(HalfAnswers(cluster.primary))
    agent = agent_of(between.node)
    wait_until("an answer is cut", lambda: between.halved)
    holds_for("its node is the primary", lambda: agent.get().status == 200, TIMEOUT + 0.5)
    assert between.connections >= 2


def test_a_killed_postgres_is_503_and_seen_again_after_its_restart(agent):
    agent.node.kill()
    wait_until("the answer is 503", lambda: agent.get().status == 503, 2)
    assert b"DB Down" in agent.get().body
    agent.node.start()
    wait_until("the answer is 200", lambda: agent.get().status == 200)


def test_a_promotion_is_seen_within_half_a_second(cluster, agent_of):
    standby = cluster.standbys[0]
    agent = agent_of(standby)
    cluster.primary.stop()
    cluster.promote(standby)
    watch = Stopwatch()
    wait_until("the answer is 200", lambda: agent.get().status == 200)
    assert watch.seconds < 0.5 + MARGIN


@contextmanager
def may_read_settings(cluster):
    """PostgreSQL tells the agents' user where its data is, until the end."""
    standby = cluster.standbys[0]
    cluster.primary.sql(f"GRANT pg_read_all_settings TO {CHECKER}")
    try:
        wait_until("the standby has it, too", lambda: standby.sql(
            f"SELECT pg_has_role('{CHECKER}', 'pg_read_all_settings', 'member')"))
        yield
    finally:
        cluster.primary.sql(f"REVOKE pg_read_all_settings FROM {CHECKER}")


@pytest.mark.parametrize("named_by", ["flag", "postgresql"])
def test_the_files_of_a_promotion_are_enough_to_ask_at_once(cluster, agent_of, named_by):
    standby = cluster.standbys[0]
    names_it = may_read_settings(cluster) if named_by == "postgresql" else nullcontext()
    flags = ["--pgdata", standby.data] if named_by == "flag" else []
    with names_it:
        # Nothing else would tell it within the minute: the standby's upstream lives.
        agent = agent_of(standby, "--interval", "1m", *flags)
        cluster.promote(standby)
        wait_until("the answer is 200", lambda: agent.get().status == 200, 20)


def test_a_wrong_password_is_503(cluster, agent_of):
    agent = agent_of(cluster.primary, password="wrong")
    assert agent.get().status == 503
    assert agent.process.must_run()


def test_a_request_beyond_the_bound_is_refused(agent):
    try:
        answer = exchange(agent.node.address, agent.port,
                          b"GET / HTTP/1.0\r\nX: " + b"x" * (1 << 20))
        assert 400 <= answer.status < 500
    except OSError:
        pass  # closed while we were still sending
    assert agent.get().status == 200


@pytest.mark.parametrize("noise", [b"\0" * 64, b"\x16\x03\x01\x02\0\1\0\1\xfc\3\3", b"\r\n\r\n",
                                   b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_noise_is_survived(agent, noise):
    try:
        exchange(agent.node.address, agent.port, noise, timeout=10)
    except OSError:
        pass
    assert agent.get().status == 200


def test_three_hundred_idle_connections_lock_nobody_out(agent):
    start = agent.process.open_descriptors()
    idle = [socket.create_connection((agent.node.address, agent.port), timeout=5)
            for _ in range(300)]
    watch = Stopwatch()
    assert agent.get().status == 200
    assert watch.seconds < 2.0
    for s in idle:
        s.close()
    wait_until("they are forgotten", lambda: agent.process.open_descriptors() <= start + 2)
