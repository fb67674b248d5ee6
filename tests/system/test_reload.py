"""A reload: the files are read again, and nobody notices but those whom the change is about."""

import signal
import socket
import threading

import pytest
from harness.crowd import Newcomers, answers, server_of, session
from harness.process import free_port, listens
from harness.reloading import REFUSED, RELOADED, Reloading, get
from harness.scripted import Scripted, http
from harness.waits import holds_for, wait_until


@pytest.fixture
def site(folder, ending):
    return Reloading(folder, ending)


@pytest.mark.parametrize("how", [signal.SIGHUP, signal.SIGUSR2])
def test_sessions_and_counters_live_on_and_new_clients_go_by_the_new_file(site, how):
    old, new = site.echo(b"o"), site.echo(b"n")
    site.start(f"a {old.address}")
    sessions = [session(site.port) for _ in range(20)]
    site.reload(f"a {old.address}", f"b {new.address}", how=how)
    assert all(answers(s) for s in sessions)
    assert {server_of(session(site.port)) for _ in range(10)} == {b"o", b"n"}
    row = site.runtime.stat()["db", "a"]
    assert int(row["scur"]) >= 20 and int(row["stot"]) >= 20


def test_a_broken_file_changes_nothing_and_each_mistake_is_told(site):
    echo = site.echo()
    site.start(f"a {echo.address}")
    kept = session(site.port)
    broken = site.text([f"a {echo.address}"]).replace("timeout connect 2s", "timeout connect 2 s")
    broken = broken.replace("nbthread 2", "nbthread many")
    site.reload_text(broken, expect=REFUSED)
    log = site.proxy.process.output()
    name = str(site.proxy.config)
    assert log.count(f"[ALERT] ({site.proxy.process.pid}) : [{name}:") == 2, log
    answer = site.runtime.ask("reload")
    assert answer.startswith("Success=0\n--\n") and answer.count(f"[{name}:") == 2
    assert answers(kept) and session(site.port)
    assert site.status("a") == "no check"
    site.proxy.config.write_text(site.text([f"a {echo.address}"]))
    assert site.runtime.ask("reload") == "Success=1\n\n"


def test_a_port_that_is_taken_refuses_the_reload(site):
    echo = site.echo()
    site.start(f"a {echo.address}")
    with socket.create_server(("127.0.0.1", site.other)):
        more = f"listen more\n    bind 127.0.0.1:{site.other}\n    server a {echo.address}\n"
        site.reload(f"a {echo.address}", more=more, expect=REFUSED)
    assert "Address already in use" in site.proxy.process.output()
    assert session(site.port)
    site.reload(f"a {echo.address}", more=more)
    assert session(site.other)


def test_removed_listeners_close_new_ones_open_and_their_sessions_live_on(site):
    echo = site.echo()
    site.start(f"a {echo.address}")
    kept = session(site.port)
    site.reload(f"a {echo.address}", port=site.other)
    wait_until("the old port is closed", lambda: not listens(site.port))
    new = session(site.other)
    assert answers(kept) and answers(new)
    assert int(site.runtime.stat()["db", "FRONTEND"]["scur"]) == 2


def test_a_listener_that_changes_its_section_keeps_its_socket(site):
    old, new = site.echo(b"o"), site.echo(b"n")
    site.start(f"a {old.address}")
    newcomers = Newcomers(site.port)
    other = site.text([f"a {new.address}"]).replace("listen db", "listen other")
    site.reload_text(other)
    assert wait_until("the new section serves", lambda: server_of(session(site.port)) == b"n")
    newcomers.stop()
    assert not newcomers.failures
    assert ("db", "FRONTEND") not in site.runtime.stat()


def test_a_removed_server_keeps_its_sessions_until_hard_stop_after(site):
    old, new = site.echo(b"o"), site.echo(b"n")
    site.start(f"a {old.address}")
    kept = session(site.port)
    site.reload(f"b {new.address}")
    assert "1 sessions go on" in site.proxy.process.output()
    assert server_of(session(site.port)) == b"n"
    holds_for("the session goes on", lambda: answers(kept), seconds=0.5)
    site.reload(f"a {old.address}", more_global="hard-stop-after 300ms")
    site.reload(f"b {new.address}", more_global="hard-stop-after 300ms")
    kept.settimeout(20)
    assert kept.recv(1) == b""
    assert session(site.port)


def test_a_reload_judges_only_what_is_asked_otherwise(site):
    echo = site.echo()
    asked = threading.Event()
    hold = threading.Event()

    def slow(connection):
        asked.set()
        hold.wait(20)
        http(200)(connection)
    good, late = site.ending(closing(Scripted(http(200)))), site.ending(closing(Scripted(slow)))
    check = "option httpchk\n    default-server inter 100ms"
    site.start(f"a {echo.address} check port {good.port}", options=check)
    wait_until("a is up", lambda: site.status("a") == "UP")
    site.reload(f"a {echo.address} check port {good.port}", f"b {echo.address} check port {late.port}",
                options=check)
    assert site.status("a") == "UP"
    assert asked.wait(20)
    assert site.status("b") == "DOWN"
    site.reload(f"a {echo.address} check port {good.port}", f"b {echo.address} check port {late.port}",
                options=check)
    hold.set()
    wait_until("b is up", lambda: site.status("b") == "UP")
    assert "Server db/a is" not in site.proxy.process.output().split(RELOADED, 1)[1]


def test_what_an_operator_said_stands(site):
    echo = site.echo()
    site.start(f"a {echo.address}", f"b {echo.address}")
    site.runtime.ask("set server db/a state maint; set server db/b weight 7")
    site.runtime.ask("disable frontend db")
    site.reload(f"a {echo.address}", f"b {echo.address}")
    assert site.status("a") == "MAINT"
    assert site.runtime.ask("get weight db/b").startswith("7 ")
    assert not listens(site.port)
    site.runtime.ask("enable frontend db")
    wait_until("the frontend listens again", lambda: listens(site.port))
    assert session(site.port)


def test_waiting_clients_are_served_by_the_next_file(site):
    echo = site.echo()
    site.start(f"a {echo.address} disabled", more_global="", options="timeout queue 20s")
    waiting = socket.create_connection(("127.0.0.1", site.port), timeout=20)
    wait_until("it waits", lambda: site.runtime.stat()["db", "BACKEND"]["waiting"] == "1")
    site.reload(f"b {echo.address}", options="timeout queue 20s")
    assert answers(waiting)


def test_the_page_and_the_metrics_follow(site):
    echo, page = site.echo(), free_port()
    site.start(f"a {echo.address}")
    stats = "listen page\n    mode http\n    bind 127.0.0.1:{}\n    stats enable\n    stats uri {}\n"
    site.reload(f"a {echo.address}", more=stats.format(page, "/"))
    assert b"200 OK" in get(page, "/")
    site.reload(f"a {echo.address}", more=stats.format(page, "/elsewhere"))
    assert b"404" in get(page, "/") and b"200 OK" in get(page, "/elsewhere")
    site.reload(f"a {echo.address}")
    wait_until("the page is closed", lambda: not listens(page))


def test_what_needs_a_restart_is_said(site):
    echo = site.echo()
    site.start(f"a {echo.address}")
    site.reload_text(site.text([f"a {echo.address}"]).replace("nbthread 2", "nbthread 1\n    user nobody"))
    assert "need a restart: nbthread, user" in site.proxy.process.output()
    assert session(site.port)


def test_nobody_is_refused_through_twenty_reloads(site):
    one, two = site.echo(b"1"), site.echo(b"2")
    site.start(f"a {one.address}", f"b {two.address}")
    sessions = [session(site.port) for _ in range(200)]
    newcomers = Newcomers(site.port)
    for turn in range(20):
        more = f"listen more{turn}\n    bind 127.0.0.1:{site.other}\n    server a {one.address}\n"
        site.reload(*[f"a {one.address}", f"b {two.address}"][turn % 2:], more=more)
    newcomers.stop()
    assert not newcomers.failures and newcomers.served > 20
    assert all(answers(s) for s in sessions)
    site.proxy.process.must_run()


def closing(server):
    server.stop = server.close
    return server
