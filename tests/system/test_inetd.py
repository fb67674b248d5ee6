"""`pgsteer inetd` does with a service file what xinetd does: each case runs under both."""

import re
import socket

import pytest
from harness.client import TcpServer, read_all, tcp
from harness.inetd import PGSTEER, XINETD, Inetd, pair, received, service
from harness.process import free_port
from harness.waits import wait_until

SEEN = """#!/bin/sh
echo "args:$#:$*"; env | grep -v '^_=' | sort; id -u; id -g; id -G; ulimit -n; ulimit -v; ulimit -t
umask; nice; ls /proc/self/fd | wc -l; cd -P . ; pwd; grep -E '^Sig(Blk|Ign)' /proc/self/status
cut -d' ' -f5,6 /proc/$$/stat | sed "s/$$/own/g"
"""
HELLO = "#!/bin/sh\necho hello from $REMOTE_HOST\n"


@pytest.fixture
def script(folder):
    def write(text):
        return folder.write("script", text, 0o755)
    return write


def answers(programs, **how):
    return {kind: received(port, **how) for kind, port, _ in programs}


CHILD = {
    "nothing but the least": {},
    "arguments, without quotes": {"server_args": 'one "two three" four'},
    "NAMEINARGS": {"flags": "REUSE NAMEINARGS", "server_args": "me you"},
    "env": {"env": "A=1 B=two"},
    "env and an empty passenv": {"env": "A=1", "passenv": ""},
    "passenv": {"passenv": "LANG PATH NOT_THERE"},
    "limits": {"rlimit_files": "64", "rlimit_as": "512M", "rlimit_cpu": "7"},
    "umask": {"umask": "077"},
    "nice": {"nice": "5"},
    "a group": {"group": "daemon"},
    "groups": {"groups": "yes"},
    "a user by number": {"user": "1"},
    "flags": {"flags": "REUSE NODELAY KEEPALIVE NORETRY NOLIBWRAP"},
    "IPv4 alone": {"flags": "IPv4"},
    "an address": {"bind": "127.0.0.1"},
}


@pytest.mark.parametrize("attributes", CHILD.values(), ids=CHILD)
def test_a_server_is_started_as_xinetd_starts_it(folder, ending, script, attributes):
    programs = pair(folder, ending, lambda port: service(port, script(SEEN), **attributes),
                    env={"LANG": "C", "PATH": "/usr/bin:/bin"})
    seen = answers(programs)
    # Each program has variables of its own for sanitizers' reports, and none else.
    assert seen[PGSTEER] and seen[PGSTEER] == seen[XINETD]


ACCESS = {
    "anybody": ({"only_from": "0.0.0.0/0"}, True),
    "wildcard zeros": ({"only_from": "127.0.0.0"}, True),
    "another network": ({"only_from": "10.0.0.0/8"}, False),
    "nobody": ({"only_from": ""}, False),
    "a list": ({"only_from": "10.0.0.1 127.0.0.1"}, True),
    "factors": ({"only_from": "127.0.{0,7}"}, True),
    "IPv6 alone": ({"only_from": "::1"}, False),
    "no_access": ({"no_access": "127.0.0.1"}, False),
    "in both lists": ({"only_from": "127.0.0.1", "no_access": "127.0.0.0"}, False),
    "at no time": ({"access_times": "0:00-0:01"}, None),
    "at any time": ({"access_times": "0:00-23:59"}, True),
    "none at a time": ({"instances": "0"}, None),
    "a load that is never reached": ({"max_load": "100000"}, True),
}


@pytest.mark.parametrize("attributes,allowed", ACCESS.values(), ids=ACCESS)
def test_who_may_use_a_service_is_whom_xinetd_lets(folder, ending, script, attributes, allowed):
    programs = pair(folder, ending, lambda port: service(port, script(HELLO), **attributes))
    seen = answers(programs)
    assert seen[PGSTEER] == seen[XINETD]
    assert allowed is None or bool(seen[PGSTEER]) == allowed


@pytest.mark.parametrize("more,fewer", [("+= 10.0.0.0", True), ("-= 127.0.0.1", False),
                                        ("10.0.0.0", False)])
def test_defaults_are_changed_as_the_operator_says(folder, ending, script, more, fewer):
    programs = pair(folder, ending, lambda port: service(
        port, script(HELLO), defaults=" only_from = 127.0.0.1\n", only_from=more))
    seen = answers(programs)
    assert seen[PGSTEER] == seen[XINETD]
    assert bool(seen[PGSTEER]) == fewer


def test_banners_are_sent_before_the_answer_and_before_a_refusal(folder, ending, script):
    files = {name: folder.write(name, f"{name}\n")
             for name in ("banner", "banner_success", "banner_fail")}
    for more in ({}, {"only_from": "10.0.0.1"}):
        seen = answers(pair(folder, ending,
                            lambda port, m=more: service(port, script(HELLO), **files, **m)))
        assert seen[PGSTEER] == seen[XINETD]


@pytest.mark.parametrize("limit", ["instances", "per_source"])
def test_one_at_a_time_means_that_the_second_is_closed(folder, ending, limit):
    for kind, port, _ in pair(folder, ending, lambda p: service(p, "/bin/cat", **{limit: 1})):
        with tcp(port) as first:
            first.sendall(b"mine")
            assert first.recv(10) == b"mine", kind
            assert received(port) == b"", kind
        wait_until(f"{kind} takes the next one",
                   lambda p=port: received(p, b"x", half_close=True) == b"x")


def test_a_service_that_is_asked_too_often_is_off_and_comes_back(folder, ending, script):
    for kind, port, program in pair(folder, ending,
                                    lambda p: service(p, script(HELLO), cps="3 1")):
        def closed(p=port):
            try:
                received(p)
                return False
            except ConnectionRefusedError:
                return True
        wait_until(f"{kind} is off", closed, pause=0.01)
        wait_until(f"{kind} is back", lambda c=closed: not c())
        if kind == PGSTEER:
            assert "Restarting in 1 seconds" in program.process.output()


def test_a_redirect_carries_both_ways(folder, ending):
    target = TcpServer()
    for kind, port, _ in pair(folder, ending, lambda p: service(
            p, None, redirect=f"127.0.0.1 {target.port}")):
        with tcp(port) as client:
            client.sendall(b"there")
            far = target.accept()
            assert far.recv(10) == b"there", kind
            far.sendall(b"and back")
            far.close()
            assert read_all(client) == b"and back", kind
    target.close()


@pytest.mark.parametrize("name,send", [("daytime", b""), ("time", b""), ("echo", b"hello")])
def test_internal_services_answer_as_xinetds_do(folder, ending, name, send):
    seen = answers(pair(folder, ending, lambda port: service(
        port, None, name=name, type="INTERNAL UNLISTED")), send=send, half_close=bool(send))
    shape = {kind: re.sub(rb"\d\d:\d\d:\d\d", b"T", data) for kind, data in seen.items()}
    if name == "time":
        assert len(seen[PGSTEER]) == 4
    else:
        assert shape[PGSTEER] == shape[XINETD] and shape[PGSTEER]


def test_a_script_that_cannot_be_executed_closes_the_connection(folder, ending, script):
    seen = answers(pair(folder, ending, lambda port: service(port, script("#!/not/there\n"))))
    assert seen == {XINETD: b"", PGSTEER: b""}


def test_the_log_has_xinetds_words(folder, ending, script):
    logs = {}

    def make(port):
        logs[port] = folder.unique("service.log")
        return service(port, script(HELLO), log_type=f"FILE {logs[port]}", instances=1,
                       log_on_success="PID HOST EXIT DURATION", log_on_failure="HOST")
    seen = {}
    for kind, port, _ in pair(folder, ending, make):
        received(port)
        wait_until("EXIT is logged", lambda p=port: "EXIT" in logs[p].read_text())
        seen[kind] = re.sub(r"pid=\d+", "pid=N", re.sub(r"(?m)^\S+: ", "", logs[port].read_text()))
    assert seen[PGSTEER] == seen[XINETD]


def test_a_script_that_hangs_is_ended_and_the_client_told(folder, ending, script):
    port = free_port()
    ending(Inetd(PGSTEER, folder, service(port, script("#!/bin/sh\nsleep 1000 & sleep 1000\n"),
                                          pgsteer_timeout="300ms"), [port]))
    assert received(port).startswith(b"HTTP/1.1 503 ")


def test_many_who_ask_at_once_share_one_run(folder, ending, script, background):
    port, runs = free_port(), folder.unique("runs")
    runs.touch()
    runs.chmod(0o666)
    text = f"#!/bin/sh\necho run >> {runs}\nsleep 0.5\necho shared\n"
    ending(Inetd(PGSTEER, folder, service(port, script(text), pgsteer_share="30s"), [port]))
    asked = [background(received, port, b"OPTIONS / HTTP/1.0\r\n\r\n") for _ in range(50)]
    assert {future.result() for future in asked} == {b"shared\n"}
    assert runs.read_text() == "run\n"


def test_nothing_is_left_of_many_checks_while_one_script_hangs(folder, ending, script, background):
    port, hung = free_port(), free_port()
    text = (service(port, script(HELLO)) +
            service(hung, script("#!/bin/sh\nexec sleep 1000\n"), name="hung"))
    program = ending(Inetd(PGSTEER, folder, text, [port, hung]))
    with socket.create_connection(("127.0.0.1", hung)):
        received(port)
        before = program.process.open_descriptors()
        asked = [background(received, port, timeout=60) for _ in range(1000)]
        assert {future.result() for future in asked} == {b"hello from ::ffff:127.0.0.1\n"}
        wait_until("all descriptors are closed",
                   lambda: program.process.open_descriptors() <= before)
