"""Where log lines arrive: UDP and unix datagram sockets of the test's own."""

import os
import re
import socket

from harness.waits import wait_until


class Receiver:
    def __init__(self, path=None, listens=True):
        self.path = path
        if path:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind(path)
            os.chmod(path, 0o666)
            self.address = path
        else:
            self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.socket.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.socket.setblocking(False)
        self.raw = []

    def lines(self):
        """All that has come so far, as it came."""
        while True:
            try:
                self.raw.append(self.socket.recv(65536).decode())
            except BlockingIOError:
                return self.raw

    def wait_for(self, pattern, seconds=20):
        """The first line with the pattern."""
        found = re.compile(pattern)
        return wait_until(f"a log line with {pattern!r} (there are: {self.raw})",
                          lambda: next((line for line in self.lines() if found.search(line)), None),
                          seconds)

    def stop(self):
        self.socket.close()
        if self.path:
            os.unlink(self.path)


TCPLOG = re.compile(
    r"(?P<client>\S+):(?P<port>\d+) \[(?P<date>[^]]+)\] (?P<frontend>\S+) "
    r"(?P<backend>[^/ ]+)/(?P<server>\S+) (?P<tw>-?\d+)/(?P<tc>-?\d+)/(?P<tt>\+?-?\d+) "
    r"(?P<bytes>\+?\d+) (?P<state>\S\S) (?P<ac>\d+)/(?P<fc>\d+)/(?P<bc>\d+)/(?P<sc>\d+)/(?P<rc>\+?\d+) "
    r"(?P<sq>\d+)/(?P<bq>\d+)\n?$")


def fields(line):
    """A tcplog line's fields; times only as whether they were measured, and what differs each time
    not at all."""
    found = TCPLOG.search(line)
    assert found, f"no tcplog line: {line!r}"
    parts = found.groupdict()
    assert re.fullmatch(r"\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d{3}", parts["date"])
    for name in ("tw", "tc", "tt"):
        parts[name] = "-1" if parts[name] == "-1" else "+ms" if parts[name][0] == "+" else "ms"
    del parts["port"], parts["date"]
    return parts
