#!/usr/bin/python3
"""Does showing 1,000 servers touch the relay? Round trips of 64 bytes through a listener of a router
that has 1,000 servers, alternately while nobody looks, while Prometheus would (once a second) and while
somebody asks for the metrics without a pause.

    bench/views.py --pgsteer build/release/pgsteer --rounds 3
"""

import argparse
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PORT, PAGE, ECHO = 28431, 28432, 28433


def echo():
    listener = socket.create_server(("127.0.0.1", ECHO))

    def serve(s):
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            while data := s.recv(4096):
                s.sendall(data)

    def loop():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()


def configuration():
    lines = [f"""global
    maxconn 1000
    nbthread 1
    quiet
defaults
    mode tcp
    timeout connect 1s
    timeout client 1m
    timeout server 1m
listen page
    mode http
    bind 127.0.0.1:{PAGE}
    stats enable
    stats uri /
listen echo
    bind 127.0.0.1:{PORT}
    server echo 127.0.0.1:{ECHO}"""]
    for b in range(10):
        lines.append(f"backend b{b}")
        lines += [f"    server pg{s} 127.0.2.{b}:{10000 + s}" for s in range(100)]
    return "\n".join(lines) + "\n"


def round_trips(seconds):
    """Microseconds, sorted."""
    times = []
    with socket.create_connection(("127.0.0.1", PORT)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            began = time.perf_counter()
            s.sendall(b"x" * 64)
            got = 0
            while got < 64:
                got += len(s.recv(64 - got))
            times.append((time.perf_counter() - began) * 1e6)
    return sorted(times)


SCRAPER = ("import sys,time,urllib.request\n"
           "while True:\n"
           " urllib.request.urlopen(sys.argv[1],timeout=30).read(); time.sleep(float(sys.argv[2]))\n")


@contextlib.contextmanager
def scraped(pause):
    if pause is None:
        yield
        return
    child = subprocess.Popen(["nice", sys.executable, "-c", SCRAPER,
                              f"http://127.0.0.1:{PAGE}/metrics", str(pause)])
    try:
        yield
    finally:
        child.kill()
        child.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pgsteer", default="build/release/pgsteer")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    flags = parser.parse_args()
    echo()
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
        file.write(configuration())
        file.flush()
        router = subprocess.Popen([flags.pgsteer, "-f", file.name, "-db", "-q"])
        try:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{PAGE}/;csv", timeout=5).read()
                    break
                time.sleep(0.1)
            print("| looked at | round trips | p50 us | p99 us | p99.9 us |\n| --- | --- | --- | --- | --- |")
            for _ in range(flags.rounds):
                for name, pause in (("never", None), ("once a second", 1), ("without a pause", 0)):
                    with scraped(pause):
                        times = round_trips(flags.seconds)
                    p = [times[int(len(times) * part)] for part in (0.5, 0.99, 0.999)]
                    print(f"| {name} | {len(times)} | " + " | ".join(f"{t:.0f}" for t in p) + " |",
                          flush=True)
        finally:
            router.terminate()
            router.wait()
    os._exit(0)


if __name__ == "__main__":
    main()
