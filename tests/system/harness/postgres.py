"""Node: one real PostgreSQL server on its own loopback address. Cluster: a primary and standbys that
stream from it, and the acts of an operator or of fate: promote, switch over, kill, freeze, rebuild."""

import shutil
import signal
import subprocess

import psycopg

from harness.process import WORKER, Process, command_as, free_port, postgres_bin, signal_tree
from harness.waits import wait_until

CHECKER, CHECKER_PASSWORD = "checker", "checker-secret"

SETTINGS = """
unix_socket_directories = ''
fsync = off
synchronous_commit = off
full_page_writes = off
shared_buffers = 32MB
max_connections = 620
superuser_reserved_connections = 10
wal_level = replica
max_wal_senders = 10
wal_keep_size = 64MB
wal_sender_timeout = 5s
wal_retrieve_retry_interval = 100ms
hot_standby = on
checkpoint_timeout = 1h
autovacuum = off
password_encryption = scram-sha-256
log_line_prefix = '%m [%p] '
"""
# The checks' account has a password, so that logins can be made to fail.
ACCESS = f"""
host all {CHECKER} 127.0.0.0/8 scram-sha-256
host all all 127.0.0.0/8 trust
host replication all 127.0.0.0/8 trust
host all,replication postgres 10.213.0.0/16 trust
host all all 10.213.0.0/16 scram-sha-256
"""


def run(program, *arguments):
    done = subprocess.run(command_as("postgres", [postgres_bin() / program, *arguments]),
                          capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{program} failed: {done.stderr.strip()}")


class Node:
    def __init__(self, name, address, port, folder, network=None):
        self.name, self.address, self.port, self.folder = name, address, port, folder
        self.network = network  # a network namespace of its own
        self.data = folder.make(name, "postgres") / "data"
        self.process = None
        self.frozen = False

    def __repr__(self):
        return self.name

    def initialise(self):
        run("initdb", "-A", "trust", "-N", "-U", "postgres", "--wal-segsize=4", "-D", self.data)
        with open(self.data / "postgresql.conf", "a") as conf:
            conf.write(SETTINGS)
        (self.data / "pg_hba.conf").write_text(ACCESS)

    def start(self):
        self.process = Process(
            f"postgres-{self.name}",
            [postgres_bin() / "postgres", "-D", self.data, "-c", f"listen_addresses={self.address}",
             "-c", f"port={self.port}"],
            self.folder, "postgres", death_signal="INT", network=self.network)
        self.frozen = False
        wait_until(f"{self.name} accepts queries", self.answers, 60)

    def running(self):
        return self.process is not None and self.process.running()

    def answers(self):
        self.process.must_run()
        try:
            return self.sql("select 1") == 1
        except psycopg.OperationalError:
            return False

    def connect(self, **how):
        return psycopg.connect(host=self.address, port=self.port, user="postgres", dbname="postgres",
                               connect_timeout=5, autocommit=True, **how)

    def sql(self, text):
        """The first column of the first row, or nothing."""
        with self.connect() as connection:
            cursor = connection.execute(text)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None

    def is_primary(self):
        return not self.sql("select pg_is_in_recovery()")

    def kill(self):
        self.thaw()
        self.process.kill()

    def freeze(self):
        """All its processes stop in their tracks; its sockets stay open and say nothing."""
        signal_tree(self.process.pid, signal.SIGSTOP)
        self.frozen = True

    def thaw(self):
        if self.frozen:
            signal_tree(self.process.pid, signal.SIGCONT)
            self.frozen = False

    def stop(self):
        """pg_ctl stop -m fast."""
        if self.running():
            self.thaw()
            self.process.stop(signal.SIGINT, 30)

    def follow(self, primary):
        """Streams from `primary` from now on, or from its next start."""
        (self.data / "standby.signal").touch()
        if self.process is None or not self.running():
            self._own("standby.signal")
        (self.data / "postgresql.auto.conf").write_text(
            f"primary_conninfo = 'host={primary.address} port={primary.port} user=postgres "
            f"application_name={self.name}'\n")
        if self.running():
            self.process.send(signal.SIGHUP)

    def _own(self, name):
        shutil.copystat(self.data / "PG_VERSION", self.data / name)
        owner = (self.data / "PG_VERSION").stat()
        shutil.chown(self.data / name, owner.st_uid, owner.st_gid)

    def copy_from(self, primary):
        """Empties the node and makes it a new standby of `primary`."""
        if self.running():
            self.kill()
        shutil.rmtree(self.data, ignore_errors=True)
        run("pg_basebackup", "-R", "-c", "fast", "-X", "stream", "-N", "-D", self.data, "-d",
            f"host={primary.address} port={primary.port} user=postgres application_name={self.name}")
        self.follow(primary)


class Cluster:
    def __init__(self, folder, size=3, network=None):
        """`network`: the first node lives in it."""
        addresses = [f"127.0.{1 + WORKER}.{1 + n}" for n in range(size)]
        self.port = free_port(addresses)
        places = [(address, None) for address in addresses]
        if network:
            places[0] = (network.inside, network)
        self.nodes = [Node(f"pg{n}", address, self.port, folder, where)
                      for n, (address, where) in enumerate(places)]
        self.primary = self.nodes[0]

    @property
    def addresses(self):
        return [node.address for node in self.nodes if not node.network]

    @property
    def standbys(self):
        return [node for node in self.nodes if node is not self.primary]

    def create(self):
        self.primary.initialise()
        self.primary.start()
        self.primary.sql(f"create role {CHECKER} login password '{CHECKER_PASSWORD}'")
        for node in self.standbys:
            node.copy_from(self.primary)
            node.start()
        self.wait_streaming()
        return self

    def stop(self):
        for node in self.nodes:
            if node.running():
                node.kill()

    def streaming(self):
        return {name for (name,) in self._rows(
            "select application_name from pg_stat_replication where state = 'streaming' "
            "and replay_lsn = pg_current_wal_lsn()")}

    def _rows(self, text):
        with self.primary.connect() as connection:
            return connection.execute(text).fetchall()

    def wait_streaming(self):
        names = {node.name for node in self.standbys if node.running() and not node.frozen}
        wait_until(f"{names} stream from {self.primary}", lambda: names <= self.streaming(), 30)

    def promote(self, node):
        """Makes `node` the primary; the standbys that can hear it follow."""
        assert node.sql("select pg_promote(true, 30)"), f"{node} was not promoted"
        self.primary = node
        for other in self.standbys:
            if other.running() and not other.frozen and not other.is_primary():
                other.follow(node)

    def switch_over(self, node):
        """A planned change: the old primary stops cleanly and comes back as a standby."""
        old = self.primary
        self.wait_streaming()
        old.stop()
        self.promote(node)
        old.follow(node)
        old.start()
        self.wait_streaming()

    def heal(self):
        """Whatever a test did: every node runs, and all stream from the one primary."""
        for node in self.nodes:
            node.thaw()
        if not self.primary.running():
            self.primary.start()
        for node in self.standbys:
            if not node.running() or node.is_primary():
                node.copy_from(self.primary)
                node.start()
            else:
                node.follow(self.primary)
        self.wait_streaming()
        self.allow_checks()

    def refuse_checks(self):
        """From now on the checks' password is wrong everywhere, and nobody is still logged in."""
        self._set_password("changed")

    def allow_checks(self):
        self._set_password(CHECKER_PASSWORD)

    def _set_password(self, password):
        self.primary.sql(f"alter role {CHECKER} password '{password}'")
        self.wait_streaming()
        if password != CHECKER_PASSWORD:
            for node in self.nodes:
                node.sql("select count(pg_terminate_backend(pid)) from pg_stat_activity "
                         f"where usename = '{CHECKER}'")
