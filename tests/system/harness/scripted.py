"""A TCP server that does with each connection what a test says: the other end of a scripted check."""

import contextlib
import socket
import ssl
import struct
import threading


class Scripted:
    """Calls `talk(connection)` for each connection in a thread of its own, and closes it then."""

    def __init__(self, talk, tls=None, port=0):
        self.talk, self.tls = talk, tls
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        connection.settimeout(10)
        with contextlib.suppress(OSError, ssl.SSLError):
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.talk(connection)
        with contextlib.suppress(OSError):
            connection.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def says(*parts, end="close"):
    """Sends the parts, each but the first after something was received; then closes, resets or waits
    for the other side."""
    def talk(connection):
        for number, part in enumerate(parts):
            if number > 0:
                connection.recv(65536)
            connection.sendall(part)
        finish(connection, end)
    return talk


def answers(*parts, end="close"):
    """Sends each part after something was received; without any, it receives and ends."""
    def talk(connection):
        for part in parts or (b"",):
            connection.recv(65536)
            connection.sendall(part)
        finish(connection, end)
    return talk


def http(status, reason="OK", body=b"", end="close", **headers):
    head = f"HTTP/1.1 {status} {reason}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    head += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return answers(head.encode() + b"\r\n" + body, end=end)


def finish(connection, end):
    if end == "reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif end == "wait":
        while connection.recv(65536):
            pass
