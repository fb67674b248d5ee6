#!/usr/bin/python3
"""What applications meet when something happens to a node: HAProxy beside pgsteer, at the same time, on the
same classic haproxy.cfg (only their own ports differ), the same three-node cluster and the same status
answerers. Run as root (xinetd starts its services as user nobody, one scenario has a network namespace).

    bench/failover.py                                # everything, 2 rounds (about 30 minutes)
    bench/failover.py --sources agent --scenarios killed --rounds 20 --beside 3
    bench/failover.py --write docs/failover.md       # also fills the table there

Sources of the status: agent (`pgsteer agent`), agentless (pgsteer asks PostgreSQL itself, by `option
pgsql-role-check` in place of httpchk; HAProxy has no such thing and is left out), xinetd (and the script).

Writes away: from the moment the new primary takes writes (seen by a direct connection that asks every
millisecond) until the first write has got through the router; two applications try, one that keeps its
connection and one that connects for every write. Where nobody is promoted: the longest time between two
writes of the one that keeps its connection. Wrong writes: acknowledged by another node than the
new primary, after it took writes, or while the scenario lasts. Wrong reads: sessions on the read-only port served
by a node that must not serve them, from 2 s after the event on."""

import argparse
import json
import random
import signal
import statistics
import threading
import time
from pathlib import Path

import psycopg2

from applications import dsn
from compare import machine, put_between
from failover_world import Templates, World
from stack import Folder, wait_until

HERE = Path(__file__).resolve().parent
decision_time = 0.3, 1.3  # seconds, from the loss of the primary to the promotion
settled = 2.0  # seconds after the event from which reads are judged
watched = 6.0  # seconds of watching after that


def promote(world):
    """The moment the second node took writes."""
    new, answer = world.nodes[1], []
    def watch():
        connection = psycopg2.connect(dsn(new.port))
        connection.autocommit = True
        cursor = connection.cursor()
        while not answer:
            cursor.execute("SELECT pg_is_in_recovery()")
            if not cursor.fetchone()[0]:
                answer.append(time.monotonic())
            time.sleep(0.001)
        connection.close()
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    new.sql("SELECT pg_promote(true, 30)")
    watcher.join()
    return answer[0]


def all_write(world):
    for name, writer in world.writers.items():
        wait_until(f"a write through {name} reaches the new primary",
                   lambda: writer.first_at(world.address(1)), 120)


def first_write(world, name):
    return min(filter(None, (applications[name].first_at(world.address(1))
                             for applications in (world.writers, world.short_writers))))


def after_promotion(world, right_readers, event=lambda: None):
    """The numbers of a scenario in which the second node is promoted, some time after the first one was
    lost: nobody decides at once, and applications that were cut are trying again by then."""
    time.sleep(random.uniform(*decision_time))
    promoted = promote(world)
    all_write(world)
    event()
    judged_from = time.monotonic() + settled
    time.sleep(settled + watched)
    end = time.monotonic()
    numbers = {}
    for name, writer in world.writers.items():
        numbers[name] = {
            "away": first_write(world, name) - promoted,
            "wrong writes": sum(w.elsewhere({world.address(1)}, promoted, end)
                                for w in (writer, world.short_writers[name])),
            "wrong reads": world.readers[name].elsewhere(right_readers, judged_from, end)}
    return numbers


def without_promotion(world, event, right_readers, lasts=15.0):
    began = time.monotonic()
    event()
    time.sleep(lasts)
    end = time.monotonic()
    numbers = {}
    for name, writer in world.writers.items():
        times = [began] + [d.at for d in list(writer.done) if began < d.at < end] + [end]
        numbers[name] = {
            "away": max(b - a for a, b in zip(times, times[1:])),
            "wrong writes": sum(w.elsewhere({world.address(0)}, began, end)
                                for w in (writer, world.short_writers[name])),
            "wrong reads": world.readers[name].elsewhere(right_readers, began + settled, end)}
    return numbers


# The third node follows the old primary for ever: its history ends where the new one began.
def killed(world):
    world.nodes[0].signal_all(signal.SIGKILL)
    return after_promotion(world, set())


def stopped(world):
    world.nodes[0].stop()
    def back():
        world.follow(world.nodes[0], world.nodes[1])
        world.nodes[0].start()
    # The third node follows the old one as before, and through it the new history.
    return after_promotion(world, {world.address(0), world.address(2)}, back)


def frozen(world):
    world.nodes[0].signal_all(signal.SIGSTOP)
    return after_promotion(world, set(), lambda: world.nodes[0].signal_all(signal.SIGCONT))


def partitioned(world):
    world.network.cut_off()
    return after_promotion(world, set(), world.network.reconnect)


def lagging(world):
    return without_promotion(
        world, lambda: world.nodes[2].sql("SELECT pg_wal_replay_pause()"), {world.address(1)})


def foreign(world):
    return without_promotion(world, lambda: world.replace_by_stranger(2), {world.address(1)})


def answerer_killed(world):
    return without_promotion(world, lambda: world.answerers[0].stop(signal.SIGKILL),
                             {world.address(1), world.address(2)})


def answerer_frozen(world):
    def freeze():
        world.answerers[0].child.send_signal(signal.SIGSTOP)
    try:
        return without_promotion(world, freeze, {world.address(1), world.address(2)}, 30)
    finally:
        world.answerers[0].child.send_signal(signal.SIGCONT)


def logins_refused(world):
    def refuse():
        node = world.nodes[0]
        hba = node.data / "pg_hba.conf"
        hba.write_text("host all all 0.0.0.0/0 reject\nhost replication all 0.0.0.0/0 trust\n")
        node.run("pg_ctl", "reload", "-D", node.data)
    return without_promotion(world, refuse, {world.address(1), world.address(2)})


SCENARIOS = {
    "killed": (killed, "primary killed (SIGKILL), a standby promoted; the other one follows the old "
               "history for ever"),
    "stopped": (stopped, "switchover: primary stopped, a standby promoted, the old one returns"),
    "frozen": (frozen, "primary frozen (SIGSTOP), a standby promoted, the old one wakes"),
    "partitioned": (partitioned, "primary's network drops everything, a standby promoted, the "
                    "network heals"),
    "lagging": (lagging, "a standby stops replaying (`max-lag 1s`, which HAProxy has not)"),
    "foreign": (foreign, "a standby is made anew from another cluster"),
    "answerer-killed": (answerer_killed, "the primary's status answerer is killed"),
    "answerer-frozen": (answerer_frozen, "the primary's status answerer hangs"),
    "logins-refused": (logins_refused, "the primary refuses new logins"),
}
SOURCE_WORDS = {"agent": "`pgsteer agent`", "xinetd": "xinetd + script", "agentless": "no agent"}


def makes_sense(source, scenario):
    return not (scenario.startswith("answerer") and source != "agent") and \
        not (scenario == "partitioned" and source == "xinetd")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--pgsteer", type=Path, default=HERE.parent / "build/release/pgsteer")
    p.add_argument("--haproxy", type=Path, default=Path("/usr/sbin/haproxy"))
    p.add_argument("--sources", default=",".join(SOURCE_WORDS))
    p.add_argument("--scenarios", default=",".join(SCENARIOS))
    p.add_argument("--rounds", type=int, default=2)
    p.add_argument("--beside", type=int, help="rounds in which HAProxy runs too (default: all)")
    p.add_argument("--json", type=Path)
    p.add_argument("--read", type=Path, nargs="*", default=[],
                   help="numbers of earlier runs (--json), to be shown too")
    p.add_argument("--write", type=Path, help="put the table between the markers of this file")
    options = p.parse_args()
    options.pgsteer = options.pgsteer.resolve()
    return options


def seconds(values):
    text = lambda v: f"{v * 1000:.0f} ms" if v < 1 else f"{v:.1f} s"
    if not values:
        return "–"
    if len(values) == 1:
        return text(values[0])
    return f"{text(statistics.median(values))} ({text(min(values))} – {text(max(values))})"


def table(rounds):
    """One line for each scenario and source."""
    lines = ["| what happened | status from | rounds | writes away: HAProxy | pgsteer | wrong writes: "
             "HAProxy | pgsteer | wrong reads: HAProxy | pgsteer |",
             "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for scenario, (_, words) in SCENARIOS.items():
        for source, source_words in SOURCE_WORDS.items():
            mine = [r["numbers"] for r in rounds
                    if (r["source"], r["scenario"]) == (source, scenario)]
            if not mine:
                continue
            cells = []
            for what, show in (("away", seconds), ("wrong writes", sum), ("wrong reads", sum)):
                for name in ("HAProxy", "pgsteer"):
                    values = [numbers[name][what] for numbers in mine if name in numbers]
                    cells.append(str(show(values)) if values else "–")
            lines.append(f"| {words} | {source_words} | {len(mine)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def one_round(templates, source, scenario, options, number, beside):
    world = World(templates, source, options, number, beside, scenario == "partitioned",
                  "1s" if scenario == "lagging" else None)
    try:
        world.start()
        return SCENARIOS[scenario][0](world)
    finally:
        world.stop()


def main():
    options = arguments()
    rounds = [r for path in options.read for r in json.loads(path.read_text())["rounds"]]
    folder, number = Folder(), 0
    try:
        templates = Templates(folder)
        for source in filter(None, options.sources.split(",")):
            for scenario in options.scenarios.split(","):
                for i in range(options.rounds if makes_sense(source, scenario) else 0):
                    beside = source != "agentless" and (options.beside is None or i < options.beside)
                    number += 1
                    numbers = one_round(templates, source, scenario, options, number, beside)
                    print(source, scenario, json.dumps(numbers), flush=True)
                    rounds.append({"source": source, "scenario": scenario, "numbers": numbers})
    finally:
        folder.remove()
    where, result = machine(options), table(rounds)
    where = where.rsplit(";", 1)[0]  # the rounds are in the table
    print(f"\n{where}\n\n{result}")
    if options.json:
        options.json.write_text(json.dumps({"machine": where, "rounds": rounds}, indent=1))
    if options.write:
        put_between(options.write, "failover", f"{where}\n\n{result}")


if __name__ == "__main__":
    main()
