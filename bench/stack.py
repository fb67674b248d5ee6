"""The programs a benchmark starts (PostgreSQL, proxies, small clients), each with a way to wait until
it is ready, and the two numbers read from a proxy: CPU time and resident memory.

Everything started here dies with the script (parent-death signal), also when it is killed."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

AS_ROOT = os.geteuid() == 0


def postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name))
    if not found:
        raise SystemExit("no PostgreSQL server programs under /usr/lib/postgresql/*/bin")
    return found[-1]


def free_port(host="127.0.0.1") -> int:
    with socket.socket() as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def wait_until(what, condition, seconds=30.0, pause=0.02):
    """Polls until condition() is true; raises with `what` when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(pause)


def accepts(port, host="127.0.0.1") -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads, from the scheduler's nanoseconds (not the 10 ms ticks of stat)."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"no Rss of process {pid}")


def command_as(user, command, death_signal="KILL"):
    """The command line that runs `command` as `user` and ends it when this script dies."""
    prefix = ["setpriv", "--pdeathsig", death_signal]
    if user and AS_ROOT:
        prefix += ["--reuid", user, "--regid", user, "--init-groups"]
    return prefix + [str(part) for part in command]


class Folder:
    """A temporary folder that user postgres may use; removed at the end."""

    def __init__(self, parent=None):
        if parent is None and os.path.isdir("/dev/shm"):
            free = os.statvfs("/dev/shm")
            if free.f_bavail * free.f_frsize > 8 << 30:
                parent = "/dev/shm"  # the disk is not what is measured
        self.path = Path(tempfile.mkdtemp(prefix="pgsteer-bench-", dir=parent))
        os.chmod(self.path, 0o755)

    def make(self, name, user=None) -> Path:
        path = self.path / name
        path.mkdir()
        if user and AS_ROOT:
            entry = pwd.getpwnam(user)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def write(self, name, text, mode=0o644) -> Path:
        path = self.path / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Process:
    """One child; `log` gets its output."""

    def __init__(self, command, log, user=None, death_signal="KILL", env=None, namespace=None):
        self.log = Path(log)
        within = ["ip", "netns", "exec", namespace] if namespace else []  # it becomes the command
        with open(self.log, "ab") as out:
            self.child = subprocess.Popen(
                within + command_as(user, command, death_signal), stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True, env=env, cwd="/")
        self.pid = self.child.pid

    def running(self):
        return self.child.poll() is None

    def stop(self, how=signal.SIGTERM, seconds=20):
        if self.running():
            self.child.send_signal(how)
            try:
                self.child.wait(seconds)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()

    def tail(self):
        return self.log.read_text(errors="replace")[-2000:]


POSTGRES_SETTINGS = """
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 256MB
max_connections = 200
max_wal_size = 8GB
checkpoint_timeout = 1h
autovacuum = off
logging_collector = off
{more}
"""


class Postgres:
    def __init__(self, folder, name="pg", host="127.0.0.1", more="", data=None, namespace=None):
        self.host, self.name, self.namespace = host, name, namespace
        self.port = free_port() if namespace else free_port(host)
        self.folder, self.process = folder, None
        self.data = data or folder.make(name, "postgres")
        if data is None:
            self.run("initdb", "-A", "trust", "-N", "-U", "postgres", "-D", self.data)
        self.configure(more)

    def configure(self, more):
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(POSTGRES_SETTINGS.format(host=self.host, port=self.port, more=more))

    def run(self, program, *arguments):
        done = subprocess.run(command_as("postgres", [postgres_bin() / program, *arguments]),
                              capture_output=True, text=True, cwd="/")
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.strip()}")
        return done.stdout

    def start(self):
        log = self.folder.path / f"{self.name}.log"
        self.process = Process([postgres_bin() / "postgres", "-D", self.data], log, "postgres", "INT",
                               namespace=self.namespace)
        wait_until(f"{self.name} accepts queries", self.ready, 60)
        return self

    def ready(self):
        if not self.process.running():
            raise RuntimeError(f"{self.name} ended: {self.process.tail()}")
        command = [postgres_bin() / "pg_isready", "-q", "-h", self.host, "-p", str(self.port)]
        return subprocess.run(command).returncode == 0

    def sql(self, text):
        return self.run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.host,
                        "-p", str(self.port), "-U", "postgres", "-c", text, "postgres").strip()

    def processes(self):
        """The postmaster and its children, the postmaster first."""
        pids = [self.process.pid]
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                stat = Path(f"/proc/{name}/stat").read_text()
                if int(stat.rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    pids.append(int(name))
        return pids

    def signal_all(self, number):
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self):
        if self.process and self.process.running():
            self.signal_all(signal.SIGCONT)  # a frozen one cannot hear SIGINT
            self.process.stop(signal.SIGINT)


PLAIN_PROXY = """
global
    nbthread 1
    maxconn 9600

defaults
    mode tcp
    timeout connect 5s
    timeout client 30m
    timeout server 30m

listen bench
    bind 127.0.0.1:{port}
    maxconn 9600
    server target 127.0.0.1:{target}
"""


class Proxy:
    """HAProxy or pgsteer: both take `-f FILE -db -q`."""

    def __init__(self, program, name, folder, text, ports):
        path = folder.write(f"{name}.cfg", text)
        self.name, self.ports = name, ports
        self.process = Process([program, "-f", path, "-db", "-q"], folder.path / f"{name}.log")
        for port in ports:
            wait_until(f"{name} listens on {port}", lambda: self.listens(port), 20)

    @classmethod
    def plain(cls, program, name, folder, target):
        port = free_port()
        return cls(program, f"{name}-{target}-{port}", folder,
                   PLAIN_PROXY.format(port=port, target=target), [port])

    def listens(self, port):
        if not self.process.running():
            raise RuntimeError(f"{self.name} ended: {self.process.tail()}")
        return accepts(port)

    @property
    def port(self):
        return self.ports[0]

    def stop(self):
        self.process.stop(signal.SIGKILL)
