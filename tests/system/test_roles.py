"""Both addresses lead where they say, on the classic file, whichever programs stand on either side."""

from harness import client, status
from harness.stack import Stack


def test_read_write_clients_reach_the_primary_only(stack):
    reached = {client.ask(stack.read_write) for _ in range(12)}
    assert reached == {client.Reached(stack.cluster.primary.address, standby=False)}


def test_read_only_clients_are_balanced_over_both_standbys(stack):
    reads = stack.count_reads(20)
    assert set(reads) == {node.address for node in stack.cluster.standbys}
    assert min(reads.values()) >= 8, reads


def test_the_classic_file_routes_right_at_its_own_intervals(matrix):
    matrix.start(inter=None)
    reached = {client.ask(matrix.read_write).address for _ in range(6)}
    assert reached == {matrix.cluster.primary.address}


def test_the_router_understands_the_script_that_resets_right_after_its_answer(
        cluster, folder, ending):
    ending(Stack("pgsteer", status.HASTY_SCRIPT, cluster, folder)).start()
