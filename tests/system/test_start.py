"""Unknown is never UP: in the first second of its life the router sends nobody to a wrong node."""

import time

import pytest

from harness import client, status
from harness.stack import Stack

CLIENTS = 100
FIRST_SECOND = 1.0


def clients_of_the_first_second(stack, background):
    """One client every 10 ms from the moment the port listens."""
    start, calls = time.monotonic(), []
    for n in range(CLIENTS):
        wake = start + n * FIRST_SECOND / CLIENTS
        time.sleep(max(0.0, wake - time.monotonic()))
        calls.append(background(client.try_ask, stack.read_write, timeout=15))
    return [call.result() for call in calls]


@pytest.mark.threads
@pytest.mark.parametrize("kind", status.KINDS)
def test_no_client_of_the_first_second_reaches_a_standby(kind, cluster, folder, ending, background):
    stack = ending(Stack("pgsteer", kind, cluster, folder)).start(inter=None, settle=False)
    reached = clients_of_the_first_second(stack, background)
    assert set(reached) == {client.Reached(cluster.primary.address, standby=False)}


def test_haproxy_sends_some_of_them_to_standbys(cluster, folder, ending, background):
    """The peer on the same file: shows that the test above can fail."""
    stack = ending(Stack("haproxy", "xinetd_script", cluster, folder)).start(inter=None, settle=False)
    reached = clients_of_the_first_second(stack, background)
    assert any(found and found.standby for found in reached)
