"""`pgsteer status` shows the cluster as a router would see it."""

import json
import subprocess

import pytest

from harness.runtime import Tools
from harness.status import Status
from harness.waits import wait_until


@pytest.fixture
def answerers(cluster, folder, ending):
    return ending(Status("agent", cluster, folder)).start()


@pytest.fixture
def look(answerers, folder):
    def run(*more, agents=None):
        agents = agents or [f"{n.address}:{answerers.port}" for n in answerers.cluster.nodes]
        flags = [word for agent in agents for word in ("--agent", agent)]
        done = subprocess.run([folder.pgsteer(), "status", *flags, *more], capture_output=True,
                              text=True, timeout=60, env=folder.sanitizer_environment())
        return done
    return run


def nodes(done):
    return {node["name"]: node for node in json.loads(done.stdout)["nodes"]}


def test_a_whole_cluster_is_shown_with_roles_timelines_and_lag(look, cluster):
    wait_until("all roles are known", lambda: look().returncode == 0)
    shown = nodes(look("--json"))
    primary = shown[cluster.primary.address]
    assert primary["role"] == "primary"
    assert primary["timeline"] == cluster.primary.sql(
        "select timeline_id from pg_control_checkpoint()")
    assert int(primary["system"]) == cluster.primary.sql(
        "select system_identifier from pg_control_system()")
    for standby in cluster.standbys:
        assert shown[standby.address]["role"] == "standby"
        assert shown[standby.address]["lag_bytes"] is not None
    table = look().stdout.splitlines()
    assert table[0].split()[:3] == ["NODE", "ADDRESS", "ROLE"]
    assert len(table) == 1 + len(cluster.nodes)


def test_an_old_primary_is_shown_as_fenced_with_the_reason(look, cluster):
    wait_until("all roles are known", lambda: look().returncode == 0)
    old, (new, _) = cluster.primary, cluster.standbys
    cluster.promote(new)
    wait_until("the promotion is seen", lambda:
               nodes(look("--json"))[new.address]["role"] == "primary")
    done = look("--json")
    assert done.returncode == 1
    shown = nodes(done)
    assert shown[old.address]["fenced"] and "timeline" in shown[old.address]["why"]
    assert not shown[new.address]["fenced"]


def test_a_node_whose_agent_is_gone_is_shown_as_unknown_with_the_reason(look, cluster, answerers):
    wait_until("all roles are known", lambda: look().returncode == 0)
    gone = cluster.standbys[0]
    answerers.stop_on(gone)
    done = look("--json")
    assert done.returncode == 1
    assert nodes(done)[gone.address]["role"] == "unknown"
    assert "refused" in nodes(done)[gone.address]["why"].lower()


@pytest.mark.parametrize("flags, words", [
    ([], "--agent"),
    (["--agent", "no.such.host.invalid"], "no.such.host.invalid"),
    (["--agent", "127.0.0.1:99999"], "127.0.0.1:99999"),
    (["--agent", "127.0.0.1", "--timeout", "soon"], "--timeout"),
], ids=["nothing", "name", "port", "time"])
def test_a_wrong_flag_is_named(folder, flags, words):
    done = subprocess.run([folder.pgsteer(), "status", *flags], capture_output=True, text=True,
                          timeout=60, env=folder.sanitizer_environment())
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == ""


def test_a_running_router_is_asked_over_its_stats_socket(cluster, folder, ending):
    nodes_of_it = [f"{node.address}:{node.port}" for node in cluster.nodes[:2]]
    tools = ending(Tools("pgsteer", folder, nodes_of_it))

    def ask(*flags):
        return subprocess.run([folder.pgsteer(), "status", *flags], capture_output=True, text=True,
                              timeout=60, env=folder.sanitizer_environment())
    shown = ask("--socket", tools.socket)
    assert shown.returncode == 1, "its servers are not checked: no role is known"
    assert shown.stdout == tools.runtime.ask("show cluster")[:-1]
    assert nodes(ask("--socket", tools.socket, "--json"))["s1"]["address"] == nodes_of_it[0]
    nobody = ask("--socket", tools.home / "nobody.sock")
    assert nobody.returncode == 2 and "is a router running" in nobody.stderr
    assert ask().returncode == 2
    assert ask("--socket", tools.socket, "--agent", "x").returncode == 2
