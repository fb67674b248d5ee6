"""The systemd units: well formed, closed, and open enough for what the programs do. systemd itself does not
run here, so its filter of system calls is laid on the programs by the harness."""

import re
import shutil
import signal
import subprocess
import urllib.request

import pytest

from harness import client, sandbox
from harness.crowd import Echo, answers, session
from harness.inetd import received, service
from harness.process import ROOT, Process, free_port, listens, pgsteer_binary, sanitized
from harness.proxy import Ports, classic
from harness.runtime import Runtime
from harness.status import CHECKER_PASSWORD, accepts, conninfo
from harness.waits import wait_until

UNITS = ("pgsteer", "pgsteer-agent", "pgsteer-inetd")
# systemd's measure, from 0 (closed) to 10; what was reached, only downwards.
EXPOSURE = {"pgsteer": 1.9, "pgsteer-agent": 1.9, "pgsteer-inetd": 3.4}
SANDBOX = ROOT / "tests/system/harness/sandbox.py"

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                   reason="systemd-analyze is not installed")


def unit(name):
    text = (ROOT / f"packaging/systemd/{name}.service.in").read_text()
    for word, value in (("@bindir@/pgsteer", pgsteer_binary()), ("@sysconfdir@", "/etc"),
                        ("@defaults_dir@", "/etc/default")):
        text = text.replace(word, str(value))
    assert "@sys" not in text.replace("@system-service", "")
    return text


@pytest.fixture
def unit_file(folder):
    def write(name):
        made = folder.make("units") / f"{name}.service"
        made.write_text(unit(name))
        return made
    return write


@pytest.fixture
def closed_in(folder, ending, unit_file):
    """Starts a program within its unit's filter."""
    if sanitized((b"__tsan_init",)):
        pytest.skip("ThreadSanitizer asks the kernel for more")
    if subprocess.run(["/usr/bin/python3", "-c", "import seccomp"], capture_output=True).returncode:
        pytest.skip("python3-seccomp is not installed")

    def start(name, *command, env=None, **how):
        script = folder.program(SANDBOX)
        # The search for leaks traces the process, which no unit allows.
        leaks = folder.sanitizer_environment()["ASAN_OPTIONS"] + ":detect_leaks=0"
        return ending(Process(name, ["/usr/bin/python3", script, unit_file(name), *command], folder,
                              env={"ASAN_OPTIONS": leaks, **(env or {})}, **how))
    return start


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_nothing_wrong_with_the_unit(unit_file, name):
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit_file(name)],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", UNITS)
def test_the_unit_stays_as_closed_as_it_is(unit_file, name):
    done = subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                           unit_file(name)], capture_output=True, text=True, timeout=60)
    found = re.search(r"exposure level for \S+: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= EXPOSURE[name], done.stdout


@needs_systemd
def test_a_call_that_the_filter_refuses_ends_the_program(closed_in):
    program = closed_in("pgsteer", "/usr/sbin/chroot", "/", "/bin/true")
    assert program.wait_end() == -signal.SIGSYS


@needs_systemd
def test_the_router_does_all_its_work_within_the_filter(router, folder, closed_in):
    home = folder.make("closed", "postgres")
    ports, cluster = Ports(), router.cluster
    router.status.start()
    text = classic(cluster, router.status.port, ports, "200ms")
    text = text.replace("global\n", f"global\n    stats socket {home}/s mode 600 level admin\n"
                        "    log /dev/log local0\n    external-check\n", 1)
    text += ("\nlisten checked\n    bind 127.0.0.1:%d\n    option external-check\n"
             "    external-check command /bin/true\n    server one localhost:%d check inter 100ms\n"
             % (free_port(), cluster.primary.port))
    config = folder.write("closed.cfg", text)
    program = closed_in("pgsteer", folder.pgsteer(), "-db", "-f", config, user="postgres")
    wait_until("it listens", lambda: program.must_run() and all(map(listens, ports.all())))
    wait_until("it sends to the primary", lambda: program.must_run() and client.try_ask(
        ports.read_write) == client.Reached(cluster.primary.address, standby=False))
    urllib.request.urlopen(f"http://127.0.0.1:{ports.stats}/", timeout=10).read()
    runtime = Runtime(home / "s")
    assert "pg" in runtime.ask("show cluster") or cluster.primary.address in runtime.ask("show cluster")
    wait_until("the external check passes", lambda: program.must_run() and
               runtime.stat()["checked", "one"]["status"] == "UP")
    kept = client.connect(ports.read_write)
    program.send(signal.SIGHUP)
    wait_until("it is reloaded", lambda: program.must_run() and
               "The configuration is reloaded" in program.output())
    assert client.alive(kept)
    wait_until("new clients are served", lambda: program.must_run() and
               client.try_ask(ports.read_write))
    kept.close()
    program.send(signal.SIGTERM)
    assert program.wait_end() == 0


@needs_systemd
def test_with_a_master_a_reload_starts_the_next_worker_within_the_filter(folder, ending, closed_in):
    echo, port = ending(Echo()), free_port()
    home = folder.make("mastered", "postgres")
    config = folder.write("mastered.cfg", f"""
global
    stats socket {home}/s mode 600 level admin
    maxconn 100
defaults
    mode tcp
    timeout connect 5s
    timeout client 1m
    timeout server 1m
listen db
    bind 127.0.0.1:{port}
    server a {echo.address}
""")
    program = closed_in("pgsteer", folder.pgsteer(), "-db", "-f", config, "-Ws", user="postgres")

    def loaded():
        return program.must_run() and program.output().count("Loading success")
    wait_until("its worker serves", lambda: loaded() == 1)
    kept = session(port)
    program.send(signal.SIGHUP)
    wait_until("the next worker serves", lambda: loaded() == 2)
    assert answers(kept) and answers(session(port))
    program.send(signal.SIGTERM)
    assert program.wait_end() == 0


@needs_systemd
def test_the_agent_does_all_its_work_within_the_filter(cluster, folder, closed_in):
    node, port = cluster.primary, free_port()
    program = closed_in("pgsteer-agent", folder.pgsteer(), "agent", "--listen",
                        f"127.0.0.1:{port}", "--conninfo", conninfo(node), user="postgres",
                        env={"PGPASSWORD": CHECKER_PASSWORD}, network=node.network)
    wait_until("it answers", lambda: program.must_run() and accepts("127.0.0.1", port))

    def primary():
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).status == 200
        except OSError:
            return False
    wait_until("it knows the primary", lambda: program.must_run() and primary())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/watch?check=GET%20/", timeout=10) as stream:
        assert stream.readline()
    program.send(signal.SIGTERM)
    assert program.wait_end() == 0


@needs_systemd
def test_inetd_starts_its_servers_within_the_filter(folder, closed_in):
    port = free_port()
    script = folder.write("script", "#!/bin/sh\nid -un | tr -d '\\n'; echo ' works'\n", 0o755)
    config = folder.write("closed.conf", service(port, script))
    program = closed_in("pgsteer-inetd", folder.pgsteer(), "inetd", "-f", config)
    wait_until("it listens", lambda: program.must_run() and listens(port))
    assert received(port).endswith(b" works\n")
    program.send(signal.SIGHUP)
    assert received(port).endswith(b" works\n")
    program.send(signal.SIGTERM)
    assert program.wait_end() == 0


def test_a_filter_is_read_as_systemd_reads_it(folder):
    path = folder.write("f.service", "SystemCallFilter=@basic-io @chown\nSystemCallFilter=~@chown\n"
                        "SystemCallFilter=fchown\n")
    allowed = sandbox.allowed_calls(path)
    assert {"read", "fchown"} <= allowed and "chown" not in allowed
