"""Nodes that only look like PostgreSQL's: each says who serves, and whatever answers beside it tells
its role in one of the dialects that sites use. One thread serves all of them."""

import asyncio
import contextlib
import itertools
import json
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field

PRIMARY, STANDBY, DEAD = "primary", "standby", "dead"
SYSTEM = "7341234567890123456"
LAG_OF_A_LAGGARD = 1 << 30  # bytes
PROXY_V2 = b"\r\n\r\n\0\r\nQUIT\n"


@dataclass(eq=False)
class Node:
    name: str
    role: str = STANDBY
    timeline: int = 1
    lag: int = 0
    sync: bool = False
    silent: bool = False  # what tells its role is gone, PostgreSQL is not
    stale: bool = False  # it has not heard of the newest timeline
    was_primary: bool = False  # before the last event
    ever_primary: bool = False
    endpoints: list = field(default_factory=list)

    @property
    def primary(self):
        return self.role == PRIMARY


@dataclass(eq=False)
class Endpoint:
    """A port of a node: `kind` is what answers there."""
    node: Node
    address: str
    port: int
    kind: str
    machines: list  # where it is reachable
    listeners: list = field(default_factory=list)
    talks: set = field(default_factory=set)  # under way

    @property
    def wanted(self):
        return self.node.role != DEAD and not (self.node.silent and self.kind != "postgres")


def message(kind, body):
    return kind + struct.pack("!I", len(body) + 4) + body


def startup(user="app", database="postgres"):
    body = struct.pack("!I", 196608) + f"user\0{user}\0database\0{database}\0\0".encode()
    return struct.pack("!I", len(body) + 4) + body


async def postgres(endpoint, reader, writer):
    first = await reader.readexactly(4)
    while first in (b"PROX", PROXY_V2[:4]):
        await skip_proxy_header(first, reader)
        first = await reader.readexactly(4)
    body = await reader.readexactly(struct.unpack("!I", first)[0] - 4)
    if body == struct.pack("!I", 80877103):  # SSLRequest
        writer.write(b"N")
        length = struct.unpack("!I", await reader.readexactly(4))[0]
        await reader.readexactly(length - 4)
    name = f"node\0{endpoint.node.name}:{endpoint.port}\0".encode()
    writer.write(message(b"R", struct.pack("!I", 0)) + message(b"S", name) + message(b"Z", b"I"))
    while kind := await reader.read(1):
        length = struct.unpack("!I", await reader.readexactly(4))[0]
        query = await reader.readexactly(length - 4)
        if kind == b"X":
            return
        if kind == b"Q":
            writer.write(answer(query, endpoint.node))


async def skip_proxy_header(first, reader):
    if first == b"PROX":
        await reader.readuntil(b"\r\n")
        return
    head = await reader.readexactly(12)
    await reader.readexactly(struct.unpack("!H", head[10:12])[0])


def answer(query, node):
    if b"transaction_read_only" in query:
        value = b"off" if node.primary else b"on"
    else:
        value = b"f" if node.primary else b"t"
    row = struct.pack("!HI", 1, len(value)) + value
    column = struct.pack("!H", 1) + b"x\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0)
    return (message(b"T", column) + message(b"D", row) + message(b"C", b"SELECT 1\0") +
            message(b"Z", b"I"))


async def request_of(reader):
    line, method, path = b"", "GET", "/"
    with contextlib.suppress(asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.split(b"\r\n", 1)[0].decode("latin-1")
        method, path = line.split(" ")[:2]
    return method, path


def http(status, body, kind="text/plain"):
    reasons = {200: "OK", 206: "Partial Content", 503: "Service Unavailable", 404: "Not Found"}
    return (f"HTTP/1.1 {status} {reasons[status]}\r\nContent-Type: {kind}\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


BYTES = {"": 1, "kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def fits(node, path):
    """Would Patroni say 200 to this path?"""
    path, _, query = path.partition("?")
    options = dict(item.partition("=")[::2] for item in query.split("&"))
    lag = options.get("lag", "")
    number = lag.rstrip("kMGB")
    near = not lag or node.lag <= int(number) * BYTES[lag[len(number):]]
    standby = not node.primary and near
    return {"/": node.primary, "/primary": node.primary, "/master": node.primary,
            "/leader": node.primary, "/read-write": node.primary, "/replica": standby,
            "/standby": standby, "/read-only": node.primary or near, "/health": True,
            "/liveness": True, "/readiness": True, "/patroni": True,
            "/sync": standby and node.sync, "/synchronous": standby and node.sync,
            "/read-only-sync": node.primary or (standby and node.sync),
            "/async": standby and not node.sync, "/asynchronous": standby and not node.sync,
            "/standby-leader": False}.get(path)


def patroni(node, method, path):
    good = fits(node, path)
    status = 404 if good is None else 200 if good else 503
    place = node.timeline * 100000
    body = json.dumps({
        "state": "running", "role": "master" if node.primary else "replica",
        "server_version": 150006, "timeline": node.timeline,
        "xlog": {"location": place} if node.primary else
        {"received_location": place, "replayed_location": place, "paused": False},
        "dcs_last_seen": 1700000000, "database_system_identifier": SYSTEM,
        "patroni": {"version": "3.0.2", "scope": "main"}})
    return http(status, "" if method in ("HEAD", "OPTIONS") else body, "application/json")


def script(node, *_):
    """The classic script, with the line ends that its `echo -e` makes."""
    status, text = (200, "Primary") if node.primary else (206, "Standby")
    return (f"HTTP/1.1 {status} OK\r\n\nContent-Type: Content-Type: text/plain\r\n\n\r\n\n{text}"
            "\r\n\n").encode()


def text(node, *_):
    return http(200, f"status: {node.role}\n")


def whole(node, *_):
    """A script that knows the primary alone: 200 or 503."""
    return http(200 if node.primary else 503, f"PostgreSQL {node.role}\r\n")


def leaving(node, *_):
    """A standby is on its way out."""
    return http(200 if node.primary else 404, f"PostgreSQL {node.role}\r\n")


HTTP = {"leaving": leaving, "patroni": patroni, "patroni-tls": patroni, "script": script, "text": text,
        "whole": whole}
BANNERS = {
    "banner": lambda node: f"role {node.role} timeline {node.timeline}\r\n",
    "agent-primary": lambda node: "up\n" if node.primary else "down # standby\n",
    "agent-load": lambda node: "up 50%\n" if node.primary else "up 100%\n",
    "agent-drain": lambda node: "ready up\n" if node.primary else "drain\n",
}


async def serve(endpoint, reader, writer):
    if endpoint.kind == "postgres":
        await postgres(endpoint, reader, writer)
    elif endpoint.kind in BANNERS:
        writer.write(BANNERS[endpoint.kind](endpoint.node).encode())
    else:
        method, path = await request_of(reader)
        writer.write(HTTP[endpoint.kind](endpoint.node, method, path))
    await writer.drain()


class Nodes:
    """All nodes of a site. `tls`: certificate and key for the kinds that need one."""

    def __init__(self, nodes, tls=None):
        self.nodes = nodes
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.loop = asyncio.new_event_loop()
        self.timelines = itertools.count(2)
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def become(self, changes):
        """Each node's new attributes, at one moment: {node: {attribute: value}}."""
        promoted = any(change.get("role") == PRIMARY and not node.primary and not change["stale"]
                       for node, change in changes.items())
        timeline = next(self.timelines) if promoted else max(
            node.timeline for node in self.nodes)
        asyncio.run_coroutine_threadsafe(self._become(changes, timeline), self.loop).result(30)

    async def _become(self, changes, timeline):
        for node in self.nodes:
            node.was_primary = node.primary
            for name, value in changes.get(node, {}).items():
                setattr(node, name, value)
            node.ever_primary = node.ever_primary or node.primary
            node.timeline = timeline - 1 if node.stale else timeline
        standbys = [n for n in self.nodes if n.role == STANDBY]
        for node in self.nodes:
            node.sync = node in standbys[:1]
            for endpoint in node.endpoints:
                self._follow(endpoint)

    def _follow(self, endpoint):
        if endpoint.wanted and not endpoint.listeners:
            for machine in endpoint.machines:
                listener = machine.run(listen, endpoint.address, endpoint.port)
                endpoint.listeners.append(listener)
                self.loop.add_reader(listener, self._accept, endpoint, listener)
        elif not endpoint.wanted:
            for listener in endpoint.listeners:
                self.loop.remove_reader(listener)
                listener.close()
            endpoint.listeners.clear()
            for talk in endpoint.talks:
                talk.cancel()

    def _accept(self, endpoint, listener):
        with contextlib.suppress(OSError):  # the client has left
            talk = self.loop.create_task(self._talk(endpoint, listener.accept()[0]))
            endpoint.talks.add(talk)
            talk.add_done_callback(endpoint.talks.discard)

    async def _talk(self, endpoint, connection):
        context = self.context if endpoint.kind.endswith("-tls") else None
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError,
                                 asyncio.LimitOverrunError):
            connection.setblocking(False)
            try:
                transport, _ = await self.loop.connect_accepted_socket(
                    lambda: protocol, connection, ssl=context)
            except BaseException:
                connection.close()  # else it is the transport's, which closes it when it is done
                raise
            writer = asyncio.StreamWriter(transport, protocol, reader, self.loop)
            try:
                await serve(endpoint, reader, writer)
                writer.close()
                await writer.wait_closed()
            finally:
                with contextlib.suppress(AttributeError):  # of a TLS one that is lost already
                    transport.abort()

    def stop(self):
        async def end():
            for node in self.nodes:
                node.role = DEAD
                for endpoint in node.endpoints:
                    self._follow(endpoint)
            talks = asyncio.all_tasks() - {asyncio.current_task()}
            await asyncio.gather(*talks, return_exceptions=True)
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)


def listen(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(128)
    listener.setblocking(False)
    return listener
