#!/usr/bin/python3
"""How long writes are away when the primary changes: HAProxy beside pgsteer, at the same time, on the
same classic haproxy.cfg (only their own ports differ), the same three-node cluster and the same status
answerers. Run as root (xinetd starts its services as user nobody).

    bench/failover.py                                # everything, 3 rounds (about 8 minutes)
    bench/failover.py --only agent --scenarios killed --rounds 1
    bench/failover.py --write docs/benchmarks.md     # also fills the table there

Counted from the moment the new primary takes writes (seen by a direct connection) until the first
write through each router. The writer is an application with one connection: it inserts every 5 ms and
connects again 50 ms after a failure."""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import threading
import time
from pathlib import Path

import psycopg2

from compare import machine, put_between
from stack import Folder, Postgres, Process, Proxy, accepts, free_port, wait_until

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
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


# Seconds before an application connects again. Two writers that fail much faster than this would keep
# a small machine busy with starting backends, which is not what is measured.
retry_pause = 0.05


def dsn(port):
    return f"host=127.0.0.1 port={port} user=postgres dbname=postgres"


class Writer:
    """Inserts through one address; remembers when a node first took a write."""

    def __init__(self, port):
        self.port, self.first, self.stopping = port, {}, False
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()

    def work(self):
        while not self.stopping:
            try:
                with_connection = psycopg2.connect(dsn(self.port), connect_timeout=10)
                with_connection.autocommit = True
                cursor = with_connection.cursor()
                while not self.stopping:
                    cursor.execute("INSERT INTO writes DEFAULT VALUES RETURNING inet_server_port()")
                    self.first.setdefault(cursor.fetchone()[0], time.monotonic())
                    time.sleep(0.005)
            except psycopg2.Error:
                time.sleep(retry_pause)


def moment_of_promotion(port, answer):
    connection = psycopg2.connect(dsn(port))
    connection.autocommit = True
    cursor = connection.cursor()
    while not answer:
        cursor.execute("SELECT pg_is_in_recovery()")
        if not cursor.fetchone()[0]:
            answer.append(time.monotonic())
        time.sleep(0.001)
    connection.close()


class Templates:
    """Data folders of a primary and two standbys, made once and copied for every round."""

    def __init__(self, folder):
        self.folder = folder
        primary = Postgres(folder, "template0", more=STREAMING)
        primary.start()
        primary.sql("CREATE TABLE writes (id bigserial PRIMARY KEY)")
        self.data = [primary.data]
        for i in (1, 2):
            data = folder.make(f"template{i}", "postgres")
            os.chmod(data, 0o700)
            primary.run("pg_basebackup", "-R", "-c", "fast", "-D", data, "-d", dsn(primary.port))
            self.data.append(data)
        primary.stop()


class World:
    """One round: the cluster, its status answerers, both routers, a writer through each."""

    def __init__(self, templates, source, options, number):
        self.folder, self.source, self.options = templates.folder, source, options
        self.tag = f"r{number}"
        self.nodes, self.answerers, self.routers, self.copies = [], [], {}, []
        for i, template in enumerate(templates.data):
            data = self.folder.path / f"{self.tag}-pg{i}"
            subprocess.run(["cp", "-a", template, data], check=True)
            self.copies.append(data)
            self.nodes.append(Postgres(self.folder, f"{self.tag}-pg{i}", more=STREAMING, data=data))
        for node in self.nodes[1:]:
            self.follow(node, self.nodes[0])
        self.check_ports = [free_port() for _ in self.nodes]

    def follow(self, node, primary):
        with open(node.data / "postgresql.auto.conf", "a") as conf:
            conf.write(f"primary_conninfo = '{dsn(primary.port)}'\n")
        (node.data / "standby.signal").touch()

    def start(self):
        for node in self.nodes:
            node.start()
        for node in self.nodes[1:]:
            wait_until(f"{node.name} streams", lambda: node.sql(
                "SELECT status FROM pg_stat_wal_receiver") == "streaming")
        for node, port in zip(self.nodes, self.check_ports):
            self.answerers.append(self.start_answerer(node, port))
        for port in self.check_ports:
            wait_until("the status answerer listens", lambda: accepts(port))
        for name, program in (("HAProxy", self.options.haproxy), ("pgsteer", self.options.pgsteer)):
            ports = [free_port() for _ in range(3)]
            self.routers[name] = Proxy(program, f"{self.tag}-{name}", self.folder,
                                       self.classic_file(ports), ports[:2])
        time.sleep(10)  # standbys that HAProxy started UP are out of the read-write port by now
        self.writers = {name: Writer(router.port) for name, router in self.routers.items()}
        primary = self.nodes[0].port
        for name, writer in self.writers.items():
            wait_until(f"{name} takes writes", lambda: primary in writer.first, 60)
        time.sleep(1)

    def classic_file(self, ports):
        text = (EXAMPLES / "haproxy.cfg").read_text()
        for old, new in zip(("*:5000", "*:5001", "*:7000"), ports):
            text = text.replace(f"bind {old}", f"bind 127.0.0.1:{new}")
        for i, (node, check) in enumerate(zip(self.nodes, self.check_ports)):
            text = text.replace(f"pg{i} pg{i}:5432 maxconn 100 check port 23267",
                                f"pg{i} 127.0.0.1:{node.port} maxconn 100 check port {check}")
        assert "port 23267" not in text, "examples/haproxy.cfg has changed its server lines"
        return text

    def start_answerer(self, node, port):
        log = self.folder.path / f"{node.name}-answerer.log"
        if self.source == "agent":
            return Process([self.options.pgsteer, "agent", "--listen", f"127.0.0.1:{port}",
                            "--conninfo", dsn(node.port)], log)
        script = self.folder.path / "pgsqlchk"
        # With bash's own echo the script ends within 0.1 ms of its first line; the reset that follows
        # (it never read the request) then reaches HAProxy 2.6 before the answer is read, and every
        # check fails. /bin/echo takes longer, and is what sites have.
        text = (EXAMPLES / "pgsqlchk").read_text().replace("    echo ", "    /bin/echo ")
        self.folder.write("pgsqlchk", text, 0o755)
        wrapper = self.folder.write(
            f"{node.name}-pgsqlchk", "#!/bin/sh\nexport PGHOST=127.0.0.1 "
            f"PGPORT={node.port}\nexec {script}\n", 0o755)
        conf = self.folder.write(f"{node.name}.xinetd",
                                 XINETD_SERVICE.format(port=port, server=wrapper))
        return Process(["/usr/sbin/xinetd", "-f", conf, "-dontfork", "-pidfile",
                        self.folder.path / f"{node.name}-xinetd.pid"], log)

    def run(self, scenario):
        """Seconds from the promotion until the first write through each router."""
        old, new, _ = self.nodes
        answer = []
        watcher = threading.Thread(target=moment_of_promotion, args=(new.port, answer), daemon=True)
        watcher.start()
        SCENARIOS[scenario](self, old)
        new.sql("SELECT pg_promote(true, 30)")
        if scenario == "switchover":
            self.follow(old, new)
            old.start()
        for name, writer in self.writers.items():
            wait_until(f"a write through {name} reaches the new primary",
                       lambda: new.port in writer.first, 120)
        watcher.join()
        return {name: writer.first[new.port] - answer[0] for name, writer in self.writers.items()}

    def stop(self):
        for writer in getattr(self, "writers", {}).values():
            writer.stopping = True
        for process in [*self.routers.values(), *self.answerers, *reversed(self.nodes)]:
            process.stop()
        for copy in self.copies:
            shutil.rmtree(copy, ignore_errors=True)


SCENARIOS = {
    "killed": lambda world, old: old.signal_all(signal.SIGKILL),
    "frozen": lambda world, old: old.signal_all(signal.SIGSTOP),
    "switchover": lambda world, old: old.stop(),
}
SCENARIO_WORDS = {
    "killed": "primary killed (SIGKILL), a standby promoted",
    "frozen": "primary frozen (SIGSTOP), a standby promoted",
    "switchover": "switchover (primary stopped cleanly, standby promoted, old one returns)",
}
SOURCE_WORDS = {"agent": "`pgsteer agent`", "xinetd": "xinetd + script"}


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--pgsteer", type=Path, default=HERE.parent / "build/release/pgsteer")
    p.add_argument("--haproxy", type=Path, default=Path("/usr/sbin/haproxy"))
    p.add_argument("--only", default="xinetd,agent", help="status answerers: xinetd, agent")
    p.add_argument("--scenarios", default=",".join(SCENARIOS))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--json", type=Path)
    p.add_argument("--write", type=Path, help="put the table between the markers of this file")
    options = p.parse_args()
    options.pgsteer = options.pgsteer.resolve()
    return options


def table(numbers):
    show = lambda values: (f"{statistics.median(values):.2f} s "
                           f"({min(values):.2f} – {max(values):.2f})")
    lines = ["| what happened | status from | HAProxy | pgsteer |", "| --- | --- | ---: | ---: |"]
    for (source, scenario), by_name in numbers.items():
        lines.append(f"| {SCENARIO_WORDS[scenario]} | {SOURCE_WORDS[source]} | "
                     f"{show(by_name['HAProxy'])} | {show(by_name['pgsteer'])} |")
    return "\n".join(lines)


def main():
    options = arguments()
    folder, numbers, count = Folder(), {}, 0
    try:
        templates = Templates(folder)
        for source in options.only.split(","):
            for scenario in options.scenarios.split(","):
                for _ in range(options.rounds):
                    world = World(templates, source, options, count := count + 1)
                    try:
                        world.start()
                        took = world.run(scenario)
                    finally:
                        world.stop()
                    print(source, scenario, {k: round(v, 3) for k, v in took.items()}, flush=True)
                    for name, value in took.items():
                        numbers.setdefault((source, scenario), {}).setdefault(name, []).append(value)
    finally:
        folder.remove()
    where, result = machine(options), table(numbers)
    print(f"\n{where}\n\n{result}")
    if options.json:
        named = {f"{source}, {scenario}": v for (source, scenario), v in numbers.items()}
        options.json.write_text(json.dumps({"machine": where, "numbers": named}, indent=1))
    if options.write:
        put_between(options.write, "failover", f"{where}\n\n{result}")


if __name__ == "__main__":
    main()
