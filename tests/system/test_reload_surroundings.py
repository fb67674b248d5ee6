"""A reload and what is around sessions: certificates, the page, logs, stick tables, paths of sockets."""

import os
import pwd
import re
import shutil
import socket
import stat

import pytest
from harness import client
from harness.certificates import Authority
from harness.crowd import Newcomers, answers, server_of, session
from harness.logs import Receiver
from harness.process import free_port
from harness.reloading import Reloading, get
from harness.waits import STRETCH, wait_until


@pytest.fixture(scope="module")
def authority(folder):
    return Authority(folder)


@pytest.fixture
def site(folder, ending):
    return Reloading(folder, ending)


def tls_session(authority, port):
    context = authority.client()
    context.check_hostname = False
    return context.wrap_socket(client.tcp(port))


def name_of(s):
    return dict(pair[0] for pair in s.getpeercert()["subject"])["commonName"]


def test_a_renewed_certificate_is_what_the_next_client_gets(site, authority):
    echo, page, secure = site.echo(), free_port(), free_port()
    own = shutil.copy(authority.issue("old.test"), site.home / "own.pem")
    more = f"""
listen secure
    bind 127.0.0.1:{secure} ssl crt {own}
    server a {echo.address}
listen page
    mode http
    bind 127.0.0.1:{page} ssl crt {own}
    stats enable
    stats uri /
"""
    site.start(f"a {echo.address}", more=more)
    kept = tls_session(authority, secure)
    assert answers(kept) and name_of(kept) == "old.test"
    with tls_session(authority, page) as s:
        assert name_of(s) == "old.test"
    shutil.copy(authority.issue("new.test"), own)
    site.reload(f"a {echo.address}", more=more)
    for port in (secure, page):
        with tls_session(authority, port) as s:
            assert name_of(s) == "new.test"
    assert answers(kept), "a session goes on with the certificate it began with"
    # A file that is none keeps the one before in force.
    own.write_text("no certificate\n")
    site.reload(f"a {echo.address}", more=more, expect="Reload refused")
    assert str(own) in site.proxy.process.output()
    with tls_session(authority, secure) as s:
        assert name_of(s) == "new.test"


class TestPage:
    MORE = """
listen page
    mode http
    bind 127.0.0.1:{}
    stats enable
    stats uri /
    stats admin if TRUE
"""

    def post(self, port, token, action):
        body = f"s=a&action={action}&b=db&token={token}"
        with client.tcp(port) as s:
            s.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"
                      "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
            return client.read_all(s).split(b"\r\n", 1)[0]

    @pytest.mark.parametrize("moves", [False, True], ids=["at the same port", "at another port"])
    def test_its_stream_ends_and_its_form_still_works(self, site, moves):
        echo, port, other = site.echo(), free_port(), free_port()
        site.start(f"a {echo.address}", more=self.MORE.format(port))
        token = re.search(rb"name=token value=\"(\w+)\"", get(port, "/")).group(1).decode()
        stream = client.tcp(port)
        stream.settimeout(20)
        stream.sendall(f"GET /;live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert b"text/event-stream" in stream.recv(65536)
        now = other if moves else port
        site.reload(f"a {echo.address}", more=self.MORE.format(now))
        while stream.recv(65536):  # a browser comes back by itself
            pass
        stream.close()
        assert self.post(now, token, "maint") == b"HTTP/1.1 303 See Other"
        assert site.status("a") == "MAINT"
        assert self.post(now, token.swapcase() + "x", "ready") == b"HTTP/1.1 403 Forbidden"
        assert site.status("a") == "MAINT"


def test_log_lines_go_to_the_new_targets(site, ending):
    echo, old, new = site.echo(), ending(Receiver()), ending(Receiver())
    logs = "option tcplog\n    log {} local0"
    site.start(f"a {echo.address}", options=logs.format(old.address))
    session(site.port).close()
    old.wait_for("db/a")
    site.reload(f"a {echo.address}", options=logs.format(new.address))
    seen = len(old.lines())
    kept = session(site.port)
    kept.close()
    new.wait_for("db/a")
    assert len(old.lines()) == seen
    # And what happens to servers, by targets of the section.
    site.runtime.ask("disable server db/a")
    new.wait_for("db/a is going DOWN for maintenance")
    assert len(old.lines()) == seen


def test_many_servers_come_and_go_under_load(site):
    echoes = [site.echo(f"{n}".encode()) for n in range(4)]
    lines = [f"s{n} {echoes[n % 4].address}" for n in range(40)]
    site.start(lines[0])
    newcomers = Newcomers(site.port, threads=4)
    kept = []
    for turn in range(6):
        kept += [session(site.port) for _ in range(20)]
        site.reload(*(lines if turn % 2 == 0 else lines[:1]))
        served = newcomers.served
        wait_until("clients are served on", lambda served=served: newcomers.served > served + 20)
    newcomers.stop()
    assert not newcomers.failures
    assert all(answers(s) for s in kept)
    rows = site.runtime.stat()
    assert [name for proxy, name in rows if proxy == "db"] == ["FRONTEND", "s0", "BACKEND"]
    # One that is back is the one it was.
    site.reload(*lines)
    rows = site.runtime.stat()
    assert sum(int(rows["db", f"s{n}"]["scur"]) for n in range(40)) == len(kept)


class TestStickTable:
    def stuck(self, size):
        return f"balance roundrobin\n    stick-table type ip size {size} expire 1h\n    stick on src"

    def start(self, site):
        self.lines = [f"{name} {site.echo(name.encode()).address}" for name in "ab"]
        site.start(*self.lines, options=self.stuck(100))
        self.first = server_of(session(site.port))
        assert self.entries(site) == 1

    def entries(self, site):
        return len(site.runtime.ask("show table db").strip().splitlines()) - 1

    def test_its_entries_survive(self, site):
        self.start(site)
        site.reload(*self.lines, options=self.stuck(100))
        assert self.entries(site) == 1
        assert {server_of(session(site.port)) for _ in range(4)} == {self.first}
        # Also the one of a server that is away and comes back.
        other = [line for line in self.lines if not line.startswith(self.first.decode())]
        site.reload(*other, options=self.stuck(100))
        assert server_of(session(site.port)) != self.first

    @pytest.mark.parametrize("changed", [
        "stick-table type ip size 200 expire 1h\n    stick on src",
        "stick-table type ip size 100 expire 1h store conn_cur\n    stick on src",
        "stick-table type string size 100 expire 1h\n    stick on src"])
    def test_of_another_kind_it_begins_anew(self, site, changed):
        self.start(site)
        site.reload(*self.lines, options=changed)
        assert self.entries(site) == 0
        again = server_of(session(site.port))
        assert {server_of(session(site.port)) for _ in range(4)} == {again}


class TestPaths:
    """Rights of unix sockets."""

    def bind(self, site, rights):
        return f"listen path\n    bind unix@{site.home}/db.sock {rights}\n    server a {self.address}\n"

    def start(self, site, rights, **how):
        self.address = site.echo().address
        site.start(f"a {self.address}", more=self.bind(site, rights), **how)
        self.path = site.home / "db.sock"

    def rights(self):
        found = self.path.stat()
        return f"{stat.S_IMODE(found.st_mode):o} {found.st_uid} {found.st_gid}"

    def test_they_are_set_anew(self, site):
        nobody = pwd.getpwnam("nobody")
        self.start(site, "mode 600")
        inode = self.path.stat().st_ino
        assert self.rights() == "600 0 0"
        site.reload(f"a {self.address}", more=self.bind(site, "mode 660 user nobody gid 7"))
        assert self.rights() == f"660 {nobody.pw_uid} 7"
        site.reload(f"a {self.address}", more=self.bind(site, "mode 600"))
        assert self.rights() == f"600 {nobody.pw_uid} 7", "what no line names stays"
        assert self.path.stat().st_ino == inode
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.path))
            assert answers(s)

    def test_not_by_a_reload_that_is_refused(self, site):
        self.start(site, "mode 600")
        taken = f"{self.bind(site, 'mode 666')}listen taken\n    bind 127.0.0.1:{self.address.split(':')[1]}\n" \
                f"    server a {self.address}\n"
        site.reload(f"a {self.address}", more=taken, expect="Reload refused")
        assert self.rights() == "600 0 0"

    def test_what_the_process_may_not_do_is_said(self, site):
        os.chown(site.home, pwd.getpwnam("nobody").pw_uid, -1)
        self.start(site, "mode 600", more_global="user nobody")
        site.reload(f"a {self.address}", more=self.bind(site, "mode 660"), more_global="user nobody")
        log = site.proxy.process.output()
        assert f"cannot set the mode of {self.path}: Operation not permitted; it needs a restart" in log
        assert self.rights() == "600 0 0" and session(site.port)


@pytest.mark.parametrize("more, word", [
    ("user nobody", "user"), ("group nogroup", "group"), ("daemon", "daemon"),
    ("pidfile /tmp/other.pid", "pidfile"), ("master-worker", "master-worker"), ("nbthread 1", "nbthread")])
def test_each_line_that_needs_a_restart_is_named(site, more, word):
    echo = site.echo()
    site.start(f"a {echo.address}")
    text = site.text([f"a {echo.address}"], more_global=more)
    if word == "nbthread":
        text = text.replace("nbthread 2", "")
    site.reload_text(text)
    assert f"These were changed and need a restart: {word}\n" in site.proxy.process.output()
    assert session(site.port)


def test_limits_of_the_stats_socket_follow(site):
    echo = site.echo()
    site.start(f"a {echo.address}")
    site.reload(f"a {echo.address}", more_global="stats timeout 200ms")
    with site.runtime.connect() as s:
        s.settimeout(5 * STRETCH)  # less than the ten seconds of before
        s.sendall(b"prompt\n")
        assert s.recv(100) == b"\n> "
        assert s.recv(100) == b"", "who is silent for so long is let go"


def test_who_asks_for_a_reload_that_changes_its_own_socket_is_answered(site):
    echo = site.echo()
    site.start(f"a {echo.address}")
    with site.runtime.connect() as idle, site.runtime.connect() as asks:
        for s in (idle, asks):
            s.settimeout(20 * STRETCH)
            s.sendall(b"prompt\n")
            assert s.recv(100) == b"\n> "
        site.proxy.config.write_text(site.text([f"a {echo.address}"], more_global="stats timeout 5s"))
        asks.sendall(b"reload\n")
        assert asks.recv(1000) == b"Success=1\n\n> "
        assert asks.recv(100) == b"", "its socket is another one now"
        assert idle.recv(100) == b""
    assert site.runtime.ask("show env")
