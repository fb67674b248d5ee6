"""`chroot` and `ulimit-n`: the process sees nothing but its folder once it serves, beside the real HAProxy;
and what it still needs of the machine it has brought along: names, log sockets, the service manager."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from harness.nameserver import Nameserver
from harness.process import AS_ROOT, WORKER, Process, descendants, free_port, listens
from harness.proxy import KINDS
from harness.runtime import Runtime
from harness.scripted import Scripted, finish
from harness.waits import holds_for, wait_until

pytestmark = pytest.mark.skipif(not AS_ROOT, reason="chroot(2) is root's")
NAME_SERVER = f"127.0.{50 + WORKER}.53"


class Caged:
    def __init__(self, kind, folder, node, ending, more_global="", server="", lines="", flags=(),
                 wrapper=(), env=None):
        self.port, self.cage = free_port(), folder.make("cage")
        self.socket = folder.unique("caged.sock")
        config = folder.write(f"caged-{kind}-{self.port}.cfg", f"""
global
    nbthread 1
    chroot {self.cage}
    user nobody
    group nogroup
    stats socket {self.socket} level admin
    {more_global}
defaults
    mode tcp
    timeout connect 1s
    timeout queue 5s
    timeout client 1m
    timeout server 1m
listen db
    bind 127.0.0.1:{self.port}
    {lines}
    server s {server or f'127.0.0.1:{node.port}'}
""")
        program = "/usr/sbin/haproxy" if kind == "haproxy" else folder.pgsteer()
        self.config, self.folder = config, folder
        self.process = ending(Process(kind, [*wrapper, program, "-f", config, *(flags or ("-db",))],
                                      folder, env=env))
        wait_until("it listens", lambda: self.process.must_run() and listens(self.port))
        wait_until("it is in its folder", lambda: self.pid() is not None)

    def pid(self):
        """Of the process that is within."""
        everybody = [self.process.pid, *descendants(self.process.pid)]
        return next((pid for pid in everybody if root_of(pid) == str(self.cage)), None)

    def answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=6) as s:
                return s.recv(10) == b"hello"
        except OSError:
            return False


def root_of(pid):
    try:
        return os.readlink(f"/proc/{pid}/root")
    except OSError:
        return None


@pytest.fixture
def node():
    def talk(connection):
        connection.sendall(b"hello")
        finish(connection, "wait")
    server = Scripted(talk)
    yield server
    server.close()


@pytest.fixture(params=KINDS)
def caged(request, folder, node, ending):
    return lambda **how: Caged(request.param, folder, node, ending, **how)


@pytest.fixture
def ours(folder, node, ending):
    return lambda **how: Caged("pgsteer", folder, node, ending, **how)


def test_it_serves_from_within_its_folder_as_another_user(caged):
    it = caged()
    status = Path(f"/proc/{it.pid()}/status").read_text()
    assert re.search(r"^Uid:\t65534\t65534\t65534\t65534$", status, re.M)
    assert os.readlink(f"/proc/{it.pid()}/cwd") == str(it.cage)
    assert it.answers()


def test_ulimit_n_is_the_limit_of_open_files(caged):
    it = caged(more_global="ulimit-n 3210\n    maxconn 100", wrapper=("prlimit", "--nofile=1024:20000"))
    limits = Path(f"/proc/{it.pid()}/limits").read_text()
    assert re.search(r"^Max open files\s+3210\s", limits, re.M)


def test_ulimit_n_decides_how_many_sessions_there_can_be(ours):
    it = ours(more_global="ulimit-n 1000", wrapper=("prlimit", "--nofile=512:20000"))
    most = re.search(r"^Maxconn: (\d+)$", Runtime(it.socket).ask("show info"), re.M)
    assert 100 < int(most.group(1)) < 500


def test_names_of_etc_hosts_are_found_from_within(ours, node):
    """Without an address at start, it is asked for when it serves already."""
    it = ours(server=f"localhost:{node.port} init-addr none")
    wait_until("localhost is found", it.answers)


def test_names_are_asked_of_the_name_servers_of_the_start(ours, folder, node, ending):
    ending(Nameserver({"pg.example.test": ["127.0.0.1"]}, address=(NAME_SERVER, 53)))
    conf = folder.write("resolv.conf", f"nameserver {NAME_SERVER}\nsearch example.test\n")
    mount = f"mount --bind {conf} /etc/resolv.conf && exec \"$@\""
    it = ours(server=f"pg:{node.port} init-addr none", wrapper=("unshare", "-m", "sh", "-c", mount, "-"))
    wait_until("pg is found in its domain", it.answers)


def test_a_reload_is_refused_with_the_way_out_and_all_goes_on(ours):
    it = ours()
    assert it.answers()
    it.process.send(signal.SIGHUP)
    wait_until("the refusal is told", lambda: "Reload refused: the files are out of reach within 'chroot"
               in it.process.output())
    assert "run with -W" in it.process.output()
    assert it.answers()


def test_under_a_master_a_reload_starts_a_worker_that_goes_in_by_itself(ours):
    it = ours(flags=("-W",))
    before = it.pid()
    assert root_of(it.process.pid) == "/"
    with socket.create_connection(("127.0.0.1", it.port)) as s:
        assert s.recv(10) == b"hello"
        it.process.send(signal.SIGUSR2)
        wait_until("another worker is within", lambda: any(
            root_of(pid) == str(it.cage) and pid != before for pid in descendants(it.process.pid)))
        wait_until("it serves", it.answers)
        holds_for("the session before it stays", lambda: s.send(b"x") == 1, seconds=0.3)


def test_log_lines_reach_a_socket_that_is_out_of_reach(ours, folder):
    path = folder.unique("log.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(10)
        it = ours(lines=f"log {path} local0\n    option tcplog")
        assert it.answers()
        while b" db db/s " not in receiver.recv(4096):
            pass


def test_the_service_manager_hears_of_it(ours, folder):
    path = folder.unique("notify.sock")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(10)
        ours(env={"NOTIFY_SOCKET": str(path)})
        assert b"READY=1" in manager.recv(4096)


@pytest.mark.parametrize("as_user,folder_name,words", [
    ("", "/no/such/folder", ["cannot chroot(/no/such/folder)", "No such file"]),
    ("nobody", "/", ["cannot chroot(/)", "it needs root"]),
])
def test_a_folder_it_cannot_go_into_is_named(folder, as_user, folder_name, words):
    port = free_port()
    config = folder.write(f"cannot-{port}.cfg", f"""
global
    chroot {folder_name}
defaults
    timeout connect 1s
    timeout client 1m
    timeout server 1m
listen db
    bind 127.0.0.1:{port}
    server s 127.0.0.1:1
""")
    wrapper = ["setpriv", "--reuid", as_user, "--clear-groups"] if as_user else []
    done = subprocess.run([*wrapper, folder.pgsteer(), "-f", config, "-db"], capture_output=True,
                          text=True, timeout=60)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr


def test_the_check_of_the_files_says_what_a_chroot_means(folder):
    config = folder.write("advice.cfg", """
global
    chroot /var/empty
defaults
    timeout connect 1s
    timeout client 1m
    timeout server 1m
listen db
    bind 127.0.0.1:15000
    server s /run/postgresql/.s.PGSQL.5432
""")
    done = subprocess.run([folder.pgsteer(), "-c", "-f", config], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0
    assert "looked for within it: the path of 'db/s'" in done.stdout + done.stderr
    assert "for a reload run with -W" in done.stdout + done.stderr
