"""Two nodes say primary: the one with the newer history takes the sessions, the other one none. Agents'
changes are followed as they happen, and without agents the router asks PostgreSQL itself."""

import re
import signal
import time

import pytest

from harness import client
from harness.process import cpu_seconds
from harness.proxy import Ports, Proxy
from harness.waits import holds_for, wait_until

pytestmark = pytest.mark.threads

AGENTLESS = """
defaults
    mode tcp
    timeout connect 4s
    timeout queue 20s
    timeout client 30m
    timeout server 30m
    default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions
listen ReadWrite
    bind 127.0.0.1:{ports.read_write}
    option pgsql-role-check user postgres expect primary
{servers}
listen ReadOnly
    bind 127.0.0.1:{ports.read_only}
    option pgsql-role-check user postgres expect standby
{servers}
"""


def test_a_thawed_old_primary_is_fenced_and_takes_no_write(router):
    router.start(inter="3s")
    old, (new, _) = router.cluster.primary, router.cluster.standbys
    session = router.write_session()
    old.freeze()
    router.cluster.promote(new)
    router.expect_writes_at(new)
    old.thaw()
    assert client.ended(session, 20)
    # Now both say primary, for longer than `inter` times `rise`.
    until = time.monotonic() + 7
    reached = set()
    while time.monotonic() < until:
        reached.add(client.ask(router.read_write).address)
    assert reached == {new.address}
    log = router.proxy.process.output()
    assert re.search(r"fenced: it says primary on timeline \d+, but timeline \d+ is known", log)


def test_a_fenced_primary_stays_fenced_when_its_agent_dies(router):
    router.start(inter="1s")
    old, (new, _) = router.cluster.primary, router.cluster.standbys
    router.cluster.promote(new)  # the old one lives on, and says primary
    wait_until("the old primary is fenced", lambda: "fenced" in router.proxy.process.output())
    router.status.stop_on(old)
    until = time.monotonic() + 5  # longer than `inter` times `fall`
    while time.monotonic() < until:
        assert client.ask(router.read_write).address == new.address


def test_a_client_that_waits_is_served_soon_after_the_promotion(router, background):
    """Checks come every 20 s and a client waits 4 s: only the agents can have told."""
    router.start(inter="20s")
    old, (new, _) = router.cluster.primary, router.cluster.standbys
    wait_until("the agents are followed", lambda:
               router.proxy.process.output().count("its changes are followed") == 3)
    old.kill()
    waiting = background(client.ask, router.read_write, timeout=20)
    router.cluster.promote(new)
    assert waiting.result(20).address == new.address


def test_checks_go_on_as_the_file_says_when_the_agents_stream_breaks(router):
    router.start(inter="200ms")
    wait_until("the agents are followed", lambda:
               router.proxy.process.output().count("its changes are followed") == 3)
    router.status.stop()
    wait_until("the end of the streams is told", lambda:
               router.proxy.process.output().count("its stream ended") == 3)
    router.cluster.primary.kill()  # else PostgreSQL itself would be believed
    router.expect_no_writes()


def agentless(cluster, folder, ending):
    """A router that asks PostgreSQL itself, and its ports."""
    ports = Ports()
    servers = "\n".join(f"    server {n.name} {n.address}:{n.port} check" for n in cluster.nodes)
    text = AGENTLESS.format(ports=ports, servers=servers)
    return ports, ending(Proxy("pgsteer", folder, text, [ports.read_write, ports.read_only]))


def test_without_agents_the_router_asks_postgresql_itself(cluster, folder, ending):
    ports, _ = agentless(cluster, folder, ending)
    old, (new, other) = cluster.primary, cluster.standbys
    assert client.ask(ports.read_write).address == old.address
    assert client.ask(ports.read_only).address in {new.address, other.address}
    old.kill()
    cluster.promote(new)
    assert client.ask(ports.read_write, timeout=20).address == new.address


def test_a_watcher_that_ends_while_its_question_is_under_way_leaves_nothing_behind(cluster, folder, ending):
    ports, proxy = agentless(cluster, folder, ending)
    assert client.ask(ports.read_write).address == cluster.primary.address
    for node in cluster.nodes:
        node.freeze()
    holds_for("questions are under way", proxy.process.running, 0.2)
    proxy.config.write_text(re.sub(r"\n *option pgsql-role-check.*", "", proxy.config.read_text()))
    proxy.process.send(signal.SIGHUP)
    wait_until("the file is in force", lambda: "is reloaded" in proxy.process.output())
    before = cpu_seconds(proxy.process.pid)
    holds_for("it rests", lambda: cpu_seconds(proxy.process.pid) - before < 0.7, 1.5)
