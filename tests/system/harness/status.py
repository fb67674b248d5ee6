"""What answers "primary, standby or neither" on each node: a real xinetd with the script, a real xinetd
with `pgsteer check`, or `pgsteer agent`."""

import contextlib
import os
import re
import signal
import socket

from harness.postgres import CHECKER, CHECKER_PASSWORD
from harness.process import ROOT, Process, free_port, listens, postgres_bin, run_as
from harness.waits import wait_until


def conninfo(node):
    # An URI, because xinetd splits server_args at blanks; the password comes by the environment.
    return f"postgresql://{CHECKER}@{node.address}:{node.port}/postgres"


def service_file(server, port, **more):
    """The classic service file with its addresses changed and attributes added."""
    text = (ROOT / "examples/pgsqlchk.xinetd").read_text()
    text = re.sub(r"(port\s*=).*", rf"\1 {port}", text)
    text = re.sub(r"(user\s*=).*", rf"\1 {run_as('nobody')}", text)
    text = re.sub(r"(server\s*=).*", rf"\1 {server}", text)
    added = "".join(f"    {name} = {value}\n" for name, value in more.items())
    return text.replace("}", f"    type = UNLISTED\n{added}}}")


class Xinetd:
    """One real xinetd with one service on one address."""

    def __init__(self, folder, name, address, port, server, arguments="", env=None):
        env = {**folder.sanitizer_environment(), **(env or {})}
        more = {"bind": address, "env": " ".join(f"{k}={v}" for k, v in env.items())}
        if arguments:
            more["server_args"] = arguments
        self.path = folder.write(f"xinetd-{name}.conf", service_file(server, port, **more))
        self.process = Process(
            f"xinetd-{name}",
            ["/usr/sbin/xinetd", "-dontfork", "-f", self.path, "-pidfile", folder.unique("xinetd.pid"),
             "-filelog", folder.unique(f"xinetd-{name}.services")], folder)

    def stop(self):
        self.process.stop(signal.SIGTERM)


class Agent:
    """`pgsteer agent` of one node."""

    def __init__(self, folder, node, port, *more, password=CHECKER_PASSWORD):
        self.node, self.port = node, port
        self.process = Process(
            f"agent-{node.name}",
            [folder.pgsteer(), "agent", "--listen", f"{node.address}:{port}", "--conninfo",
             conninfo(node), *more], folder, "postgres", env={"PGPASSWORD": password},
            network=node.network)
        wait_until("the agent listens", lambda: self.process.must_run() and
                   accepts(node.address, port))

    def stop(self):
        self.process.stop()

    def get(self, method="GET", path="/", timeout=5):
        return http_get(self.node.address, self.port, method, path, timeout)


def accepts(address, port):
    if address.startswith("127.") and not listens(port):  # else in another network namespace
        return False
    try:
        socket.create_connection((address, port), timeout=2).close()
        return True
    except OSError:
        return False


class Answer:
    """A whole HTTP answer as it came, also one with the script's quirks."""

    def __init__(self, raw):
        self.raw = raw
        match = re.search(rb"HTTP/1\.[01] (\d{3}) ?([^\r\n]*)", raw)
        self.status = int(match[1]) if match else None
        head, _, self.body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")[1:]
        self.headers = {name.strip().lower(): value.strip()
                        for name, _, value in (line.partition(":") for line in lines)}


def exchange(address, port, request, timeout=5):
    """Sends the bytes and reads until the other side closes; a reset is an error."""
    with socket.create_connection((address, port), timeout=timeout) as s:
        if request:
            s.sendall(request)
        raw = b""
        while piece := s.recv(65536):
            raw += piece
        return Answer(raw)


def http_get(address, port, method="GET", path="/", timeout=5):
    return exchange(address, port, f"{method} {path} HTTP/1.0\r\n\r\n".encode(), timeout)


SCRIPT, HASTY_SCRIPT = "xinetd_script", "xinetd_hasty_script"
KINDS = (SCRIPT, "xinetd_check", "agent")


def script(kind):
    """With bash's own echo the script ends within 0.1 ms of its first line; the reset that follows (it
    never read the request) then reaches HAProxy 2.6 before the answer is read, and every check fails.
    /bin/echo takes longer. pgsteer must bear both."""
    text = (ROOT / "examples/pgsqlchk").read_text()
    return text.replace("    echo ", "    /bin/echo ") if kind == SCRIPT else text


class Status:
    """One answerer on every node of a cluster, all on one port number."""

    def __init__(self, kind, cluster, folder):
        self.kind, self.cluster, self.folder = kind, cluster, folder
        self.port = free_port(cluster.addresses)
        self.by_node = {}

    def start(self):
        for node in self.cluster.nodes:
            self.start_on(node)
        return self

    def start_on(self, node):
        env = {"PGHOST": node.address, "PGPORT": str(node.port), "PGUSER": CHECKER,
               "PGPASSWORD": CHECKER_PASSWORD, "PGBIN": str(postgres_bin())}
        if self.kind == "agent":
            self.by_node[node] = Agent(self.folder, node, self.port)
            return
        if self.kind in (SCRIPT, HASTY_SCRIPT):
            server, arguments = self.folder.write("pgsqlchk", script(self.kind), 0o755), ""
        else:
            server, arguments = self.folder.pgsteer(), f"check --conninfo {conninfo(node)}"
        xinetd = Xinetd(self.folder, node.name, node.address, self.port, server, arguments, env)
        self.by_node[node] = xinetd
        wait_until("xinetd listens", lambda: xinetd.process.must_run() and
                   accepts(node.address, self.port))

    def stop_on(self, node):
        self.by_node.pop(node).stop()

    @contextlib.contextmanager
    def frozen_on(self, node):
        pid = self.by_node[node].process.pid
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def stop(self):
        for node in list(self.by_node):
            self.stop_on(node)
