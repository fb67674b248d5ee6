#!/usr/bin/python3
"""What it costs to read a configuration: `pgsteer -c` beside `haproxy -c`, alternately, in CPU time.

    cmake --preset release -DPGSTEER_TESTS=OFF -DPGSTEER_BENCH=OFF && ninja -C build/release pgsteer
    bench/parse.py [--pgsteer build/release/pgsteer] [--servers 5000] [--rounds 15]
    bench/parse.py --write docs/benchmarks.md       # also fills the table there
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile

HEAD = """global
    maxconn 20000
defaults
    mode tcp
    timeout client 30m
    timeout connect 4s
    timeout server 30m
    timeout check 5s
"""
LISTEN = """listen rw{number}
    bind *:{port}
    option httpchk OPTIONS /primary
    http-check expect status 200
    default-server inter 3s fall 3 rise 2 on-marked-down shutdown-sessions
"""
SERVER = "    server pg{server} 10.{a}.{b}.{c}:5432 maxconn 100 check port 8008\n"


def configuration(servers: int, a_section: int) -> str:
    text = HEAD
    for first in range(0, servers, a_section):
        text += LISTEN.format(number=first, port=20000 + first // a_section)
        for server in range(first, min(first + a_section, servers)):
            text += SERVER.format(server=server, a=server >> 16 & 255, b=server >> 8 & 255, c=server & 255)
    return text


def put_between(path: pathlib.Path, table: str) -> None:
    begin, end = "<!-- parse: begin -->", "<!-- parse: end -->"
    head, rest = path.read_text(encoding="utf-8").split(begin, 1)
    path.write_text(f"{head}{begin}\n{table}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def cpu_seconds(command: list[str]) -> float:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return used.ru_utime + used.ru_stime


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pgsteer", default="build/release/pgsteer")
    arguments.add_argument("--haproxy", default="haproxy")
    arguments.add_argument("--servers", type=int, default=5000)
    arguments.add_argument("--rounds", type=int, default=15)
    arguments.add_argument("--write", type=pathlib.Path,
                           help="put the table between the markers of this file")
    options = arguments.parse_args()
    lines = [f"| {options.servers} servers, as | haproxy -c, ms | pgsteer -c, ms | ratio |",
             "| --- | --- | --- | --- |"]
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "many.cfg"
        for a_section in (10, 100, options.servers):
            path.write_text(configuration(options.servers, a_section), encoding="utf-8")
            theirs, ours = [], []
            for _ in range(options.rounds):
                theirs.append(cpu_seconds([options.haproxy, "-c", "-q", "-f", str(path)]))
                ours.append(cpu_seconds([options.pgsteer, "-c", "-q", "-f", str(path)]))
            low, high = statistics.median(ours), statistics.median(theirs)
            sections = -(-options.servers // a_section)
            lines.append(f"| {sections} `listen` of {a_section} | {high * 1000:.0f} | "
                         f"{low * 1000:.0f} | {low / high:.2f} |")
    print("\n".join(lines))
    if options.write:
        put_between(options.write, "\n".join(lines))


if __name__ == "__main__":
    main()
