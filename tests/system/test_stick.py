"""Stick tables beside the real HAProxy on the same lines: where clients go again, what is forgotten
when, what is counted, and what the runtime API says of it."""

import contextlib
import re
import socket

import pytest

from harness import proxy
from harness.process import free_port
from harness.proxy import Proxy
from harness.runtime import Runtime
from harness.scripted import Scripted, finish
from harness.waits import holds_for, wait_until


class Named:
    """Says its name and keeps the session; can be away for a while."""

    def __init__(self, name, port=0):
        self.name, self.port = name, port
        self.start()

    def start(self):
        def talk(connection):
            connection.sendall(self.name.encode())
            finish(connection, "wait")
        self.server = Scripted(talk, port=self.port)
        self.port = self.server.port

    def stop(self):
        self.server.close()


class Site:
    def __init__(self, kind, folder, sections, threads=2):
        self.kind = kind
        self.port, self.other = free_port(), free_port()
        self.socket = folder.unique("stick.sock")
        text = f"""
global
    nbthread {threads}
    stats socket {self.socket} level admin
defaults
    mode tcp
    timeout connect 1s
    timeout queue 5s
    timeout client 1m
    timeout server 1m
    retries 1
    option redispatch
""" + sections.replace("PORT", str(self.port)).replace("OTHER", str(self.other))
        ports = [port for port, name in ((self.port, "PORT"), (self.other, "OTHER"))
                 if name in sections]
        self.proxy = Proxy(kind, folder, text, ports)
        wait_until("the stats socket is there", self.socket.exists)
        self.runtime = Runtime(self.socket)

    def stop(self):
        self.proxy.stop()

    def connect(self, source="127.0.0.1", port=None):
        s = socket.socket()
        s.settimeout(10)
        s.bind((source, 0))
        s.connect(("127.0.0.1", port or self.port))
        return s

    def who(self, source="127.0.0.1", port=None):
        """The server's name; empty: turned away."""
        with contextlib.suppress(OSError), self.connect(source, port) as s:
            return s.recv(100).decode()
        return ""

    def keys(self, table):
        """{key: {"use": "0", ...}} of `show table`, without what depends on time."""
        lines = self.runtime.ask(f"show table {table}").splitlines()
        rows = [re.findall(r"([\w()]+)=(\S+)", line) for line in lines if line.startswith("0x")]
        return {dict(row)["key"]: {k: v for k, v in row if k not in ("key", "exp")} for row in rows}


@pytest.fixture(params=proxy.KINDS)
def site(request, folder, ending):
    return lambda *a, **how: ending(Site(request.param, folder, *a, **how))


@pytest.fixture
def nodes(ending):
    return [ending(Named(name)) for name in "abc"]


def servers(nodes, more=""):
    return "\n".join(f"    server {node.name} 127.0.0.1:{node.port} {more}" for node in nodes) + "\n"


def listen(nodes, table, rules="stick on src", more=""):
    return f"listen relay\n    bind *:PORT\n    {table}\n    {rules}\n" + servers(nodes, more)


TABLE = "stick-table type ip size 100 expire 30s"


def test_a_client_comes_back_to_its_server(site, nodes):
    it = site(listen(nodes, TABLE))
    first = {f"127.0.0.{n}": it.who(f"127.0.0.{n}") for n in range(1, 7)}
    assert set(first.values()) == {"a", "b", "c"}
    for _ in range(2):
        assert {source: it.who(source) for source in first} == first
    shown = it.keys("relay")
    assert {key: row["server_key"] for key, row in shown.items()} == first


def test_without_a_match_nothing_is_looked_up_and_without_a_store_nothing_kept(site, nodes):
    it = site(listen(nodes, TABLE, rules="stick store-request src"))
    assert [it.who() for _ in range(3)] == ["a", "b", "c"]
    assert it.keys("relay")["127.0.0.1"]["server_key"] == "c"
    other = site(listen(nodes, TABLE, rules="stick match src"))
    assert [other.who() for _ in range(3)] == ["a", "b", "c"]
    assert other.keys("relay") == {}


def test_conditions_decide_for_whom_a_rule_is(site, nodes):
    it = site(listen(nodes, TABLE, rules="stick on src if { src 127.0.0.2 }"))
    assert len({it.who("127.0.0.1") for _ in range(3)}) == 3
    assert len({it.who("127.0.0.2") for _ in range(3)}) == 1


def test_who_calls_another_address_is_another_key(site, nodes):
    it = site(listen(nodes, "stick-table type ip size 10", rules="stick on dst"))
    assert len({it.who(f"127.0.0.{n}") for n in range(1, 5)}) == 1
    assert list(it.keys("relay")) == ["127.0.0.1"]


def test_a_server_that_is_gone_is_replaced_and_the_new_one_kept(site, nodes):
    it = site(listen(nodes, TABLE, more="check inter 100ms fall 1 rise 1"))
    wait_until("a server takes the client", lambda: it.who())
    before = it.who()
    next(node for node in nodes if node.name == before).stop()
    wait_until("it is DOWN", lambda: it.runtime.stat()["relay", before]["status"] == "DOWN")
    after = it.who()
    assert after not in (before, "")
    next(node for node in nodes if node.name == before).start()
    wait_until("it is UP", lambda: it.runtime.stat()["relay", before]["status"] == "UP")
    assert {it.who() for _ in range(4)} == {after}


def test_a_server_that_drains_keeps_those_who_know_it(site, nodes):
    it = site(listen(nodes, TABLE))
    its = it.who("127.0.0.1")
    it.runtime.ask(f"set server relay/{its} state drain")
    wait_until("it drains", lambda: it.runtime.stat()["relay", its]["status"] in ("DRAIN", "no check")
               or it.runtime.stat()["relay", its]["weight"] == "0")
    assert it.who("127.0.0.1") == its
    assert its not in {it.who(f"127.0.0.{n}") for n in range(2, 8)}


def test_a_failed_connect_goes_elsewhere_and_that_is_kept(site, nodes):
    it = site(listen(nodes, TABLE))
    before = it.who()
    next(node for node in nodes if node.name == before).stop()
    after = it.who()
    assert after not in (before, "")
    assert it.keys("relay")["127.0.0.1"]["server_key"] == after


def test_a_server_with_non_stick_is_not_kept(site, nodes):
    it = site(listen(nodes[:1], TABLE, more="non-stick"))
    assert it.who() == "a"
    assert it.keys("relay") == {}


def test_the_oldest_goes_when_the_table_is_full_unless_nopurge(site, nodes):
    it = site(listen(nodes, "stick-table type ip size 2"))
    for n in (1, 2, 1, 3):
        it.who(f"127.0.0.{n}")
    assert sorted(it.keys("relay")) == ["127.0.0.1", "127.0.0.3"]
    other = site(listen(nodes, "stick-table type ip size 2 nopurge"))
    for n in (1, 2, 3):
        assert other.who(f"127.0.0.{n}")
    assert sorted(other.keys("relay")) == ["127.0.0.1", "127.0.0.2"]


def test_an_entry_goes_when_it_was_not_used_for_expire(site, nodes):
    it = site(listen(nodes, "stick-table type ip size 10 expire 300ms"))
    it.who()
    assert "127.0.0.1" in it.keys("relay")
    wait_until("it is forgotten", lambda: it.keys("relay") == {}, seconds=5)


def test_two_backends_share_a_table_by_its_name(site, nodes):
    it = site(f"listen one\n    bind *:PORT\n    {TABLE}\n    stick on src\n" + servers(nodes) +
              "listen two\n    bind *:OTHER\n    stick match src table one\n" + servers(nodes))
    for n in range(1, 5):
        source = f"127.0.0.{n}"
        assert it.who(source) == it.who(source, it.other)


def test_a_full_server_is_waited_for_and_maxqueue_says_by_how_many(site, nodes):
    it = site(listen(nodes[:2], TABLE, more="maxconn 1 maxqueue 1"))
    with it.connect() as first:
        its = first.recv(10).decode()
        with contextlib.ExitStack() as clients:
            second = clients.enter_context(it.connect())
            wait_until("it waits", lambda: it.runtime.stat()["relay", its]["qcur"] == "1")
            third = clients.enter_context(it.connect())
            assert third.recv(10).decode() not in (its, "")
            second.settimeout(0.3)
            with pytest.raises(TimeoutError):
                second.recv(10)
            first.close()
            second.settimeout(10)
            assert second.recv(10).decode() == its


COUNTED = "stick-table type ip size 10 expire 1m store conn_cnt,conn_cur,conn_rate(10s),sess_cnt,gpc0," \
          "bytes_in_cnt,bytes_out_cnt"


def test_connections_are_counted_by_the_tracked_key(site, nodes):
    it = site(listen(nodes, COUNTED, rules="tcp-request connection track-sc0 src"))
    with it.connect() as s:
        s.recv(10)
        it.who()
        wait_until("one is left", lambda: it.keys("relay")["127.0.0.1"]["conn_cur"] == "1")
        row = it.keys("relay")["127.0.0.1"]
        assert {k: row[k] for k in ("use", "conn_cnt", "conn_rate(10000)", "sess_cnt", "gpc0")} == {
            "use": "1", "conn_cnt": "2", "conn_rate(10000)": "2", "sess_cnt": "2", "gpc0": "0"}
    wait_until("none is left", lambda: it.keys("relay")["127.0.0.1"]["conn_cur"] == "0")
    row = it.keys("relay")["127.0.0.1"]
    assert (row["use"], row["bytes_out_cnt"]) == ("0", "2")


@pytest.mark.parametrize("rules,most", [
    ("tcp-request connection track-sc0 src\n    tcp-request connection reject if { sc0_conn_cnt gt 3 }", 3),
    ("tcp-request connection track-sc1 src\n    tcp-request connection reject if { sc_conn_rate(1) gt 2 }", 2),
    ("tcp-request connection reject if { src_conn_cnt gt 1 }\n    tcp-request connection track-sc0 src", 2),
    ("tcp-request connection track-sc0 src\n    tcp-request connection sc-inc-gpc0(0)\n    "
     "tcp-request connection reject if { sc0_get_gpc0 gt 1 }", 1),
    ("tcp-request connection reject if { src_inc_gpc0 gt 2 }", 2),
])
def test_who_comes_too_often_is_turned_away(site, nodes, rules, most):
    it = site(listen(nodes, COUNTED, rules=rules))
    assert [bool(it.who()) for _ in range(6)] == [True] * most + [False] * (6 - most)
    assert it.who("127.0.0.9"), "another client is let in"


def test_who_has_too_many_connections_at_once_is_turned_away(site, nodes):
    it = site(listen(nodes, COUNTED, rules="tcp-request connection track-sc0 src\n    "
                     "tcp-request connection reject if { sc0_conn_cur gt 2 }"))
    with it.connect() as one, it.connect() as two:
        assert one.recv(10) and two.recv(10)
        assert it.who() == ""
    wait_until("there is room again", lambda: it.who())


ADDRESS = re.compile(r"^0x[0-9a-f]+:", re.M)
TIME = re.compile(r"exp=\d+")


def script(it, *lines):
    answers = [TIME.sub("exp=N", ADDRESS.sub("0xN:", it.runtime.ask(line))) for line in lines]
    # A rate is less after each millisecond.
    return [answer.replace("rate(5000)=9", "rate(5000)=10") for answer in answers]


def test_the_runtime_api_answers_as_haproxys(folder, ending, nodes):
    sections = f"""
listen relay
    bind *:PORT
    {TABLE}
    stick on src
{servers(nodes)}
backend rates
    stick-table type ip size 1k expire 10s store conn_cnt,conn_cur,conn_rate(10s),gpc0
backend names
    stick-table type string len 8 size 4 store gpt0
backend numbers
    stick-table type integer size 4 expire 1h store gpc0_rate(5s),gpc0
"""
    lines = [
        "show table", "show table relay", "show table nope", "show table relay key 127.0.0.1",
        "show table relay key 1.2.3.4", "show table relay data.server_id eq 1",
        "show table relay data.server_id gt 1", "show table relay data.gpc0 gt 0",
        "show table rates data.nope gt 0", "show table rates data.gpc0 xx 0",
        "show table rates data.gpc0 gt", "show table rates foo", "clear table relay key",
        "clear table relay key 127.0.0.1", "show table relay", "clear table", "clear table nope",
        "set table names key abc data.gpt0 5", "set table names key abcdefghijkl data.gpt0 7",
        "show table names", "set table names key x data.gpc0 5", "set table names key x data.gpt0",
        "set table names key x data.gpt0 zz", "set table numbers key 5 data.gpc0 2 data.gpc0_rate 10",
        "set table numbers key 12 data.gpc0 3", "set table numbers key zz data.gpc0 2",
        "show table numbers", "show table numbers key 5", "show table numbers data.gpc0 ge 3",
        "clear table numbers data.gpc0 lt 3", "show table numbers", "clear table names",
        "show table names", "set table relay key 9.9.9.9 data.server_id 2", "show table relay",
    ]
    said = []
    for kind in proxy.KINDS:
        it = Site(kind, folder, sections, threads=1)
        try:
            assert it.who() == "a"
            wait_until("nothing is under way", lambda it=it: it.keys("relay")["127.0.0.1"]["use"] == "0")
            said.append(script(it, *lines))
        finally:
            it.stop()
    for line, theirs, ours in zip(lines, *said):
        assert ours == theirs, line


def test_bytes_are_counted_while_they_flow(folder, ending, nodes):
    """HAProxy counts them when it has something else to do for the session: mostly at its end."""
    it = ending(Site("pgsteer", folder,
                     listen(nodes, COUNTED, rules="tcp-request connection track-sc0 src")))
    with it.connect() as s:
        assert s.recv(10)
        s.sendall(b"x" * 500)
        wait_until("they are counted while the session lasts",
                   lambda: it.keys("relay")["127.0.0.1"]["bytes_in_cnt"] == "500", seconds=5)
        assert it.keys("relay")["127.0.0.1"]["conn_cur"] == "1"
        s.sendall(b"x" * 500)
    wait_until("the rest is added at its end", lambda: it.keys("relay")["127.0.0.1"]["use"] == "0")
    assert it.keys("relay")["127.0.0.1"]["bytes_in_cnt"] == "1000"


OTHER_TABLE = "backend other\n    stick-table type ip size 10 expire 1m store conn_cnt,gpc0\n"


@pytest.mark.parametrize("fetch", ["sc_conn_cnt(0,other)", "sc0_conn_cnt(other)"])
def test_a_tracked_key_is_looked_up_in_another_table(site, nodes, fetch):
    it = site(OTHER_TABLE + listen(nodes, COUNTED, rules="tcp-request connection track-sc0 src\n    "
                                   f"tcp-request connection reject if {{ {fetch} gt 5 }}"))
    assert it.who() and it.who("127.0.0.2"), "an entry that is not there counts 0"
    it.runtime.ask("set table other key 127.0.0.1 data.conn_cnt 6")
    assert it.who() == ""
    assert it.who("127.0.0.2")


def test_what_a_content_rule_does_is_done_once_for_a_session(folder, ending, nodes):
    """HAProxy asks all rules again, and counts again, as more bytes come; so its counters say how a client
    cuts its bytes, and not how often it came."""
    it = ending(Site("pgsteer", folder, listen(
        nodes, COUNTED, rules="tcp-request inspect-delay 20s\n    tcp-request content track-sc0 src\n    "
        "tcp-request content sc-inc-gpc0(0)\n    tcp-request content accept if { req.len ge 4 }")))
    with it.connect() as s:
        for _ in range(4):
            s.sendall(b"x")
            wait_until("its byte was looked at", lambda: "127.0.0.1" in it.keys("relay"))
        assert s.recv(10)
        assert it.keys("relay")["127.0.0.1"]["gpc0"] == "1"


def test_a_tracked_key_cannot_be_cleared(site, nodes):
    it = site(listen(nodes, COUNTED, rules="tcp-request connection track-sc0 src"))
    with it.connect() as s:
        s.recv(10)
        assert "in use" in it.runtime.ask("clear table relay key 127.0.0.1")
        assert holds_for("it stays", lambda: "127.0.0.1" in it.keys("relay"), seconds=0.2) is not False
