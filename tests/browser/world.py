"""A real cluster behind pgsteer for the browser tests: prints where things are as one line of JSON, then
obeys one word a line (`kill`, `promote`, `fence`, `heal`, `grow`, `end`) and answers each with another line."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "system"))

from harness import client  # noqa: E402
from harness.postgres import Cluster  # noqa: E402
from harness.process import Folder, Process, free_port  # noqa: E402
from harness.stack import Stack  # noqa: E402
from harness.waits import wait_until  # noqa: E402

PAGE = """stats uri /
    stats refresh 2s
    stats admin if LOCALHOST
    stats show-legends
    stats show-node lb1"""


def many(port):
    """A router with 1,000 servers, none of which answers."""
    lines = [f"defaults\n    mode tcp\n    timeout connect 1s\n    timeout client 1m\n    timeout server 1m\n"
             f"listen page\n    mode http\n    bind 127.0.0.1:{port}\n    stats uri /\n"
             "    stats admin if TRUE\nfrontend front\n"
             f"    bind 127.0.0.1:{free_port()}\n    default_backend b0"]
    for b in range(10):
        lines.append(f"backend b{b}")
        lines += [f"    server pg{s} 127.0.2.{b + 1}:{10000 + s}" for s in range(100)]
    return "\n".join(lines) + "\n"


class World:
    def __init__(self):
        self.folder = Folder()
        self.cluster = Cluster(self.folder)
        self.stack = None
        self.sessions = []
        self.big = None
        self.lost = None

    def start(self):
        self.cluster.create()
        self.stack = Stack("pgsteer", "agent", self.cluster, self.folder)
        self.stack.start(replace=[("stats uri /", PAGE)])
        self.open_sessions()
        return {"page": f"http://127.0.0.1:{self.stack.ports.stats}/",
                "primary": self.cluster.primary.name}

    def open_sessions(self):
        self.sessions = [client.connect(self.stack.read_write) for _ in range(3)]
        self.sessions += [client.connect(self.stack.read_only) for _ in range(5)]

    def kill(self):
        """The primary dies, and nobody takes its place yet: the page has its time to show that."""
        self.lost = self.cluster.primary
        self.lost.kill()
        return {"from": self.lost.name}

    def promote(self):
        """A standby is promoted, as a failover manager would after `kill`."""
        new = next(node for node in self.cluster.standbys if node is not self.lost)
        self.cluster.promote(new)
        self.stack.expect_writes_at(new)
        return {"from": self.lost.name, "to": new.name}

    def fence(self):
        """A standby is promoted while the old primary lives on: it says primary, and may not be used."""
        old, (new, _) = self.cluster.primary, self.cluster.standbys
        self.cluster.promote(new)
        self.stack.expect_writes_at(new)
        return {"from": old.name, "to": new.name}

    def heal(self):
        self.cluster.heal()
        self.stack.expect_writes_at(self.cluster.primary)
        self.stack.expect_reads_at(self.cluster.standbys)
        return {"primary": self.cluster.primary.name}

    def grow(self):
        port = free_port()
        config = self.folder.write("big.cfg", many(port))
        self.big = Process("big", [self.folder.pgsteer(), "-f", config, "-db"], self.folder)
        wait_until("the big router listens", lambda: self.big.must_run() and
                   b" " in Path(f"/proc/{self.big.pid}/net/tcp").read_bytes() and
                   f":{port:04X}" in Path("/proc/net/tcp").read_text())
        return {"page": f"http://127.0.0.1:{port}/"}

    def end(self):
        for session in self.sessions:
            session.close()
        if self.big:
            self.big.stop()
        if self.stack:
            self.stack.stop()
        self.cluster.stop()
        reports = self.folder.take_sanitizer_reports()
        self.folder.remove()
        return {"reports": reports}


def say(value):
    print(json.dumps(value), flush=True)


def main():
    world = World()
    try:
        say(world.start())
        for line in sys.stdin:
            word = line.strip()
            if word == "end":
                break
            say(getattr(world, word)())
    finally:
        say(world.end())


if __name__ == "__main__":
    main()
