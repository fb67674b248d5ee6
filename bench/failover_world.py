"""One round of bench/failover.py: a three-node cluster, its status answerers, HAProxy and pgsteer on the
same classic haproxy.cfg (only their own ports differ), and applications on each."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from applications import LongWriter, ShortReader, ShortWriter, dsn
from namespaces import Namespace
from stack import Postgres, Process, Proxy, accepts, free_port, wait_until

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
STREAMING = """
wal_level = replica
max_wal_senders = 10
hot_standby = on
wal_retrieve_retry_interval = 200ms
wal_keep_size = 64MB
"""
XINETD_SERVICE = """
service pgsqlchk
{{
    type            = UNLISTED
    flags           = REUSE
    socket_type     = stream
    protocol        = tcp
    bind            = 127.0.0.1
    port            = {port}
    wait            = no
    user            = nobody
    server          = {server}
    log_on_failure  += USERID
    disable         = no
    only_from       = 127.0.0.0/8
    per_source      = UNLIMITED
}}
"""


class Templates:
    """Data folders made once and copied for every round: a primary, two standbys, and a node of another
    cluster."""

    def __init__(self, folder):
        self.folder = folder
        primary = self.new_cluster("template0")
        self.data = [primary.data]
        for i in (1, 2):
            data = folder.make(f"template{i}", "postgres")
            os.chmod(data, 0o700)
            primary.run("pg_basebackup", "-c", "fast", "-D", data, "-d",
                        f"host=127.0.0.1 port={primary.port} user=postgres")
            self.data.append(data)
        primary.stop()
        stranger = self.new_cluster("template3")
        stranger.stop()
        self.stranger = stranger.data

    def new_cluster(self, name):
        node = Postgres(self.folder, name, more=STREAMING)
        with open(node.data / "pg_hba.conf", "a") as hba:
            hba.write("host all,replication all 10.213.0.0/16 trust\n")
        node.start()
        node.sql("CREATE TABLE writes (id bigserial PRIMARY KEY)")
        return node

    def copy(self, template, name):
        data = self.folder.path / name
        subprocess.run(["cp", "-a", template, data], check=True)
        return data


class World:
    def __init__(self, templates, source, options, number, beside, own_network=False,
                 max_lag=None):
        self.templates, self.folder, self.source = templates, templates.folder, source
        self.options, self.beside, self.tag = options, beside, f"r{number}"
        self.max_lag = max_lag
        self.network = Namespace() if own_network else None
        self.nodes, self.answerers, self.routers, self.copies = [], [], {}, []
        self.writers, self.short_writers, self.readers = {}, {}, {}
        for i, template in enumerate(templates.data):
            data = templates.copy(template, f"{self.tag}-pg{i}")
            self.copies.append(data)
            inside = {"host": self.network.inside, "namespace": self.network.name} \
                if self.network and i == 0 else {}
            self.nodes.append(Postgres(self.folder, f"{self.tag}-pg{i}", more=STREAMING, data=data,
                                       **inside))
        for node in self.nodes[1:]:
            self.follow(node, self.nodes[0])
        self.check_ports = [free_port() for _ in self.nodes]

    def follow(self, node, primary):
        with open(node.data / "postgresql.auto.conf", "a") as conf:
            conf.write(f"primary_conninfo = 'host={primary.host} port={primary.port} "
                       "user=postgres'\n")
        (node.data / "standby.signal").touch()

    def start(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes[1:]:
            wait_until(f"{node.name} streams", lambda: node.sql(
                "SELECT status FROM pg_stat_wal_receiver") == "streaming")
        if self.source != "agentless":
            self.answerers = [self.start_answerer(i) for i in range(len(self.nodes))]
            for node, port in zip(self.nodes, self.check_ports):
                wait_until("the status answerer listens", lambda: accepts(port, node.host))
        for name in (["HAProxy"] if self.beside else []) + ["pgsteer"]:
            ports = [free_port() for _ in range(3)]
            program = getattr(self.options, name.lower())
            self.routers[name] = Proxy(program, f"{self.tag}-{name}", self.folder,
                                       self.file(name, ports), ports[:2])
        # Standbys that HAProxy started UP are out of the read-write port by then.
        time.sleep(10 if self.beside else 1)
        for name, router in self.routers.items():
            self.writers[name] = LongWriter(router.ports[0])
            self.short_writers[name] = ShortWriter(router.ports[0])
            self.readers[name] = ShortReader(router.ports[1])
        primary = self.address(0)
        for name, writer in self.writers.items():
            wait_until(f"{name} takes writes", lambda: writer.first_at(primary), 60)
        time.sleep(1)

    def address(self, i):
        return f"{self.nodes[i].host}:{self.nodes[i].port}"

    def file(self, name, ports):
        text = (EXAMPLES / "haproxy.cfg").read_text()
        for old, new in zip(("*:5000", "*:5001", "*:7000"), ports):
            text = text.replace(f"bind {old}", f"bind 127.0.0.1:{new}")
        for i, (node, check) in enumerate(zip(self.nodes, self.check_ports)):
            text = text.replace(f"pg{i} pg{i}:5432 maxconn 100 check port 23267",
                                f"pg{i} {self.address(i)} maxconn 100 check port {check}")
        assert "port 23267" not in text, "examples/haproxy.cfg has changed its server lines"
        if name == "pgsteer" and self.source == "agentless":
            for i, check in enumerate(self.check_ports):
                text = text.replace(f"check port {check}", "check")
            for expect in ("primary", "standby"):
                text = text.replace("option httpchk",
                                    f"option pgsql-role-check user postgres expect {expect}", 1)
            text = "\n".join(line for line in text.splitlines() if "http-check" not in line) + "\n"
        if name == "pgsteer" and self.max_lag:
            text = text.replace("listen ReadOnly", f"listen ReadOnly\n    max-lag {self.max_lag}")
        return text

    def start_answerer(self, i):
        node, port = self.nodes[i], self.check_ports[i]
        log = self.folder.path / f"{node.name}-answerer.log"
        if self.source == "agent":
            return Process([self.options.pgsteer, "agent", "--listen", f"{node.host}:{port}",
                            "--conninfo", dsn(node.port, node.host), "--pgdata", node.data], log,
                           user="postgres", namespace=node.namespace)
        script = self.folder.path / "pgsqlchk"
        # With bash's own echo the script ends within 0.1 ms of its first line; the reset that follows
        # (it never read the request) then reaches HAProxy 2.6 before the answer is read, and every
        # check fails. /bin/echo takes longer, and is what sites have.
        text = (EXAMPLES / "pgsqlchk").read_text().replace("    echo ", "    /bin/echo ")
        self.folder.write("pgsqlchk", text, 0o755)
        wrapper = self.folder.write(
            f"{node.name}-pgsqlchk", f"#!/bin/sh\nexport PGHOST={node.host} "
            f"PGPORT={node.port}\nexec {script}\n", 0o755)
        conf = self.folder.write(f"{node.name}.xinetd",
                                 XINETD_SERVICE.format(port=port, server=wrapper))
        return Process(["/usr/sbin/xinetd", "-f", conf, "-dontfork", "-pidfile",
                        self.folder.path / f"{node.name}-xinetd.pid"], log)

    def replace_by_stranger(self, i):
        """The node is made anew from another cluster, as its standby, on the same port."""
        node, port = self.nodes[i], self.nodes[i].port
        node.stop()
        shutil.rmtree(node.data)
        subprocess.run(["cp", "-a", self.templates.stranger, node.data], check=True)
        with open(node.data / "postgresql.conf", "a") as conf:
            conf.write(f"port = {port}\n")
        (node.data / "standby.signal").touch()
        node.start()

    def stop(self):
        for applications in (self.writers, self.short_writers, self.readers):
            for application in applications.values():
                application.stopping = True
        for process in [*self.routers.values(), *self.answerers, *reversed(self.nodes)]:
            process.stop()
        for copy in self.copies:
            shutil.rmtree(copy, ignore_errors=True)
        if self.network:
            self.network.remove()
