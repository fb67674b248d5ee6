"""Process: one child program with its log. Everything started here is ended by its own pid, and dies
with the tests (parent-death signal) even when they are killed."""

import contextlib
import getpass
import grp
import itertools
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from harness.waits import STRETCH, wait_until

ROOT = Path(__file__).resolve().parents[3]
AS_ROOT = os.geteuid() == 0
SANITIZER_EXIT = 99
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def pgsteer_binary():
    path = Path(os.environ.get("PGSTEER", ROOT / "build/release/pgsteer"))
    return path if path.is_absolute() else ROOT / path


def postgres_bin():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                   key=lambda p: int(p.parent.parent.name))
    if not found:
        raise RuntimeError("no PostgreSQL server under /usr/lib/postgresql/*/bin")
    return found[-1].parent


def run_as(user):
    """The account a program runs under: `user` when the tests are root's, else our own."""
    return user if AS_ROOT else getpass.getuser()


def command_as(user, command, death_signal="KILL"):
    prefix = ["setpriv", "--pdeathsig", death_signal]
    if user and AS_ROOT:
        group = grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
        prefix += ["--reuid", user, "--regid", group, "--init-groups"]
    return prefix + [str(part) for part in command]


# Each pytest worker has its own ports, below the ephemeral range (32768 up), where an outgoing
# connection could sit on a port between our looking and the program's binding.
_PORTS_PER_WORKER = 5000
_given = set()


def free_port(addresses=("127.0.0.1",)):
    first = 11000 + (WORKER % 4) * _PORTS_PER_WORKER
    for _ in range(500):
        port = random.randrange(first, first + _PORTS_PER_WORKER)
        if port not in _given and all(_can_bind(address, port) for address in addresses):
            _given.add(port)
            return port
    raise RuntimeError("no free port found")


def _can_bind(address, port):
    with socket.socket() as s:
        try:
            s.bind((address, port))
            return True
        except OSError:
            return False


def listens(port):
    """Does anything on this machine listen on TCP `port`? Asks the kernel, connects to nothing."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(FileNotFoundError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and words[1].endswith(wanted):
                    return True
    return False


def cpu_seconds(pid):
    """Of the process, and of the children it has waited for."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return sum(int(word) for word in words[11:15]) / os.sysconf("SC_CLK_TCK")


def descendants(pid):
    """All children of children, parents first."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent = int(Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(name))
    found, queue = [], [pid]
    while queue:
        for child in children.get(queue.pop(0), []):
            found.append(child)
            queue.append(child)
    return found


def signal_tree(pid, number):
    """The process first (so that it starts no further child), then all below it."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    for child in descendants(pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)


class Folder:
    """A temporary folder that every account may enter: servers run as postgres and nobody."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="pgsteer-test-"))
        self.path.chmod(0o755)
        for name in ("logs", "sanitizer", "bin"):
            (self.path / name).mkdir()
        (self.path / "sanitizer").chmod(0o1777)
        self._numbers = itertools.count()

    def make(self, name, user=None):
        path = self.unique(name)
        path.mkdir()
        if user and AS_ROOT:
            shutil.chown(path, user)
        return path

    def unique(self, name):
        return self.path / f"{next(self._numbers):03}-{name}"

    def write(self, name, text, mode=0o644):
        path = self.unique(name)
        path.write_text(text)
        path.chmod(mode)
        return path

    def program(self, path):
        """A copy that other accounts may run, wherever the source tree lives."""
        copy = self.path / "bin" / Path(path).name
        if not copy.exists():
            shutil.copyfile(path, copy)
            copy.chmod(0o755)
        return copy

    def pgsteer(self):
        return self.program(pgsteer_binary())

    def sanitizer_environment(self):
        report = f"exitcode={SANITIZER_EXIT}:log_path={self.path}/sanitizer/report"
        return {"ASAN_OPTIONS": f"{report}:detect_stack_use_after_return=1",
                "UBSAN_OPTIONS": f"{report}:print_stacktrace=1",
                "TSAN_OPTIONS": f"{report}:halt_on_error=0"}

    def take_sanitizer_reports(self):
        """What sanitizers wrote since the last call. Not the leak checker's note about a thread that
        ended while it looked: it is followed by a report when anything leaked."""
        text = ""
        for report in sorted((self.path / "sanitizer").iterdir()):
            text += "".join(line for line in report.read_text(errors="replace").splitlines(True)
                            if "Unable to get registers from thread" not in line)
            report.unlink()
        return text

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


class Process:
    running_now = []  # for the logs shown when a test fails

    def __init__(self, name, command, folder, user=None, env=None, death_signal="KILL", pass_fds=(),
                 cwd="/", stdin=subprocess.DEVNULL, network=None):
        self.name = name
        self.log = folder.unique(f"{name}.log")
        environment = {**os.environ, **folder.sanitizer_environment(), **(env or {})}
        within = ["ip", "netns", "exec", network.name] if network else []  # becomes the command
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen(
                within + command_as(user, command, death_signal), stdin=stdin, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True, env=environment, cwd=cwd,
                pass_fds=pass_fds)
        self.pid = self.child.pid
        Process.running_now.append(self)

    def running(self):
        return self.child.poll() is None

    def must_run(self):
        assert self.running(), f"{self.name} ended with {self.child.returncode}:\n{self.output()}"
        return True

    def output(self):
        return self.log.read_text(errors="replace")

    def send(self, number):
        if self.running():
            self.child.send_signal(number)

    def wait_end(self, seconds=20):
        wait_until(f"{self.name} ends", lambda: not self.running(), seconds)
        return self.child.returncode

    def stop(self, how=signal.SIGTERM, seconds=15):
        """Asks it to end and insists; whatever it had started ends with it."""
        family = descendants(self.pid) if self.running() else []
        if self.running():
            self.child.send_signal(how)
            try:
                self.child.wait(seconds * STRETCH)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.forget()
        assert self.child.returncode not in (-signal.SIGSEGV, -signal.SIGABRT, SANITIZER_EXIT), \
            f"{self.name} crashed ({self.child.returncode}):\n{self.output()}"

    def kill(self):
        """SIGKILL to it and everything below it, as when a machine loses power."""
        if self.running():
            signal_tree(self.pid, signal.SIGKILL)
            self.child.wait()
        self.forget()

    def forget(self):
        if self in Process.running_now:
            Process.running_now.remove(self)

    def open_descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident_bytes(self):
        for line in Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"no Rss of {self.name}")


def sanitized(kinds=(b"__asan_init", b"__tsan_init")):
    """Was pgsteer built with a sanitizer? Then its memory is not its own."""
    data = pgsteer_binary().read_bytes()
    return any(kind in data for kind in kinds)
