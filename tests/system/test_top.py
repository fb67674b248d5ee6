"""`pgsteer top`: a person at a terminal sees the router's servers and sessions, and acts on them by keys."""

import os
import signal
import socket
import subprocess

import pytest

from harness.client import TcpServer, read_all, tcp
from harness.runtime import Tools
from harness.screen import Screen
from harness.waits import wait_until


@pytest.fixture
def servers(ending):
    made = [TcpServer(), TcpServer()]
    yield made
    for server in made:
        server.close()


@pytest.fixture
def tools(servers, folder, ending):
    """A router with an admin socket; s1 and s2 of `one` are these servers."""
    return ending(Tools("pgsteer", folder, [f"127.0.0.1:{s.port}" for s in servers],
                        more_global=f"stats socket {folder.path}/operator.sock level operator"))


def open_top(folder, ending, socket_path, *flags, **how):
    """With marks of the terminal's settings before and after, so that it can be seen restored."""
    command = ["sh", "-c", f"trap : INT; stty -g > {folder.path}/before; \"$@\"; echo STATUS $?; "
               f"trap : INT; stty -g > {folder.path}/after", "sh",
               folder.pgsteer(), "top", "--socket", socket_path, "--interval", "200ms", *flags]
    return ending(Screen(folder, command, **how))


@pytest.fixture
def top(tools, folder, ending):
    screen = open_top(folder, ending, tools.socket, width=80, height=24)
    wait_until("top shows the servers", lambda: screen.line_with("one/s1") and
               screen.line_with("back/s2"))
    return screen


def select(screen, name):
    """Only `name` is left by the filter, so it is what an act is for."""
    screen.press("/", *name, "Enter")
    wait_until(f"only {name} is shown", lambda: screen.line_with(name) and
               not screen.line_with("back/spare"))
    for _ in range(6):  # below the nodes that hold the word, too
        screen.press("Down")


def test_a_server_is_drained_by_a_key_and_a_yes(top, tools, servers):
    kept = tcp(tools.ports[0])
    wait_until("a server has the session", lambda: servers[1].has_waiting(0.1))
    at_server = servers[1].accept()
    select(top, "one/s2")
    top.press("d")
    wait_until("it is asked first", lambda: top.line_with("drain one/s2?"))
    assert tools.runtime.stat()["one", "s2"]["status"] != "DRAIN"
    top.press("y")
    wait_until("the router drains it", lambda:
               tools.runtime.stat()["one", "s2"]["status"].startswith("DRAIN"))
    wait_until("top shows it", lambda: "DRAIN" in top.line_with("one/s2", "no-check") or
               "DRAIN" in top.line_with("one/s2", "drain"))
    for _ in range(3):
        with tcp(tools.ports[0]):
            servers[0].accept().close()
    kept.sendall(b"still here")
    assert at_server.recv(100) == b"still here"
    top.press("r")
    wait_until("it is ready again", lambda:
               not tools.runtime.stat()["one", "s2"]["status"].startswith("DRAIN"))


def test_no_answer_but_yes_leaves_the_server_alone(top, tools):
    select(top, "one/s1")
    top.press("m")
    wait_until("it is asked first", lambda: top.line_with("maintenance of one/s1?"))
    top.press("n")
    wait_until("it says so", lambda: top.line_with("not done"))
    assert tools.runtime.stat()["one", "s1"]["status"] != "MAINT"


def test_a_weight_is_typed_and_what_the_router_refuses_is_shown(top, tools):
    select(top, "one/s1")
    top.press("w", *"33", "Enter")
    wait_until("it has the weight", lambda: tools.runtime.stat()["one", "s1"]["weight"] == "33")
    top.press("w", *"999", "Enter")
    wait_until("the refusal is shown", lambda: "between 0 and 256" in " ".join(top.text().split()))


def test_one_session_is_cut_on_the_sessions_page(top, tools, servers):
    first, second = tcp(tools.ports[0]), tcp(tools.ports[0])
    at_servers = servers[0].accept(), servers[1].accept()
    top.press("2")
    name = "127.0.0.1:%d" % second.getsockname()[1]
    wait_until("both are shown", lambda: top.line_with(name) and
               top.line_with("127.0.0.1:%d" % first.getsockname()[1]))
    top.press("/", *name, "Enter", "c")
    wait_until("it is asked first", lambda: top.line_with("cut session", name))
    top.press("y")
    assert read_all(second) == b""
    first.settimeout(0.3)
    with pytest.raises(socket.timeout):
        first.recv(1)
    assert len(at_servers) == 2


def test_a_socket_of_a_low_level_shows_but_does_not_act(tools, folder, ending):
    screen = open_top(folder, ending, folder.path / "operator.sock", width=120)
    wait_until("the level is shown", lambda: screen.line_with("level operator"))
    screen.press("d")
    wait_until("it says what it takes", lambda: screen.line_with("level admin", "stats socket"))


def test_a_router_that_went_away_is_said_to_be_and_is_seen_again(top, tools, folder, servers):
    tools.proxy.stop()
    wait_until("top says so", lambda: top.line_with("The router is away"))
    assert top.line_with("one/s1"), "what it said last stays to be seen"
    again = type(tools.proxy)("pgsteer", folder, tools.proxy.config.read_text(), tools.ports)
    try:
        wait_until("it is back", lambda: not top.line_with("The router is away") and
                   top.line_with("one/s1"))
    finally:
        again.stop()


def test_the_screen_follows_the_terminals_size(top):
    assert not top.line_with("back/s1", "TOTAL") and "TOTAL" in top.text()
    top.resize(50, 12)
    wait_until("it is smaller", lambda: max(map(len, top.text().splitlines())) <= 50 and
               top.text().splitlines()[-1].strip().startswith("h:help"))
    top.resize(150, 40)
    wait_until("there is room for more", lambda: "MOST" in top.text() and
               top.line_with("one", "clients"))


@pytest.mark.parametrize("how, status", [
    ("q", 0), ("C-c", 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_the_terminal_is_as_before_however_it_ends(top, folder, how, status):
    if isinstance(how, str):
        top.press(how)
    else:
        os.kill(process_of(folder, "top"), how)
    wait_until("it ended", lambda: top.line_with(f"STATUS {status}"))
    wait_until("the mark is written", lambda: (folder.path / "after").exists() and
               (folder.path / "after").read_text())
    assert (folder.path / "before").read_text() == (folder.path / "after").read_text()
    assert not top.line_with("one/s1"), "its screen has gone"
    (folder.path / "after").unlink()


def process_of(folder, word):
    done = subprocess.run(["pgrep", "-f", f"^{folder.pgsteer()} {word}"], capture_output=True,
                          text=True)
    return int(done.stdout.split()[-1])


def test_once_prints_a_picture_for_scripts(tools, folder):
    done = subprocess.run([folder.pgsteer(), "top", "--socket", tools.socket, "--once"],
                          capture_output=True, text=True, timeout=60,
                          env=folder.sanitizer_environment())
    assert done.returncode == 0
    assert "one/s1" in done.stdout and "NODE" in done.stdout and "\x1b" not in done.stdout


@pytest.mark.parametrize("flags, words", [
    ([], "no terminal"),
    (["--once", "--socket", "/nowhere.sock"], "/nowhere.sock"),
    (["--interval", "soon"], "--interval"),
    (["--interval", "1ms"], "100ms"),
    (["--nonsense"], "--nonsense"),
], ids=["no terminal", "no router", "no time", "too often", "no flag"])
def test_what_cannot_be_is_said_with_status_2(folder, flags, words):
    done = subprocess.run([folder.pgsteer(), "top", *flags], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=60,
                          env=folder.sanitizer_environment())
    assert done.returncode == 2
    assert done.stderr.startswith("pgsteer top: ") and words in done.stderr


def test_healthy_standbys_are_shown_as_such_on_both_ports(router, folder):
    path = folder.make("top-cluster") / "s"
    router.start(replace=[("maxconn 100\n\n", f"maxconn 100\n    stats socket {path} level operator\n\n")])
    done = subprocess.run([folder.pgsteer(), "top", "--socket", path, "--once"], text=True,
                          capture_output=True, timeout=60, env=folder.sanitizer_environment())
    assert done.returncode == 0, done.stderr
    assert "DOWN" not in done.stdout.split("PROXY")[0], done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    for standby in router.cluster.standbys:
        assert [f"ReadWrite/{standby.name}", "standby"] in [line[:2] for line in lines], done.stdout
        assert [f"ReadOnly/{standby.name}", "UP"] in [line[:2] for line in lines], done.stdout
