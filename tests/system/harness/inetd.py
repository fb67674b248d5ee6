"""xinetd and `pgsteer inetd` on the same service file, and what a client of either sees."""

import contextlib
import signal
import socket

from harness.process import Process, free_port, listens, run_as
from harness.waits import STRETCH, wait_until

XINETD, PGSTEER = "xinetd", "pgsteer"


def service(port, server, name="check", defaults="", **attributes):
    """One service, complete; `attributes` add to it or replace what it has (None: left out)."""
    values = {"type": "UNLISTED", "socket_type": "stream", "protocol": "tcp", "wait": "no",
              "user": run_as("nobody"), "port": port, "server": server, "cps": "0 0", **attributes}
    lines = "\n".join(f"    {key} {'' if str(value)[:2] in ('+=', '-=') else '='} {value}"
                      for key, value in values.items() if value is not None)
    start = f"defaults\n{{\n{defaults}\n}}\n" if defaults else ""
    return f"{start}service {name}\n{{\n{lines}\n}}\n"


class Inetd:
    """One of the two programs with one file; `listening` are the ports that show it is ready."""

    def __init__(self, kind, folder, text, listening, env=None, within=()):
        self.kind, self.folder = kind, folder
        self.path = folder.write(f"{kind}.conf", text)
        self.own_log = folder.unique(f"{kind}.own.log")
        if kind == XINETD:
            command = ["/usr/sbin/xinetd", "-dontfork", "-f", self.path, "-filelog", self.own_log,
                       "-pidfile", folder.unique("xinetd.pid")]
        else:
            command = [folder.pgsteer(), "inetd", "-f", self.path]
        self.process = Process(kind, [*within, *command], folder, env=env)
        for port in listening:
            wait_until(f"{kind} listens on {port}",
                       lambda port=port: self.process.must_run() and listens(port))

    def stop(self):
        self.process.stop(signal.SIGTERM)


def received(port, send=b"", address="127.0.0.1", timeout=5, half_close=False):
    """What a client gets until the other side ends, by close or reset."""
    data = b""
    with socket.create_connection((address, port), timeout=timeout * STRETCH) as s:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            if send:
                s.sendall(send)
            if half_close:
                with contextlib.suppress(OSError):  # the other side was faster
                    s.shutdown(socket.SHUT_WR)
            while piece := s.recv(65536):
                data += piece
    return data


def pair(folder, ending, make, env=None):
    """The same file, but for its port, under both programs: [(kind, port, program), ...]."""
    found = []
    for kind in (XINETD, PGSTEER):
        port = free_port()
        found.append((kind, port, ending(Inetd(kind, folder, make(port), [port], env))))
    return found
