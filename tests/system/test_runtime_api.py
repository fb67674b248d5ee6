"""The runtime API beside HAProxy's own: the same lines to both on the same configuration, and the same
answers to the letter. What differs by nature is masked (harness/runtime.py)."""

import re
import socket
import stat
import subprocess
import time

import pytest
from harness import client
from harness.process import free_port
from harness.proxy import Proxy
from harness.runtime import Runtime, Tools, masked, read_all, read_until
from harness.waits import wait_until

# Each list is a story of its own on fresh programs.
STORIES = {
    "states": """
set server back/s1 state drain
set server back/s1 state maint
set server back/s1 state ready
set server back/s1 state nonsense
set server back/s1 state
set server back/s1
set server back
set server
set server nope/s1 state ready
set server back/nope state ready
set server back/s1 nonsense 1
disable server back/s1
enable server back/s1
disable server
disable server back
disable server nope/s1
enable server back/nope
show servers state nope
set server back/s1 state ready; get weight back/s1; show version
""",
    "weights": """
get weight back/s1
set server back/s1 weight 50%
get weight back/s1
set server back/s1 weight 300
set server back/s1 weight abc
set server back/s1 weight -1
set server back/s1 weight
set weight back/s1 20
get weight back/s1
set weight back/s1 100%
get weight back/s1
set weight back/s1
set weight
get weight back/nope
get weight
set maxconn server back/s1 11
set maxconn server back/s1 abc
set maxconn server back/s1
set maxconn server back/nope 1
set maxconn server
set maxconn frontend two 50
set maxconn frontend nope 5
set maxconn frontend
set maxconn frontend two
set maxconn global 50
set maxconn global 100000
set maxconn global
set maxconn nonsense
""",
    "addresses": """
set server back/s1 addr 127.0.1.10
set server back/s1 addr 127.0.1.10
set server back/s1 addr 127.0.1.10 port 5555
set server back/s1 addr 127.0.1.10 port 5555
set server back/s1 addr 127.0.1.11 port 5556
set server back/s1 addr ::1
set server back/s1 addr nonsense
set server back/s1 addr 127.0.1.10 port abc
set server back/s1 addr
set server back/s1 fqdn
set server back/s1 check-port 1234
set server back/s1 check-addr 127.0.1.9
set server back/s1 check-port
set server back/s1 check-addr
set server back/s1 agent up
set server back/s1 agent-addr
set server back/s1 agent-addr 1.2.3.4
set server back/s1 agent-port 80
set server back/s1 agent-send hello
set server back/s1 health up
set server back/s1 health nonsense
enable health back/s1
disable health back/s1
enable agent back/s1
disable agent back/s1
""",
    "frontends": """
disable frontend two
disable frontend two
enable frontend two
enable frontend two
disable frontend nope
disable frontend
enable frontend back
shutdown frontend nope
shutdown frontend
shutdown session 0x123
shutdown session xyz
shutdown session
shutdown sessions
shutdown sessions nonsense
shutdown sessions server back/s1
shutdown sessions server back/nope
clear counters
clear counters all
set timeout cli 10
set timeout cli 0
set timeout nonsense
set timeout
""",
    "servers come and go": """
add server back/new 127.0.1.9:5500
add server back/new
add server back/new 127.0.1.9:5501
add server nope/new 127.0.1.9:5500
add server back
enable server back/new
del server back/new
disable server back/new
del server back/new
del server back/new
del server back/nope
add server back/other 127.0.1.9:5502 weight 5 maxconn 7 backup
get weight back/other
""",
    "looking": """
show version
show backend
show cli level
show cli sockets
show errors
show errors nope
show servers state nope
show servers conn nope
show sess 0x1
show env NOT_THERE_AT_ALL
show resolvers nope
show table nope
help show stat
user
operator
""",
}


@pytest.fixture
def both(folder, ending):
    """HAProxy and pgsteer on the same text, but for ports; nobody listens where the servers are."""
    ports = free_port(), free_port()
    servers = [f"127.0.0.1:{port}" for port in ports]
    return [ending(Tools(kind, folder, servers)) for kind in ("haproxy", "pgsteer")]


@pytest.mark.parametrize("story", STORIES)
def test_every_answer_is_haproxys_to_the_letter(both, story):
    theirs, ours = both
    for line in STORIES[story].strip().splitlines():
        assert masked(ours.runtime.ask(line)) == masked(theirs.runtime.ask(line)), line


def test_show_stat_is_haproxys_in_every_column_both_know(both):
    # Columns of what pgsteer has none of (HTTP, stick tables), and those of the page's own traffic.
    left_out = re.compile(r"hrsp_|h1_|h2_|ssl_|cache_|lastchg|req_|intercepted|^-$|agg_")
    for line in ("set server back/s1 state maint", "set server one/s2 state drain",
                 "set server one/s1 weight 3"):
        for program in both:
            program.runtime.ask(line)
    theirs, ours = (program.runtime.stat() for program in both)
    assert list(ours) == list(theirs)
    for key, row in theirs.items():
        shown = {name: value for name, value in row.items()
                 if not left_out.search(name) and name in ours[key]}
        assert len(shown) > 80
        assert {name: ours[key][name] for name in shown} == shown, key


def test_each_address_of_a_frontend_is_counted_by_itself_with_socket_stats(cluster, folder, ending):
    node, second = cluster.primary, free_port()
    programs = [ending(Tools(kind, folder, [f"{node.address}:{node.port}"] * 2,
                             listen=f"option socket-stats\n    bind 127.0.0.1:{second + i} name more"))
                for i, kind in enumerate(("haproxy", "pgsteer"))]

    def shapes(program):
        lines = program.runtime.ask("show stat typed").splitlines()
        return {line.split(":")[0]: line.split(":")[1:3] for line in lines
                if line.startswith("L.") and "ssl_" not in line}
    theirs, ours = (shapes(program) for program in programs)
    assert len(theirs) > 40
    assert {name: ours.get(name) for name in theirs} == theirs
    client.ask(second + 1)
    wait_until("it has ended", lambda: programs[1].runtime.stat()["one", "FRONTEND"]["scur"] == "0")
    rows = programs[1].runtime.stat()
    named = rows["one", "more"]
    assert (named["stot"], named["scur"], named["smax"]) == ("1", "0", "1")
    assert named["bout"] == rows["one", "FRONTEND"]["bout"] != "0"
    other = next(row for (proxy, name), row in rows.items()
                 if proxy == "one" and name.startswith("sock-"))
    assert other["stot"] == "0"


def test_show_servers_state_is_haproxys(both):
    for line in ("set server back/s1 weight 7", "disable server one/s2",
                 "set server one/s1 state drain"):
        for program in both:
            program.runtime.ask(line)

    def rows(program):
        text = program.runtime.ask("show servers state")
        head, names, *lines = text.strip().splitlines()
        names = names.split()[1:]
        unlike = {"srv_time_since_last_change", "srv_check_health", "srv_check_state"}
        return head, [{name: value for name, value in zip(names, line.split())
                       if name not in unlike} for line in lines]
    assert rows(both[1]) == rows(both[0])


def test_typed_values_have_haproxys_places_tags_and_types(both):
    def shapes(program, command, pattern):
        found = (re.match(pattern, line) for line in program.runtime.ask(command).splitlines())
        return {m[1]: m[2] for m in found if m}
    for command in ("show stat typed", "show info typed"):
        theirs, ours = (shapes(program, command, r"(\S+?|\d+\.[\w ]+)\.1:(\w{3}:\w+):")
                        for program in both)
        common = set(theirs) & set(ours)
        assert len(common) > 60
        wrong = {name: (ours[name], theirs[name]) for name in common if ours[name] != theirs[name]}
        assert not wrong


def test_show_info_has_all_of_haproxys_lines_in_its_order(both):
    names = [[line.split(":")[0] for line in program.runtime.ask("show info").splitlines()]
             for program in both]
    assert names[1] == names[0]


def test_the_prompt_is_haproxys(both):
    lines = [b"prompt\n", b"show version\n", b"get weight back/s1;show version\n",
             b"set timeout cli 5\n", b"get weight back/nope\n", b"user\n",
             b"disable server back/s1\n", b"show cli level\n"]

    def conversation(program):
        with program.runtime.connect() as s:
            heard = []
            for line in lines:
                s.sendall(line)
                heard.append(read_until(s, b"\n> "))
                if b";" in line:
                    heard.append(read_until(s, b"\n> ") if heard[-1].count("> ") < 2 else "")
            s.sendall(b"quit\n")
            return masked("".join(heard)), read_all(s)
    assert conversation(both[1]) == conversation(both[0])


def test_what_may_be_done_depends_on_the_sockets_level(cluster, folder, ending):
    node, home = cluster.primary, folder.make("levels")
    tcp = free_port()
    text = f"""
global
    stats socket {home}/user.sock level user
    stats socket {home}/plain.sock
    stats socket ipv4@127.0.0.1:{tcp} level admin
defaults
    mode tcp
    timeout connect 1s
    timeout client 1m
    timeout server 1m
listen one
    bind 127.0.0.1:{free_port()}
    server s1 {node.address}:{node.port}
"""
    ending(Proxy("pgsteer", folder, text, [tcp]))
    user, plain = Runtime(home / "user.sock"), Runtime(home / "plain.sock")
    admin = Runtime(("127.0.0.1", tcp))
    assert user.ask("get weight one/s1").startswith("1 (initial 1)")
    assert user.ask("clear counters") == "Permission denied\n\n"
    assert plain.ask("clear counters") == "\n"
    assert plain.ask("clear counters all") == "Permission denied\n\n"
    assert plain.ask("disable server one/s1") == "Permission denied\n\n"
    assert admin.ask("disable server one/s1") == "\n"
    assert admin.stat()["one", "s1"]["status"] == "MAINT"
    # Who may not be an operator sees no addresses.
    assert user.stat()["one", "s1"]["addr"] == ""
    for path in ("user.sock", "plain.sock"):
        assert stat.S_IMODE((home / path).stat().st_mode) == 0o600


def test_a_drained_server_keeps_its_session_and_gets_no_other(cluster, folder, ending):
    nodes = [f"{node.address}:{node.port}" for node in cluster.nodes[:2]]
    tools = ending(Tools("pgsteer", folder, nodes))
    runtime = tools.runtime
    with client.connect(tools.ports[0]) as session:
        first = next(name for name in ("s1", "s2") if runtime.stat()["one", name]["scur"] == "1")
        other = "s2" if first == "s1" else "s1"
        runtime.ask(f"set server one/{first} state drain")
        for _ in range(5):
            client.ask(tools.ports[0])
        rows = runtime.stat()
        assert rows["one", first]["status"] == "DRAIN"
        assert rows["one", first]["scur"] == "1"
        assert int(rows["one", other]["stot"]) >= 5
        assert session.execute("select 1").fetchone() == (1,)
    wait_until("the session has ended", lambda: runtime.stat()["one", first]["scur"] == "0")


def test_sessions_are_listed_and_each_can_be_ended(cluster, folder, ending):
    node = cluster.primary
    tools = ending(Tools("pgsteer", folder, [f"{node.address}:{node.port}"] * 2))
    runtime = tools.runtime
    with client.connect(tools.ports[0]) as one, client.connect(tools.ports[0]) as two:
        lines = [line for line in runtime.ask("show sess").splitlines() if line]
        assert len(lines) == 2
        assert all(" fe=one be=one srv=s" in line and "state=relaying" in line for line in lines)
        pid = one.info.backend_pid
        port = one.execute("select inet_client_port()").fetchone()[0]
        assert port
        ids = [line.split(":")[0] for line in lines]
        details = runtime.ask(f"show sess {ids[0]}")
        assert "frontend=one" in details and "backend=one" in details
        assert runtime.ask(f"shutdown session {ids[0]}") == "\n"
        assert runtime.ask(f"shutdown session {ids[0]}") == \
            "No such session (use 'show sess').\n\n"
        alive = [c for c in (one, two) if answers(c)]
        assert len(alive) == 1, pid
        runtime.ask("shutdown sessions server one/s1")
        runtime.ask("shutdown sessions server one/s2")
        wait_until("the other has ended, too", lambda: not answers(alive[0]))
    assert "killed" not in tools.proxy.process.output()
    assert re.search(r" K[-DL] ", tools.proxy.process.output())


def answers(connection):
    try:
        return connection.execute("select 1").fetchone() == (1,)
    except Exception:
        return False


def test_a_paused_frontend_refuses_and_takes_clients_again(cluster, folder, ending):
    node = cluster.primary
    tools = ending(Tools("pgsteer", folder, [f"{node.address}:{node.port}"] * 2))
    with client.connect(tools.ports[1]) as session:
        tools.runtime.ask("disable frontend two")
        wait_until("clients are refused", lambda: refuses(tools.ports[1]))
        assert tools.runtime.stat()["two", "FRONTEND"]["status"] == "PAUSED"
        assert answers(session), "its sessions go on"
    tools.runtime.ask("enable frontend two")
    wait_until("clients are taken", lambda: client.try_ask(tools.ports[1]))


def refuses(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


def test_an_added_server_serves_and_a_removed_one_is_gone(cluster, folder, ending):
    node, dead = cluster.primary, f"127.0.0.1:{free_port()}"
    tools = ending(Tools("pgsteer", folder, [dead, dead]))
    runtime = tools.runtime
    for name in ("s1", "s2"):
        runtime.ask(f"disable server one/{name}")
    assert runtime.ask(f"add server one/fresh {node.address}:{node.port}") == \
        "New server registered.\n\n"
    runtime.ask("enable server one/fresh")
    assert client.ask(tools.ports[0]).address == node.address
    assert int(runtime.stat()["one", "fresh"]["stot"]) >= 1
    runtime.ask("disable server one/fresh")
    assert runtime.ask("wait 10s srv-removable one/fresh") == "Done.\n\n"
    assert runtime.ask("del server one/fresh") == "Server deleted.\n"
    assert ("one", "fresh") not in runtime.stat()


def test_clear_counters_forgets_as_much_as_it_says(cluster, folder, ending):
    node = cluster.primary
    tools = ending(Tools("pgsteer", folder, [f"{node.address}:{node.port}"] * 2))
    for _ in range(3):
        client.ask(tools.ports[0])
    wait_until("they have ended", lambda: tools.runtime.stat()["one", "FRONTEND"]["scur"] == "0")
    before = tools.runtime.stat()["one", "FRONTEND"]
    assert before["stot"] == "3" and int(before["smax"]) >= 1 and int(before["rate_max"]) >= 1
    assert int(before["bout"]) > 0
    tools.runtime.ask("clear counters")
    row = tools.runtime.stat()["one", "FRONTEND"]
    assert (row["stot"], row["smax"]) == ("3", "0")
    tools.runtime.ask("clear counters all")
    row = tools.runtime.stat()["one", "FRONTEND"]
    assert (row["stot"], row["bout"]) == ("0", "0")


def test_strangers_cost_a_bounded_amount(folder, ending):
    dead = f"127.0.0.1:{free_port()}"
    tools = ending(Tools("pgsteer", folder, [dead, dead], more_global="stats timeout 300ms"))
    # One that says nothing, one that never ends its line, one that never reads its answers.
    with tools.runtime.connect() as silent, tools.runtime.connect() as endless:
        began = time.monotonic()
        assert silent.recv(1) == b""
        assert time.monotonic() - began < 10
        closed = False
        try:
            for _ in range(100):
                endless.sendall(b"x" * 4096)
        except OSError:
            closed = True
        assert closed, "a line without end was taken"
    with tools.runtime.connect() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"prompt\n" + b"show stat typed desc\n" * 200)
        wait_until("others are served meanwhile", lambda: tools.runtime.ask("show version"))


def test_who_hangs_up_while_a_command_waits_frees_the_place(folder, ending):
    dead = f"127.0.0.1:{free_port()}"
    tools = ending(Tools("pgsteer", folder, [dead, dead], more_global="stats maxconn 2"))
    for _ in range(6):
        with tools.runtime.connect() as s:
            s.sendall(b"wait 1h\n")
    assert tools.runtime.ask("show version")


def test_socat_does_what_scripts_expect_of_it(folder, ending):
    dead = f"127.0.0.1:{free_port()}"
    tools = ending(Tools("pgsteer", folder, [dead, dead]))

    def socat(text, address=f"unix-connect:{tools.socket}"):
        return subprocess.run(["socat", "stdio", address], input=text, text=True, check=True,
                              capture_output=True, timeout=20).stdout
    assert socat("show stat\n").startswith("# pxname,svname,qcur,")
    assert socat("disable server one/s1; show version\n").count("\n\n") >= 1
    assert "MAINT" in socat("show stat\n")
    events = socat("show events\n")
    assert "Server one/s1: put into maintenance by an operator" in events
    assert "one/s1 is going DOWN for maintenance" in events
