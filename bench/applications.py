"""Applications as they meet a failover: each works in a thread of its own until stop(), and remembers what
every node acknowledged and when (time.monotonic()). A node is known by its address and port."""

import threading
import time
from typing import NamedTuple

import psycopg2

SERVER = "host(inet_server_addr()) || ':' || inet_server_port()"


class Acknowledged(NamedTuple):
    at: float
    node: str


def dsn(port, host="127.0.0.1"):
    return f"host={host} port={port} user=postgres dbname=postgres connect_timeout=30"


class Application:
    def __init__(self, port):
        self.port, self.done, self.failures, self.stopping = port, [], [], False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def connected(self):
        connection = psycopg2.connect(dsn(self.port))
        connection.autocommit = True
        return connection

    def ask(self, cursor, text):
        cursor.execute(text)
        self.done.append(Acknowledged(node=cursor.fetchone()[0], at=time.monotonic()))

    def work(self):
        while not self.stopping:
            try:
                self.session()
            except psycopg2.Error as error:
                self.failures.append((time.monotonic(), str(error)))
                time.sleep(self.retry_pause)

    def first_at(self, node):
        return next((done.at for done in self.done if done.node == node), None)

    def elsewhere(self, nodes, since, until):
        """How often another node than these served it."""
        return sum(since < at < until and node not in nodes for at, node in list(self.done))

    def served(self, since, until):
        return sum(since < done.at < until for done in list(self.done))


class LongWriter(Application):
    """One connection: inserts every 5 ms, and connects again 50 ms after a failure. (Much faster ones
    would keep a small machine busy with starting backends, which is not what is measured.)"""

    retry_pause = 0.05

    def session(self):
        connection = self.connected()
        try:
            cursor = connection.cursor()
            while not self.stopping:
                self.ask(cursor, f"INSERT INTO writes DEFAULT VALUES RETURNING {SERVER}")
                time.sleep(0.005)
        finally:
            connection.close()


class ShortSessions(Application):
    """A connection for each statement, ten a second."""

    retry_pause = 0.1
    statement = ""

    def session(self):
        connection = self.connected()
        try:
            self.ask(connection.cursor(), self.statement)
        finally:
            connection.close()
        time.sleep(0.1)


class ShortWriter(ShortSessions):
    statement = f"INSERT INTO writes DEFAULT VALUES RETURNING {SERVER}"


class ShortReader(ShortSessions):
    statement = f"SELECT {SERVER}"
