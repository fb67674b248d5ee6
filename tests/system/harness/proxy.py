"""HAProxy and pgsteer as programs: both take `-f FILE`, and the classic file with a test's addresses."""

import re
import signal

from harness.process import ROOT, Process, free_port, listens
from harness.waits import wait_until

KINDS = ("haproxy", "pgsteer")


class Ports:
    """Free ports in place of the classic 5000, 5001 and 7000."""

    def __init__(self):
        self.read_write, self.read_only, self.stats = free_port(), free_port(), free_port()

    def all(self):
        return [self.read_write, self.read_only, self.stats]


def classic(cluster, status_port, ports, inter=None, replace=()):
    """examples/haproxy.cfg with addresses and ports substituted; `inter` and `replace` only where a
    test says so."""
    text = (ROOT / "examples/haproxy.cfg").read_text()
    for port, own in ((5000, ports.read_write), (5001, ports.read_only), (7000, ports.stats)):
        text = text.replace(f"bind *:{port}", f"bind 127.0.0.1:{own}")
    for node in cluster.nodes:
        text = text.replace(f" {node.name}:5432", f" {node.address}:{node.port}")
    text = text.replace("check port 23267", f"check port {status_port}")
    if inter:
        text = text.replace("inter 3s", f"inter {inter}")
    for old, new in replace:
        assert re.search(old, text), f"the classic file has no {old!r}"
        text = re.sub(old, new, text)
    return text


class Proxy:
    def __init__(self, kind, folder, text, ports, env=None, pass_fds=()):
        self.kind, self.ports = kind, ports
        self.config = folder.write(f"{kind}.cfg", text)
        program = "/usr/sbin/haproxy" if kind == "haproxy" else folder.pgsteer()
        self.process = Process(kind, [program, "-f", self.config, "-db"], folder, env=env,
                               pass_fds=pass_fds)
        for port in ports:
            wait_until(f"{kind} listens on {port}",
                       lambda port=port: self.process.must_run() and listens(port))

    def stop(self):
        self.process.stop(signal.SIGTERM)


def plain(servers, port, options="", defaults="", threads=None):
    """A listener without checks: what is said to its port is said to one of `servers`
    ("NAME ADDRESS:PORT ...")."""
    lines = "\n".join(f"    server {server}" for server in servers)
    nbthread = f"nbthread {threads}" if threads else ""
    return f"""
global
    maxconn 4000
    {nbthread}
defaults
    mode tcp
    retries 2
    timeout connect 2s
    timeout client 30m
    timeout server 30m
    {defaults}
listen relay
    bind 127.0.0.1:{port}
    {options}
{lines}
"""
