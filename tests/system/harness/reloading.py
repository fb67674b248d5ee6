"""pgsteer before echo servers, and a file that a test writes anew."""

import signal
import socket

from harness.crowd import Echo
from harness.process import free_port
from harness.proxy import Proxy
from harness.runtime import Runtime
from harness.waits import wait_until

RELOADED, REFUSED = "The configuration is reloaded", "Reload refused"


class Reloading:
    """pgsteer before echo servers, and a file that a test writes anew."""

    def __init__(self, folder, ending):
        self.folder, self.ending = folder, ending
        self.home = folder.make("reload")
        self.port, self.other = free_port(), free_port()
        self.socket = self.home / "admin.sock"
        self.runtime = Runtime(self.socket)

    def echo(self, name=b"e"):
        return self.ending(Echo(name))

    def text(self, servers, port=None, more_global="", options="", more=""):
        lines = "\n".join(f"    server {line}" for line in servers)
        return f"""
global
    stats socket {self.socket} level admin
    maxconn 2000
    nbthread 2
    {more_global}
defaults
    mode tcp
    timeout connect 2s
    timeout client 30m
    timeout server 30m
listen db
    bind 127.0.0.1:{port or self.port}
    {options}
{lines}
{more}
"""

    def start(self, *servers, **how):
        self.proxy = self.ending(Proxy("pgsteer", self.folder, self.text(servers, **how), [self.port]))
        return self

    def count(self, words):
        return self.proxy.process.output().count(words)

    def reload(self, *servers, expect=RELOADED, how=signal.SIGHUP, **changed):
        return self.reload_text(self.text(servers, **changed), expect, how)

    def reload_text(self, text, expect=RELOADED, how=signal.SIGHUP):
        before = self.count(expect)
        self.proxy.config.write_text(text)
        self.proxy.process.send(how)
        wait_until(f"the log says '{expect}'", lambda: self.count(expect) > before)

    def status(self, server, proxy="db"):
        return self.runtime.stat()[proxy, server]["status"]


def get(port, path):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        received = b""
        while piece := s.recv(65536):
            received += piece
        return received
