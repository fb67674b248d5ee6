#!/usr/bin/env python3
"""What a check costs: xinetd and the status script, the same under `pgsteer inetd`, shared, from memory, and
`pgsteer agent`, alternately in one run on one PostgreSQL. CPU time is that of the server, its children and
PostgreSQL together; the client's is not counted. Run as root: bench/checks.py [--seconds 3] [--rounds 3]."""

import argparse
import os
import statistics
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/system"))

from harness.inetd import PGSTEER, XINETD, Inetd, received, service  # noqa: E402
from harness.postgres import Node  # noqa: E402
from harness.process import Folder, descendants, free_port, postgres_bin  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """Of the process, and of the children it has waited for."""
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return sum(int(word) for word in words[11:15]) / TICK


def cpu_of(root):
    total = 0.0
    for pid in [root, *descendants(root)]:
        try:
            total += cpu_seconds(pid)
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended; its parent has waited for it
    return total


def load(port, seconds, clients):
    """Checks answered by all clients in the time."""
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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--write", type=Path, help="file whose table between the markers to replace")
    options = parser.parse_args()
    folder = Folder()
    node = Node("bench", "127.0.0.1", free_port(), folder)
    node.initialise()
    node.start()
    node.sql("create role checker login")
    script = folder.write("pgsqlchk", (ROOT / "examples/pgsqlchk").read_text(), 0o755)
    variables = f"PGHOST=127.0.0.1 PGPORT={node.port} PGUSER=postgres PGBIN={postgres_bin()}"
    answer = {"user": None, "pgsteer_answer": "pgsql-status",
              "pgsteer_conninfo": f"host=127.0.0.1 port={node.port} user=postgres dbname=postgres"}
    variants = {
        "xinetd, script": (XINETD, script, {"env": variables}),
        "pgsteer inetd, the same script": (PGSTEER, script, {"env": variables}),
        "… and pgsteer_share = 100ms": (PGSTEER, script, {"env": variables,
                                                          "pgsteer_share": "100ms"}),
        "… and pgsteer_answer": (PGSTEER, None, answer),
    }
    rows = {name: [] for name in variants}
    lost = {name: 0 for name in variants}
    try:
        for _ in range(options.rounds):
            for name, (kind, server, more) in variants.items():
                port = free_port()
                program = Inetd(kind, folder, service(port, server, **more), [port])
                load(port, 0.3, 1)
                before = cpu_of(program.process.pid) + cpu_of(node.process.pid)
                start = time.monotonic()
                done, failed = load(port, options.seconds, options.clients)
                passed = time.monotonic() - start
                used = cpu_of(program.process.pid) + cpu_of(node.process.pid) - before
                rows[name].append((done / passed, used / max(done, 1) * 1e6))
                lost[name] += failed
                program.stop()
    finally:
        node.process.kill()
        folder.remove()
    lines = ["| what | checks a second | µs CPU a check | without answer |",
             "| --- | ---: | ---: | ---: |"]
    for name, found in rows.items():
        rate = statistics.median(row[0] for row in found)
        cost = statistics.median(row[1] for row in found)
        lines.append(f"| {name} | {rate:,.0f} | {cost:,.0f} | {lost[name]} |")
    print("\n".join(lines))
    if options.write:
        text = options.write.read_text()
        head, rest = text.split("<!-- checks: begin -->\n")
        tail = rest.split("<!-- checks: end -->")[1]
        options.write.write_text(head + "<!-- checks: begin -->\n" + "\n".join(lines) +
                                 "\n<!-- checks: end -->" + tail)


if __name__ == "__main__":
    main()
