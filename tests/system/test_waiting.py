"""A client waits rather than fails while no server can take it, and at the end gets a clear answer."""

import pytest

from harness import client
from harness.process import free_port
from harness.proxy import Proxy, plain
from harness.waits import Stopwatch

pytestmark = pytest.mark.threads
QUEUE_1S = (("timeout connect 4s", "timeout connect 4s\n    timeout queue 1s"),)


def refusal(port, **how):
    """The error a client gets, and after how many seconds."""
    watch = Stopwatch()
    with pytest.raises(client.Refused) as caught:
        client.ask(port, **how)
    return str(caught.value), watch.seconds


def single(folder, ending, node, options="", defaults="", **more):
    port = free_port()
    text = plain([f"pg {node.address}:{node.port} {options}"], port, defaults=defaults, **more)
    return ending(Proxy("pgsteer", folder, text, [port])), port


def test_a_client_without_a_primary_waits_and_is_served_after_the_promotion(router, background):
    router.start()
    new = router.cluster.standbys[0]
    router.cluster.primary.kill()
    waiting = background(client.ask, router.read_write)
    assert client.still_waits(waiting)
    router.cluster.promote(new)
    assert waiting.result() == client.Reached(new.address, standby=False)


@pytest.mark.parametrize("sslmode", ["disable", "prefer"])
def test_a_client_that_waited_in_vain_is_told_so(router, sslmode):
    router.start(replace=QUEUE_1S)
    session = router.write_session()
    router.cluster.primary.kill()
    assert client.ended(session)
    text, seconds = refusal(router.read_write, sslmode=sslmode)
    assert "FATAL" in text and "unexpectedly" not in text
    assert 0.9 < seconds < 4.0


def test_without_timeout_queue_a_client_waits_for_timeout_connect(router):
    router.start(replace=(("timeout connect 4s", "timeout connect 1500ms"),))
    session = router.write_session()
    router.cluster.primary.kill()
    assert client.ended(session)
    _, seconds = refusal(router.read_write)
    assert 1.4 < seconds < 4.0


def test_a_refused_connect_goes_to_another_server_at_once(cluster, folder, ending):
    live, port = cluster.primary, free_port()
    servers = [f"dead 127.0.0.1:{free_port()}", f"live {live.address}:{live.port}"]
    ending(Proxy("pgsteer", folder, plain(servers, port, "option redispatch"), [port]))
    watch = Stopwatch()
    assert {client.ask(port).address for _ in range(10)} == {live.address}
    assert watch.seconds < 3.0  # HAProxy waits a second before each retry


def test_a_client_beyond_maxconn_is_served_when_a_session_ends(cluster, folder, ending, background):
    _, port = single(folder, ending, cluster.primary, "maxconn 2", "timeout queue 20s", threads=2)
    first, second = client.connect(port), client.connect(port)
    third = background(client.ask, port, timeout=25)
    assert client.still_waits(third)
    first.close()
    assert third.result(10).address == cluster.primary.address
    assert client.alive(second)


def test_never_more_sessions_than_maxconn_reach_the_server_and_all_are_served(folder, ending):
    server, port, limit, clients = client.TcpServer(), free_port(), 5, 40
    text = plain([f"one 127.0.0.1:{server.port} maxconn {limit}"], port,
                 defaults="timeout queue 60s", threads=2)
    ending(Proxy("pgsteer", folder, text, [port]))
    near = [client.tcp(port) for _ in range(clients)]
    for s in near:
        s.sendall(b"x")
    far = [server.accept() for _ in range(limit)]
    for _ in range(clients - limit):
        assert not server.has_waiting(0.05), "one more than maxconn"
        far.pop(0).close()
        far.append(server.accept())
    assert not server.has_waiting(0.3)


def test_a_full_queue_ends_with_an_error_after_timeout_queue(cluster, folder, ending):
    _, port = single(folder, ending, cluster.primary, "maxconn 1", "timeout queue 1s")
    first = client.connect(port)
    text, seconds = refusal(port)
    assert "FATAL" in text and 0.9 < seconds < 4.0
    assert client.alive(first)


def test_the_slot_of_a_client_that_left_a_frozen_server_is_free_within_five_seconds(
        folder, ending, background):
    frozen, port = client.TcpServer(), free_port()
    text = plain([f"frozen 127.0.0.1:{frozen.port} maxconn 1"], port, defaults="timeout queue 20s")
    ending(Proxy("pgsteer", folder, text, [port]))
    leaver = client.tcp(port)
    leaver.sendall(b"hello")
    held = frozen.accept()
    leaver.close()  # the server says nothing to this
    watch = Stopwatch()
    follower = client.tcp(port)
    follower.sendall(b"next")
    assert frozen.accept().recv(10) == b"next"
    assert watch.seconds < 6.0
    held.close()


def test_the_slot_of_a_client_that_was_reset_is_free_at_once(folder, ending):
    server, port = client.TcpServer(), free_port()
    text = plain([f"one 127.0.0.1:{server.port} maxconn 1"], port, defaults="timeout queue 20s")
    ending(Proxy("pgsteer", folder, text, [port]))
    leaver = client.tcp(port)
    leaver.sendall(b"hello")
    held = server.accept()
    client.reset(leaver)
    watch = Stopwatch()
    follower = client.tcp(port)
    follower.sendall(b"next")
    assert server.accept().recv(10) == b"next"
    assert watch.seconds < 1.0
    held.close()
