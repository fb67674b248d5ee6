"""Fixtures: one folder and one cluster a pytest worker; each test finds the cluster whole."""

import contextlib
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.append(str(Path(__file__).parents[2] / "bench"))  # namespaces.py

from harness import proxy, status  # noqa: E402
from harness.client import Background  # noqa: E402
from harness.postgres import Cluster  # noqa: E402
from harness.process import Folder, Process  # noqa: E402
from harness.stack import Stack  # noqa: E402
from harness.waits import STRETCH  # noqa: E402

LONGEST_TEST_SECONDS = 180
LOG_TAIL = 6000  # characters of each program's log shown with a failure

MATRIX = [
    pytest.param((p, s), id=f"{p}-{s}",
                 marks=[] if (p, s) == ("pgsteer", "agent") else [pytest.mark.others])
    for p in proxy.KINDS for s in status.KINDS]


@pytest.fixture(scope="session")
def folder():
    made = Folder()
    yield made
    made.remove()


@pytest.fixture(scope="session")
def session_cluster(folder):
    cluster = Cluster(folder)
    try:
        yield cluster.create()
    finally:
        cluster.stop()


@pytest.fixture
def cluster(session_cluster):
    """Three nodes, one of them primary (not always the same), the others streaming from it."""
    session_cluster.heal()
    return session_cluster


@pytest.fixture
def ending():
    """ending(program) stops it when the test is over, the last started first."""
    with contextlib.ExitStack() as stack:
        def later(program):
            stack.callback(program.stop)
            return program
        yield later


@pytest.fixture(params=MATRIX)
def matrix(request, cluster, folder, ending):
    """A proxy and its status answerers, not started: each pair of the stack in turn."""
    return ending(Stack(*request.param, cluster, folder))


@pytest.fixture
def stack(matrix):
    """The pair, running on the classic file with `inter 200ms`, every role recognised."""
    return matrix.start()


@pytest.fixture
def router(cluster, folder, ending):
    """pgsteer with its agents, not started."""
    return ending(Stack("pgsteer", "agent", cluster, folder))


@pytest.fixture
def background():
    with Background() as calls:
        yield calls


@pytest.fixture(autouse=True)
def no_hanging():
    def fail(*_):
        raise TimeoutError(f"the test took longer than {LONGEST_TEST_SECONDS * STRETCH:g} s")
    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(int(LONGEST_TEST_SECONDS * STRETCH))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def no_sanitizer_reports(folder):
    """Declared before the programs' fixtures are torn down it could miss reports: autouse fixtures are
    set up first and torn down last."""
    yield
    reports = folder.take_sanitizer_reports()
    assert not reports, f"a sanitizer found:\n{reports[:LOG_TAIL * 3]}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for process in Process.running_now:
            report.sections.append((f"log of {process.name}", process.output()[-LOG_TAIL:]))
