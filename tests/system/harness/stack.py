"""Stack: the cluster, its status answerers and one proxy on the classic file; reads as an operator
would say it."""

from collections import Counter

import psycopg

from harness import client
from harness.proxy import Ports, Proxy, classic
from harness.status import Status
from harness.waits import wait_until

# Looks in a row that must agree before a route counts as changed: more than there are servers, so
# that round robin would have shown a wrong one.
AGREEING_LOOKS = 6


class Stack:
    def __init__(self, proxy_kind, status_kind, cluster, folder):
        self.proxy_kind, self.cluster, self.folder = proxy_kind, cluster, folder
        self.status = Status(status_kind, cluster, folder)
        self.ports = Ports()
        self.proxy = None

    def start(self, inter="200ms", replace=(), settle=True):
        self.status.start()
        text = classic(self.cluster, self.status.port, self.ports, inter, replace)
        self.proxy = Proxy(self.proxy_kind, self.folder, text, self.ports.all())
        if settle:
            self.expect_writes_at(self.cluster.primary)
            self.expect_reads_at(self.cluster.standbys)
        return self

    def stop(self):
        try:
            if self.proxy:
                self.proxy.stop()
        finally:
            self.status.stop()

    @property
    def knows_roles(self):
        """Do the nodes tell more of themselves than a status, and is it understood?"""
        return self.proxy_kind == "pgsteer" and self.status.kind in ("xinetd_check", "agent")

    @property
    def read_write(self):
        return self.ports.read_write

    @property
    def read_only(self):
        return self.ports.read_only

    def write_session(self):
        return client.connect(self.read_write)

    def expect_writes_at(self, node, seconds=30):
        """New read-write clients reach this node and no other."""
        wanted = client.Reached(node.address, standby=False)
        wait_until(f"writes reach {node} only", lambda: all(
            client.try_ask(self.read_write) == wanted for _ in range(AGREEING_LOOKS)), seconds)

    def expect_reads_at(self, nodes, seconds=30):
        """New read-only clients reach all of these standbys and nothing else."""
        wanted = {client.Reached(node.address, standby=True) for node in nodes}
        wait_until(f"reads reach {nodes} only", lambda: {
            client.try_ask(self.read_only) for _ in range(AGREEING_LOOKS)} == wanted, seconds)

    def expect_no_writes(self, seconds=30):
        """New read-write clients are refused or left waiting: nothing takes them."""
        def refused():
            try:
                client.ask(self.read_write, timeout=8)
                return False
            except psycopg.Error:
                return True
        wait_until("nothing takes writes", refused, seconds)

    def count_reads(self, clients):
        return Counter(client.ask(self.read_only).address for _ in range(clients))
