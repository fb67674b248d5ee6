#!/usr/bin/python3
"""Measures pgsteer beside HAProxy, both with one thread, alternately in one run (A B A B ...), so that
whatever else the machine does meets both. Each has one plain `listen` in front of the same server.

    bench/compare.py                                  # everything, 5 rounds (about 12 minutes)
    bench/compare.py --only pgbench --rounds 3 --seconds 5
    bench/compare.py --write docs/benchmarks.md       # also fills the table there

What is compared: CPU time of the proxy process per transaction, per connection or per gigabyte (the
scheduler's nanoseconds of all its threads), throughput, and memory per idle session."""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from stack import (Folder, Postgres, Process, Proxy, cpu_seconds, free_port, postgres_bin,
                   resident_bytes, wait_until)

HERE = Path(__file__).resolve().parent
MEASURES = ["pgbench", "copy", "short", "idle"]


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--pgsteer", type=Path, default=HERE.parent / "build/release/pgsteer")
    p.add_argument("--programs", type=Path, help="folder of the bench_* programs "
                   "(default: bench/ beside the pgsteer program)")
    p.add_argument("--haproxy", type=Path, default=Path("/usr/sbin/haproxy"))
    p.add_argument("--only", default=",".join(MEASURES), help="of: " + ", ".join(MEASURES))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=int, default=8, help="of each pgbench run")
    p.add_argument("--clients", default="1,8,64")
    p.add_argument("--megabytes", type=int, default=1024, help="of each COPY")
    p.add_argument("--connections", type=int, default=20000, help="short ones, of each run")
    p.add_argument("--concurrent", type=int, default=16, help="short connections at a time")
    p.add_argument("--sessions", type=int, default=9000, help="idle ones")
    p.add_argument("--json", type=Path, help="write all numbers of all rounds here")
    p.add_argument("--write", type=Path, help="put the table between the markers of this file")
    options = p.parse_args()
    options.pgsteer = options.pgsteer.resolve()
    options.programs = (options.programs or options.pgsteer.parent / "bench").resolve()
    options.only = options.only.split(",")
    options.clients = [int(n) for n in options.clients.split(",")]
    unknown = set(options.only) - set(MEASURES)
    if unknown:
        p.error(f"unknown measure: {', '.join(sorted(unknown))}")
    for needed in (options.pgsteer, options.haproxy, options.programs / "bench_echo_server"):
        if not needed.exists():
            p.error(f"{needed} is missing; build first: cmake --preset release && "
                    "ninja -C build/release pgsteer bench_programs")
    return options


def measured(proxy, work):
    """Runs work() and answers its result with the CPU seconds the proxy used for it."""
    before = cpu_seconds(proxy.process.pid)
    result = work()
    time.sleep(0.2)  # what the proxy does after the client has gone belongs to the work
    return result, cpu_seconds(proxy.process.pid) - before


class Bench:
    """Numbers by row: {row: {contestant: [one number a round]}}."""

    def __init__(self, options):
        self.options, self.numbers, self.better = options, {}, {}
        self.folder = Folder()
        self.contestants = {"HAProxy": options.haproxy, "pgsteer": options.pgsteer}
        self.started = []

    def note(self, row, contestant, value, better="less"):
        self.better[row] = better
        self.numbers.setdefault(row, {}).setdefault(contestant, []).append(value)

    def proxies(self, target):
        made = {name: Proxy.plain(program, name, self.folder, target)
                for name, program in self.contestants.items()}
        self.started += made.values()
        return made

    def alternate(self, proxies, what, measure):
        for turn in range(self.options.rounds):
            for name, proxy in proxies.items():
                print(f"\r{what}, round {turn + 1}: {name}            ", end="", file=sys.stderr)
                measure(name, proxy)
        print("\r" + " " * 70 + "\r", end="", file=sys.stderr)

    def client(self, program, *args):
        command = [str(self.options.programs / program), *map(str, args)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def stop(self, processes):
        for process in processes:
            process.stop()

    # (a) and (b): against PostgreSQL
    def against_postgres(self):
        postgres = Postgres(self.folder, more="wal_level = minimal\nmax_wal_senders = 0")
        self.started.append(postgres)
        postgres.start()
        postgres.sql("CREATE UNLOGGED TABLE copy_target (line text)")
        proxies = self.proxies(postgres.port)
        if "pgbench" in self.options.only:
            postgres.run("pgbench", "-i", "-q", "-s", "10", "-h", postgres.host, "-p",
                         str(postgres.port), "-U", "postgres", "postgres")
            for clients in self.options.clients:
                self.alternate(proxies, f"pgbench, {clients} clients",
                               lambda name, proxy: self.pgbench(name, proxy, clients))
        if "copy" in self.options.only:
            for way in ("out", "in"):
                self.alternate(proxies, f"COPY {way}",
                               lambda name, proxy: self.copy(name, proxy, way))
        self.stop([*proxies.values(), postgres])

    def pgbench(self, name, proxy, clients):
        command = [str(postgres_bin() / "pgbench"), "-S", "-M", "prepared", "-n", "-c", str(clients),
                   "-j", str(min(clients, 2)), "-T", str(self.options.seconds), "-h", "127.0.0.1",
                   "-p", str(proxy.port), "-U", "postgres", "postgres"]
        done, cpu = measured(proxy, lambda: subprocess.run(command, capture_output=True, text=True))
        count = re.search(r"actually processed: (\d+)", done.stdout)
        failed = re.search(r"failed transactions: (\d+)", done.stdout)
        if done.returncode != 0 or not count or (failed and int(failed.group(1))):
            raise RuntimeError(f"pgbench through {name}: {done.stdout}{done.stderr}")
        tps = float(re.search(r"tps = ([\d.]+)", done.stdout).group(1))
        row = f"pgbench -S, {clients} client{'s' if clients > 1 else ''}"
        self.note(f"{row}: CPU µs per transaction", name, cpu * 1e6 / int(count.group(1)))
        self.note(f"{row}: transactions per second", name, tps, "more")

    def copy(self, name, proxy, way):
        work = lambda: self.client("bench_copy_stream", proxy.port, way, self.options.megabytes)
        result, cpu = measured(proxy, work)
        self.note(f"COPY {way}: MB/s", name, result["bytes"] / 1e6 / result["seconds"], "more")
        self.note(f"COPY {way}: CPU ms per GB", name, cpu * 1e3 / (result["bytes"] / 1e9))

    # (c) and (d): against a server that costs nothing
    def echo(self, *flags):
        port = free_port()
        server = Process([self.options.programs / "bench_echo_server", port, *flags],
                         self.folder.path / f"echo-{port}.log")
        self.started.append(server)
        wait_until("the echo server is ready", lambda: "ready" in server.tail())
        return server, port

    def short_connections(self):
        for kind, label in (("byte", "short connection with one byte echoed"),
                            ("client-ends", "short connection without a byte, ended by the client"),
                            ("server-closes", "short connection, closed at once by the server")):
            server, port = self.echo(*(["--close-at-once"] if kind == "server-closes" else []))
            proxies = self.proxies(port)
            self.alternate(proxies, label,
                           lambda name, proxy: self.short(name, proxy, kind, label))
            self.stop([*proxies.values(), server])

    def short(self, name, proxy, kind, label):
        work = lambda: self.client("bench_short_connections", proxy.port, self.options.connections,
                                   self.options.concurrent, kind)
        result, cpu = measured(proxy, work)
        if result["failed"]:
            raise RuntimeError(f"{result['failed']} short connections failed through {name}")
        self.note(f"{label}: CPU µs", name, cpu * 1e6 / result["connections"])
        self.note(f"{label}: per second", name, result["connections"] / result["seconds"], "more")

    def idle_sessions(self):
        server, port = self.echo()
        for name in self.contestants:
            proxy = Proxy.plain(self.contestants[name], f"idle-{name}", self.folder, port)
            self.started.append(proxy)
            before = resident_bytes(proxy.process.pid)
            count = self.options.sessions
            client = subprocess.Popen(
                [str(self.options.programs / "bench_idle_sessions"), str(proxy.port), str(count)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if client.stdout.readline() != "ready\n":
                raise RuntimeError(f"{count} idle sessions through {name} failed: "
                                   f"{proxy.process.tail()}")
            time.sleep(2)
            grown = resident_bytes(proxy.process.pid) - before
            self.note("idle session: bytes of memory", name, grown / count)
            client.stdin.close()
            client.wait()
            self.stop([proxy])
        self.stop([server])

    def run(self):
        if {"pgbench", "copy"} & set(self.options.only):
            self.against_postgres()
        if "short" in self.options.only:
            self.short_connections()
        if "idle" in self.options.only:
            self.idle_sessions()


def table(bench):
    """Medians, and the median of the rounds' own ratios (neighbours in time) with its range."""
    lines = ["| what | HAProxy | pgsteer | ratio | range of the ratio | better is |",
             "| --- | ---: | ---: | ---: | --- | --- |"]
    for row, by_name in bench.numbers.items():
        haproxy, pgsteer = by_name["HAProxy"], by_name["pgsteer"]
        ratios = [b / a for a, b in zip(haproxy, pgsteer) if a > 0]
        shown = [f"{v:,.2f}" if v < 100 else f"{v:,.0f}"
                 for v in (statistics.median(haproxy), statistics.median(pgsteer))]
        if ratios:
            shown += [f"{statistics.median(ratios):.2f}", f"{min(ratios):.2f} – {max(ratios):.2f}"]
        else:
            shown += ["–", "–"]
        lines.append(f"| {row} | {' | '.join(shown)} | {bench.better[row]} |")
    return "\n".join(lines)


def machine(options):
    version = lambda *command: subprocess.run(command, capture_output=True,
                                              text=True).stdout.split("\n")[0]
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return (f"{time.strftime('%Y-%m-%d')}, {cpu.group(1) if cpu else platform.machine()}, "
            f"{len(os.sched_getaffinity(0))} cores, Linux {platform.release()}; "
            f"{version(str(options.haproxy), '-v').split(' - ')[0]}; "
            f"{version(str(postgres_bin() / 'postgres'), '-V')}; {options.rounds} rounds")


def put_between(path, name, text):
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    old = path.read_text()
    if begin not in old or end not in old:
        raise SystemExit(f"{path} has no '{begin}' ... '{end}'")
    head, rest = old.split(begin, 1)
    path.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}")


def main():
    options = arguments()
    bench = Bench(options)
    try:
        bench.run()
    finally:
        bench.stop(reversed(bench.started))
        bench.folder.remove()
    where, result = machine(options), table(bench)
    print(f"{where}\n\n{result}")
    if options.json:
        options.json.write_text(json.dumps({"machine": where, "numbers": bench.numbers}, indent=1))
    if options.write:
        put_between(options.write, "compare", f"{where}\n\n{result}")


if __name__ == "__main__":
    main()
