"""A small name server that says what a test says: A, AAAA and SRV records, errors, silence and lies."""

import contextlib
import ipaddress
import socket
import struct
import threading

from harness.process import free_port

A, AAAA, SRV = 1, 28, 33
NX, REFUSED, FAILS, SILENT = "nx", "refused", "fails", "silent"
RCODES = {FAILS: 2, NX: 3, REFUSED: 5}


def encoded(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.rstrip(".").split(".")) + b"\0"


def question_of(packet):
    labels, at = [], 12
    while packet[at]:
        labels.append(packet[at + 1:at + 1 + packet[at]].decode().lower())
        at += 1 + packet[at]
    return ".".join(labels), struct.unpack("!H", packet[at + 1:at + 3])[0], packet[12:at + 5]


class Nameserver:
    """`zone[NAME]` is a list of addresses and (target, port, weight), or NX, REFUSED, FAILS, SILENT.
    Names that are not in it do not exist."""

    def __init__(self, zone=None, address=None):
        self.zone = dict(zone or {})
        self.asked = []  # (name, type, "udp" or "tcp")
        self.truncates = False  # answers over UDP say that they are cut
        self.lies = None  # an address that answers with a wrong id give; the right ones do not come
        host, self.port = address or ("127.0.0.1", free_port())
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, self.port))
        self.tcp = socket.create_server((host, self.port), backlog=64)
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    def count(self, name, kind=None):
        return sum(1 for asked, of_kind, _ in list(self.asked)
                   if asked == name and kind in (None, of_kind))

    def stop(self):
        for s in (self.udp, self.tcp):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
            s.close()

    def _serve_udp(self):
        while True:
            try:
                packet, client = self.udp.recvfrom(65536)
            except OSError:
                return
            if not packet:  # stopped
                return
            answer = self._answer(packet, "udp")
            with contextlib.suppress(OSError):
                if answer:
                    self.udp.sendto(answer, client)

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        connection.settimeout(10)
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while head := stream.read(2):
                packet = stream.read(struct.unpack("!H", head)[0])
                if answer := self._answer(packet, "tcp"):
                    connection.sendall(struct.pack("!H", len(answer)) + answer)

    def _answer(self, packet, way):
        name, kind, question = question_of(packet)
        self.asked.append((name, kind, way))
        held = self.zone.get(name, NX)
        if held == SILENT:
            return None
        number = struct.unpack("!H", packet[:2])[0]
        if self.lies and kind == A:
            return self._packet(number ^ 0x5555, question, [record(A, self.lies)])
        if isinstance(held, str):
            return self._packet(number, question, [], RCODES[held])
        found = [record(kind, value) for value in held if kind_of(value) == kind]
        if self.truncates and way == "udp":
            return self._packet(number, question, [], 0, cut=True)
        return self._packet(number, question, found)

    @staticmethod
    def _packet(number, question, records, rcode=0, cut=False):
        flags = 0x8580 | rcode | (0x0200 if cut else 0)
        head = struct.pack("!6H", number, flags, 1, len(records), 0, 0)
        return head + question + b"".join(records)


def kind_of(value):
    if isinstance(value, tuple):
        return SRV
    return AAAA if ":" in value else A


def record(kind, value):
    if kind == SRV:
        target, port, weight = value
        data = struct.pack("!3H", 0, weight, port) + encoded(target)
    else:
        data = ipaddress.ip_address(value).packed
    return b"\xc0\x0c" + struct.pack("!2HIH", kind, 1, 1, len(data)) + data
