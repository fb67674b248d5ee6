"""Every file of tests/corpus means to pgsteer what it means to HAProxy: both run it, each in a machine of
its own, the same nodes fail and come back, and the same clients are served, refused and cut."""

import math
import os
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.differences import explained
from harness.nodes import DEAD, LAG_OF_A_LAGGARD, PRIMARY, STANDBY, Nodes
from harness.proxy import KINDS
from harness.site import Site
from harness.twin import Twin
from harness.waits import STRETCH

CORPUS = Path(__file__).parents[1] / "corpus"
FILES = sorted(path for path in CORPUS.glob("*/*.cfg") if path.parent.name != "refused")
REFUSED = sorted(CORPUS.glob("refused/*.cfg"))
SETTLE_SECONDS = 15
# In intervals of checks: nothing else shows that a check went as the one before.
FIRST_CHECKS = 2.4
MOST_CLIENTS = 12
UNKNOWN = "unknown"
# What HAProxy warns of and pgsteer has no reason to: `option httplog` is without effect, and -c says so.
ABOUT_LOG_LINES = ("option httplog", "no log address")
COLUMNS = ("iid", "sid", "type", "mode", "tracked", "addr", "check_rise", "check_fall")


@pytest.fixture(scope="session")
def certificate(folder):
    """What nodes show where a status is asked for over TLS."""
    key, shown = folder.unique("nodes.key"), folder.unique("nodes.crt")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", "/CN=node", "-keyout", key, "-out", shown],
                   check=True, capture_output=True)
    return shown, key


def role(name):
    return {"role": name, "lag": 0, "silent": False, "stale": False}


# What happens to the nodes, by their numbers.
EVENTS = {
    "start": {0: role(PRIMARY), 1: role(STANDBY), 2: role(STANDBY), 3: role(STANDBY)},
    "switchover": {0: role(STANDBY), 1: role(PRIMARY)},
    "the primary dies": {1: role(DEAD)},
    "promotion": {2: role(PRIMARY)},
    "the old primary returns": {1: role(STANDBY)},
    "a standby lags": {1: {"lag": LAG_OF_A_LAGGARD}},
    "it caught up": {1: {"lag": 0}},
    "what tells the primary's role is silent": {2: {"silent": True}},
    "it speaks again": {2: {"silent": False}},
    "an old primary comes back to life": {0: role(PRIMARY) | {"stale": True}},
    "it gives up": {0: role(STANDBY)},
    "only the primary is left": {0: role(DEAD), 1: role(DEAD), 3: role(DEAD)},
    "nobody is left": {2: role(DEAD)},
    "all are back": {0: role(PRIMARY), 1: role(STANDBY), 2: role(STANDBY), 3: role(STANDBY)},
}
USUAL = ["start", "switchover", "the primary dies", "promotion", "the old primary returns",
         "only the primary is left", "nobody is left", "all are back"]
# `#: also WORD` adds these before "only the primary is left".
ALSO = {"lag": ["a standby lags", "it caught up"],
        "silence": ["what tells the primary's role is silent", "it speaks again"],
        "split": ["an old primary comes back to life", "it gives up"]}


def story(site):
    also = [event for words in site.all("also") for word in words for event in ALSO[word]]
    at = USUAL.index("only the primary is left")
    return USUAL[:at] + also + USUAL[at:]


def servers_of(twin):
    """What `show stat` says, in one dictionary."""
    seen = {}
    for (proxy, name), row in twin.runtime.stat().items():
        if proxy in twin.site.templates and row["addr"]:
            name = row["addr"]  # who gets which address is chance
        seen["status", proxy, name] = row["status"]
        for column in COLUMNS if proxy not in twin.site.templates else ():
            seen[column, proxy, name] = row[column]
        if twin.site.limited:
            seen["slim", proxy, name] = row["slim"]
        if row["check_status"]:
            seen["check", proxy, name] = row["check_status"].removeprefix("* ")
            # HAProxy forgets the last code while it asks again.
            under_way = row["check_status"].startswith("* ")
            seen["code", proxy, name] = UNKNOWN if under_way else row["check_code"]
        if row["type"] == "2":
            seen["weight", proxy, name] = row["weight"]
            seen["part", proxy, name] = "backup" if row["bck"] == "1" else "active"
    return seen


def clients_of(twin, count):
    """Who serves so many clients of each door, and how the others end."""
    seen = {}
    for door in twin.site.doors:
        outcomes = twin.round(door, count)
        if twin.site.sticky:
            seen["clients", door] = outcomes
        elif count == MOST_CLIENTS or len(set(outcomes)) == 1:
            seen["clients", door] = set(outcomes)
        else:
            seen["clients", door] = dict(sorted(Counter(outcomes).items()))
    return seen


def sessions_of(twin):
    """Which of the sessions that were there before are cut."""
    return {("session", s.door, s.outcome): "cut" if s.cut else "stays"
            for s in twin.sessions if s.served}


def pages_of(twin):
    return {("page", door, user): twin.page(door, user)
            for door in twin.site.pages for user in {None, door.user}}


def cycle(rows):
    """Clients after whom each usable server had its share, of every backend."""
    weights = {}
    for (kind, proxy, name), value in rows.items():
        if kind == "weight" and rows["status", proxy, name] in ("UP", "no check"):
            weights.setdefault(proxy, []).append(int(value))
    turns = [sum(w) // math.gcd(*w) for w in weights.values() if sum(w)]
    return min(MOST_CLIENTS, 2 * math.lcm(1, *turns))


class Pair:
    def __init__(self, site, twins):
        self.site, self.twins, self.nodes = site, twins, None

    def agree(self, event, look, seconds=SETTLE_SECONDS):
        """Both look the same but for what is explained, from some moment on; returns how HAProxy looks."""
        deadline = time.monotonic() + seconds * STRETCH
        while True:
            haproxy, pgsteer = (look(twin) for twin in self.twins)
            wrong = [f"{key}: {haproxy.get(key)} in HAProxy, {pgsteer.get(key)} in pgsteer"
                     for key in {**haproxy, **pgsteer} if haproxy.get(key) not in
                     (pgsteer.get(key), UNKNOWN) and not explained(self.site, key, haproxy.get(key), pgsteer.get(key))]
            if not wrong and settled(haproxy) and settled(pgsteer):
                return haproxy
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.site.path.name}, {event}:\n" + "\n".join(map(str, wrong)))
            time.sleep(0.03)

    def live_through(self, event, pages=False):
        rows = self.agree(event, servers_of)
        self.agree(event, self.common_sessions)
        count = cycle(rows)

        def new_clients(twin):
            twin.leave()
            return clients_of(twin, count)
        self.agree(event, new_clients)
        if pages:
            self.agree(event, pages_of)

    def common_sessions(self, twin):
        """Turns differ, so that one of them may have served by a node that the other had not."""
        both = set.intersection(*(set(sessions_of(t)) for t in self.twins))
        return {key: value for key, value in sessions_of(twin).items() if key in both}


def settled(seen):
    """Is nothing about to change, as far as it can be seen?"""
    return not any(key[0] == "status" and "/" in value for key, value in seen.items())


@pytest.mark.others
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_means_what_it_means_in_haproxy(path, folder, ending, certificate):
    site = Site(path)
    twins = [ending(Twin(kind, site, folder)) for kind in KINDS]
    nodes = ending(Nodes(site.nodes, certificate))
    pair = Pair(site, twins)
    for event in story(site):
        nodes.become({site.nodes[n]: change for n, change in EVENTS[event].items()
                      if n < len(site.nodes)})
        if event == "start":
            for twin in twins:
                twin.start()
        time.sleep(FIRST_CHECKS * site.pace / 1000)
        pair.live_through(event, pages=event == "start")


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_is_valid_for_both_and_what_haproxy_warns_of_pgsteer_warns_of(path, folder, ending):
    site, warned = Site(path), {}
    for kind in KINDS:
        twin = ending(Twin(kind, site, folder))
        status, text = twin.check()
        assert status == 0, f"{kind}: {text}"
        warned[kind] = warnings_in(text)
    assert warned["haproxy"] <= warned["pgsteer"]


def warnings_in(text):
    """Lines of the file, and sections by their names where HAProxy gives no line."""
    lines = [line for line in text.splitlines() if line.startswith("[WARNING]") and
             not any(words in line for words in ABOUT_LOG_LINES)]
    places = (r"parsing \[.*:(\d+)\]", r"missing timeouts for \w+ '(\S+)'",  # HAProxy's
              r"\[.*:(\d+)\]", r"(?:listen|frontend|backend) '(\S+)'")
    return {found for line in lines for place in places for found in re.findall(place, line)}


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_a_file_is_refused_for_all_its_mistakes(path, folder):
    """NAME.txt has the errors as `LINE: text`. With PGSTEER_UPDATE=1 in the environment it is written."""
    done = subprocess.run([folder.pgsteer(), "-c", "-f", path], capture_output=True, text=True,
                          timeout=60, env=os.environ | folder.sanitizer_environment())
    found = re.findall(rf"\[ALERT\].* \[{re.escape(str(path))}:(\d+)\] (.*)", done.stderr)
    text = "".join(f"{line}: {error}\n" for line, error in sorted(found, key=lambda f: int(f[0])))
    expected = path.with_suffix(".txt")
    if os.environ.get("PGSTEER_UPDATE"):
        expected.write_text(text)
    assert done.returncode == 1 and text == expected.read_text(), done.stdout + done.stderr
