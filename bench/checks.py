#!/usr/bin/python3
"""What a check costs: xinetd and the status script, the same under `pgsteer inetd`, shared, from memory, and
`pgsteer agent`, alternately in one run on one PostgreSQL. CPU time is that of the server, its children and
PostgreSQL together; the client's is not counted. Run as root: bench/checks.py [--seconds 3] [--rounds 3]."""

import argparse
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/system"))

from harness.inetd import PGSTEER, XINETD, Inetd, received, service  # noqa: E402
from harness.postgres import Node  # noqa: E402
from harness.process import Folder, Process, cpu_seconds, descendants, free_port, listens, postgres_bin  # noqa: E402
from harness.waits import wait_until  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


def cpu_of(root):
    total = 0.0
    for pid in [root, *descendants(root)]:
        try:
            total += cpu_seconds(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended; its parent has waited for it
    return total


def scheduled_of(root):
    """Of what runs now, in the scheduler's nanoseconds: exact where clock ticks would see little."""
    total = 0
    for pid in [root, *descendants(root)]:
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            total += int(task.read_text().split()[0])
    return total / 1e9


def by_threads(port, seconds, clients):
    """Checks answered by all clients in the time: a client that bears the script's kind of HTTP."""
    end = time.monotonic() + seconds
    counts, failures = [0] * clients, []

    def ask(slot):
        while time.monotonic() < end:
            try:
                raw = received(port, b"OPTIONS / HTTP/1.0\r\n\r\n", timeout=20)
            except OSError:
                raw = b""
            if b"HTTP/1." in raw:
                counts[slot] += 1
            else:
                failures.append(raw)
    threads = [threading.Thread(target=ask, args=(slot,)) for slot in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), len(failures)


def by_wrk(port, seconds, clients):
    """The same; a client that is cheap enough not to be what is measured."""
    done = subprocess.run(["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s", "-H",
                           "Connection: close", f"http://127.0.0.1:{port}/"],
                          capture_output=True, text=True, check=True).stdout
    answered = int(re.search(r"(\d+) requests in", done)[1])
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done)
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", done)
    lost = sum(map(int, errors.groups())) if errors else 0
    return answered, lost + (int(wrong[1]) if wrong else 0)


class Variant(NamedTuple):
    load: Callable
    start: Callable  # (folder, port) to a program with .process and .stop()


class Agent:
    def __init__(self, folder, port, conninfo):
        self.process = Process("agent", [folder.pgsteer(), "agent", "--listen", f"127.0.0.1:{port}",
                                         "--conninfo", conninfo], folder, "postgres")
        wait_until("the agent listens", lambda: self.process.must_run() and listens(port))

    def stop(self):
        self.process.stop()


def variants_of(folder, node):
    script = folder.write("pgsqlchk", (ROOT / "examples/pgsqlchk").read_text(), 0o755)
    variables = f"PGHOST=127.0.0.1 PGPORT={node.port} PGUSER=postgres PGBIN={postgres_bin()}"
    conninfo = f"host=127.0.0.1 port={node.port} user=postgres dbname=postgres"

    def inetd(kind, server, **more):
        return lambda folder, port: Inetd(kind, folder, service(port, server, **more), [port])
    memory = {"user": None, "pgsteer_answer": "pgsql-status", "pgsteer_conninfo": conninfo}
    return {
        "xinetd, script": Variant(by_threads, inetd(XINETD, script, env=variables)),
        "pgsteer inetd, the same script": Variant(by_threads, inetd(PGSTEER, script, env=variables)),
        "… and pgsteer_share = 100ms": Variant(
            by_threads, inetd(PGSTEER, script, env=variables, pgsteer_share="100ms")),
        "… and pgsteer_answer": Variant(by_wrk, inetd(PGSTEER, None, **memory)),
        "pgsteer agent": Variant(by_wrk, lambda folder, port: Agent(folder, port, conninfo)),
    }


def idle_shares(folder, node, seconds):
    """Of one core, that an agent uses while nobody asks, and PostgreSQL for it, beyond what it uses anyway."""
    def spent(*pids):
        before = [scheduled_of(pid) for pid in pids]
        time.sleep(seconds)
        return [(scheduled_of(pid) - was) / seconds for pid, was in zip(pids, before)]
    alone, = spent(node.process.pid)
    rows = []
    for how, host in (("its local socket", node.data.parent), ("127.0.0.1", "127.0.0.1")):
        agent = Agent(folder, free_port(), f"host={host} port={node.port} user=postgres dbname=postgres")
        try:
            time.sleep(1)
            own, postgresql = spent(agent.process.pid, node.process.pid)
        finally:
            agent.stop()
        rows.append(f"| {how} | {own:.2%} | {postgresql - alone:.2%} |")
    return rows


def with_local_socket(node):
    with open(node.data / "postgresql.conf", "a") as conf:
        conf.write(f"unix_socket_directories = '{node.data.parent}'\n")
    with open(node.data / "pg_hba.conf", "a") as access:
        access.write("local all all trust\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--idle", type=float, default=30, help="seconds of watching the agent idle")
    parser.add_argument("--only", help="a word of the variants to measure")
    parser.add_argument("--write", type=Path, help="file whose table between the markers to replace")
    options = parser.parse_args()
    folder = Folder()
    node = Node("bench", "127.0.0.1", free_port(), folder)
    node.initialise()
    with_local_socket(node)
    node.start()
    node.sql("create role checker login")
    variants = {name: variant for name, variant in variants_of(folder, node).items()
                if not options.only or options.only in name}
    rows = {name: [] for name in variants}
    lost = {name: 0 for name in variants}
    idle = []
    try:
        for _ in range(options.rounds):
            for name, variant in variants.items():
                port = free_port()
                program = variant.start(folder, port)
                by_threads(port, 0.5, 1)
                before = cpu_of(program.process.pid) + cpu_of(node.process.pid)
                start = time.monotonic()
                done, failed = variant.load(port, options.seconds, options.clients)
                passed = time.monotonic() - start
                used = cpu_of(program.process.pid) + cpu_of(node.process.pid) - before
                rows[name].append((done / passed, used / max(done, 1) * 1e6))
                lost[name] += failed
                program.stop()
        if "pgsteer agent" in variants:
            idle = idle_shares(folder, node, options.idle)
    finally:
        node.process.kill()
        folder.remove()
    lines = ["| what | checks a second | µs CPU a check | without answer |",
             "| --- | ---: | ---: | ---: |"]
    for name, found in ((n, f) for n, f in rows.items() if f):
        rate = statistics.median(row[0] for row in found)
        cost = statistics.median(row[1] for row in found)
        lines.append(f"| {name} | {rate:,.0f} | {cost:,.0f} | {lost[name]} |")
    if idle:
        lines += ["", f"An agent that nobody asks, which asks PostgreSQL every 50 ms ({options.idle:g} s), of one core:",
                  "", "| PostgreSQL by | agent | PostgreSQL for it |", "| --- | ---: | ---: |", *idle]
    print("\n".join(lines))
    if options.write:
        text = options.write.read_text()
        head, rest = text.split("<!-- checks: begin -->\n")
        tail = rest.split("<!-- checks: end -->")[1]
        options.write.write_text(head + "<!-- checks: begin -->\n" + "\n".join(lines) +
                                 "\n<!-- checks: end -->" + tail)


if __name__ == "__main__":
    main()
