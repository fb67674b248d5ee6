"""`pgsteer check`: one check, for the shell and under a real xinetd."""

import os
import subprocess

import pytest

from harness.postgres import CHECKER_PASSWORD
from harness.process import free_port
from harness.status import Status, conninfo, exchange
from harness.waits import Stopwatch


@pytest.fixture
def check(folder):
    def run(node, password=CHECKER_PASSWORD):
        environment = {**os.environ, **folder.sanitizer_environment(), "PGPASSWORD": password}
        return subprocess.run([folder.pgsteer(), "check", "--conninfo", conninfo(node)],
                              stdin=subprocess.DEVNULL, capture_output=True, env=environment,
                              timeout=60)
    return run


@pytest.fixture
def under_xinetd(cluster, folder, ending):
    return ending(Status("xinetd_check", cluster, folder)).start()


def test_a_primary_is_status_0(cluster, check):
    done = check(cluster.primary)
    assert done.returncode == 0
    assert done.stdout.startswith(b"HTTP/1.") and b" 200 " in done.stdout and b"Primary" in done.stdout


def test_a_standby_is_status_1(cluster, check):
    done = check(cluster.standbys[0])
    assert done.returncode == 1 and b" 206 " in done.stdout and b"Standby" in done.stdout


def test_neither_is_status_2(cluster, check):
    cluster.standbys[0].kill()
    done = check(cluster.standbys[0])
    assert done.returncode == 2 and b" 503 " in done.stdout and b"DB Down" in done.stdout


def test_a_wrong_password_is_status_2(cluster, check):
    assert check(cluster.primary, "wrong").returncode == 2


def test_a_frozen_server_is_status_2_in_time(cluster, check):
    cluster.primary.freeze()
    watch = Stopwatch()
    assert check(cluster.primary).returncode == 2
    assert watch.seconds < 4.0


@pytest.mark.parametrize("padding", [0, 2000])
def test_under_xinetd_the_answer_is_whole_and_the_close_is_clean(cluster, under_xinetd, padding):
    request = b"OPTIONS / HTTP/1.0\r\nX-Padding: " + b"x" * padding + b"\r\n\r\n"
    for node in cluster.nodes:
        # exchange() fails on a reset, which an answer to an unread request would end with.
        answer = exchange(node.address, under_xinetd.port, request, timeout=10)
        assert answer.status == (200 if node is cluster.primary else 206)
        assert int(answer.headers["content-length"]) == len(answer.body)


def test_under_xinetd_a_silent_connection_is_answered(cluster, under_xinetd):
    answer = exchange(cluster.primary.address, under_xinetd.port, b"", timeout=10)
    assert answer.status == 200


def test_nobody_listening_is_status_2(cluster, check):
    class Nowhere:
        address, port = "127.0.0.1", free_port()
    assert check(Nowhere).returncode == 2
