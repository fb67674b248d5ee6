"""Twin: one of the two programs on a corpus file in a machine of its own, with clients beside it and the
nodes behind a cable. The file's ports, addresses and names are really there."""

import base64
import contextlib
import os
import socket
import subprocess
from dataclasses import dataclass

from harness.machine import Machine, link
from harness.nameserver import Nameserver
from harness.nodes import startup
from harness.process import Process
from harness.runtime import Runtime
from harness.waits import STRETCH, wait_until

# What is private to a program: /run, its chroot, and the files that name other machines.
PRIVATE = """
set -e
mount -t tmpfs none /run; mkdir -p /run/haproxy /run/pgsteer
mount -t tmpfs none /var/lib/haproxy; mkdir /var/lib/haproxy/dev
mount --bind "$1/hosts" /etc/hosts; mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/etc" /etc/haproxy
shift; exec "$@"
"""
HELD_SECONDS = 0.3  # a client that hears nothing for so long waits
ANSWER_SECONDS = 5
HELD, CLOSED, RESET, TOLD = "held", "closed", "reset", "told"


@dataclass
class Session:
    door: object
    socket: socket.socket
    outcome: str  # who serves it, or how it was turned away

    @property
    def served(self):
        return self.outcome not in (HELD, CLOSED, RESET, TOLD)

    @property
    def cut(self):
        try:
            return self.socket.recv(100, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True


def outcome(data):
    if data[:1] == b"R":
        return data[data.index(b"node\0") + 5:].split(b"\0", 1)[0].decode()
    return TOLD if data[:1] == b"E" else CLOSED


class Twin:
    def __init__(self, kind, site, folder):
        self.kind, self.site, self.folder = kind, site, folder
        self.near, self.far = Machine(), Machine()
        addresses = {e.address for n in site.nodes for e in n.endpoints}
        # Where the program listens on a node's address it runs on that node.
        behind = {a for a in addresses if not a.startswith("127.")} - site.own
        self.near.have(site.own)
        self.far.have(behind)
        link(self.near, self.far, behind)
        for node in site.nodes:
            for endpoint in node.endpoints:
                endpoint.machines.append(self.far if endpoint.address in behind else self.near)
        self.nameservers = [self.near.run(Nameserver, site.zone, address)
                            for address in site.nameservers]
        self.process, self.sessions = None, []

    def command(self, *words):
        program = "/usr/sbin/haproxy" if self.kind == "haproxy" else self.folder.pgsteer()
        return ["unshare", "--mount", "--propagation", "private", "sh", "-c", PRIVATE, "sh",
                self.home, program, *words]

    def prepare(self, text):
        self.home = self.folder.make(f"{self.kind}-{self.site.path.stem}")
        self.socket = self.home / "stats.sock"
        (self.home / "hosts").write_text(self.site.hosts())
        (self.home / "resolv.conf").write_text(
            "".join(f"nameserver {host}\n" for host, port in self.site.nameservers if port == 53))
        etc = self.home / "etc"
        etc.mkdir()
        for path in (self.site.path.parents[1] / "etc").iterdir():
            (etc / path.name).write_bytes(path.read_bytes())
            (etc / path.name).chmod(0o755)
        (etc / "haproxy.cfg").write_text(text)
        (self.home / "watch.cfg").write_text(f"global\n    stats socket {self.socket} level admin\n")

    def start(self):
        self.prepare(self.site.quick_text(self.kind))
        command = self.command("-f", self.home / "watch.cfg", "-f", "/etc/haproxy/haproxy.cfg", "-db")
        self.process = self.near.run(Process, f"{self.kind}-{self.site.path.stem}", command,
                                     self.folder, env=self.site.env)
        self.runtime = Runtime(self.socket)
        wait_until(f"{self.kind} has its socket", self._answers)

    def check(self):
        """What it says of the file as it is: exit status and text."""
        self.prepare(self.site.text_for(self.kind))
        done = self.near.run(subprocess.run, self.command("-c", "-f", "/etc/haproxy/haproxy.cfg"),
                             capture_output=True, text=True, timeout=60 * STRETCH,
                             env={**os.environ, **self.folder.sanitizer_environment(), **self.site.env})
        return done.returncode, done.stdout + done.stderr

    def _answers(self):
        self.process.must_run()
        with contextlib.suppress(OSError):
            return self.runtime.stat()
        return None

    def connect(self, door, source):
        """A new client; it says what it is and waits for what it gets."""
        family = socket.AF_INET6 if ":" in door.address else socket.AF_INET
        s = self.near.run(socket.socket, family)
        s.settimeout(ANSWER_SECONDS * STRETCH)
        try:
            if source != "127.0.0.1" and family == socket.AF_INET:
                s.bind((source, 0))
            s.connect((door.address, door.port))
            if door.proxied:
                s.sendall(f"PROXY TCP4 {source} 10.9.9.9 4000 5432\r\n".encode())
            s.sendall(startup())
            s.settimeout(HELD_SECONDS * STRETCH)
            how = outcome(s.recv(1000))
        except TimeoutError:
            how = HELD
        except ConnectionError:
            how = RESET
        s.setblocking(False)
        session = Session(door, s, how)
        self.sessions.append(session)
        return session

    def round(self, door, count):
        """So many clients, one after the other; they stay. Who waits is not joined by others from there."""
        came, waiting = [], set()
        for number in range(count):
            source = self.site.clients[number % len(self.site.clients)]
            came.append(HELD if source in waiting else self.connect(door, source).outcome)
            if came[-1] == HELD:
                waiting.add(source)
        return came

    def leave(self):
        for session in self.sessions:
            session.socket.close()
        self.sessions.clear()

    def page(self, door, user=None):
        """The first line of what a stats page answers."""
        known = f"Authorization: Basic {base64.b64encode(user.encode()).decode()}\r\n" if user else ""
        with self.near.run(socket.socket) as s:
            s.settimeout(ANSWER_SECONDS * STRETCH)
            s.connect((door.address, door.port))
            s.sendall(f"GET {door.page} HTTP/1.0\r\n{known}\r\n".encode())
            return s.recv(1000).split(b"\r\n")[0].decode("latin-1")

    def stop(self):
        self.leave()
        if self.process:
            self.process.stop()
        for nameserver in self.nameservers:
            nameserver.stop()
        self.near.stop()
        self.far.stop()
