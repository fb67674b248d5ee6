"""The runtime API as its clients see it: a unix or TCP socket, lines in, text out."""

import re
import socket

from harness.process import free_port
from harness.proxy import Proxy
from harness.waits import wait_until


class Runtime:
    """The stats socket of a running proxy. ask() is one connection a line, as socat's users do."""

    def __init__(self, address):
        self.address = address

    def connect(self):
        family = socket.AF_INET if isinstance(self.address, tuple) else socket.AF_UNIX
        s = socket.socket(family, socket.SOCK_STREAM)
        s.settimeout(20)
        s.connect(self.address if isinstance(self.address, tuple) else str(self.address))
        return s

    def ask(self, line):
        with self.connect() as s:
            s.sendall(line.encode() + b"\n")
            return read_all(s)

    def stat(self):
        """{(proxy, name): {column: value}} of `show stat`."""
        lines = self.ask("show stat").splitlines()
        names = lines[0].removeprefix("# ").split(",")
        rows = [dict(zip(names, line.split(","))) for line in lines[1:] if line]
        return {(row["pxname"], row["svname"]): row for row in rows}


def read_all(s):
    received = b""
    while piece := s.recv(65536):
        received += piece
    return received.decode()


def read_until(s, end):
    received = b""
    while not received.endswith(end):
        piece = s.recv(65536)
        assert piece, f"the socket was closed after {received!r}"
        received += piece
    return received.decode()


class Tools:
    """Two ports with two unchecked servers each and a stats page, the same text for both programs."""

    def __init__(self, kind, folder, servers, more_global="", options="", listen=""):
        self.home = folder.make(f"run-{kind}")
        self.ports = [free_port(), free_port(), free_port()]
        self.socket = self.home / "admin.sock"
        one, two, page = self.ports
        lines = "\n".join(f"    server s{n} {address} weight {n * 10} maxconn {n * 5} {options}"
                          for n, address in enumerate(servers, 1))
        text = f"""
global
    stats socket {self.socket} level admin
    maxconn 100
    nbthread 2
    {more_global}
defaults
    mode tcp
    retries 2
    timeout connect 2s
    timeout client 30m
    timeout server 30m
listen stats
    mode http
    bind 127.0.0.1:{page}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    stats enable
    stats uri /
listen one
    bind 127.0.0.1:{one}
    {listen}
{lines}
frontend two
    bind 127.0.0.1:{two}
    default_backend back
backend back
    balance leastconn
{lines}
    server spare {servers[0]} backup disabled
"""
        self.proxy = Proxy(kind, folder, text, self.ports)
        wait_until("the stats socket is there", self.socket.exists)
        self.runtime = Runtime(self.socket)

    def stop(self):
        self.proxy.stop()


# What differs by nature: the programs' names and versions, times, addresses of memory.
MASKS = ((re.compile(r"2\.6\.12-\S+|\d+\.\d+\.\d+$", re.M), "VERSION"),
         (re.compile(r"\[\d\d/\w{3}/\d{4}:[\d:.]+\]"), "[TIME]"),
         (re.compile(r"unix@\S+"), "unix@PATH"))


def masked(text):
    for pattern, name in MASKS:
        text = pattern.sub(name, text)
    return text
