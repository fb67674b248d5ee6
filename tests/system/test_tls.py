"""TLS towards servers, of sessions and of checks, beside the real HAProxy on the same lines."""

import hashlib
import os
import re
import socket
import ssl
import subprocess
import threading

import pytest

from harness import client, proxy
from harness.certificates import Authority
from harness.process import free_port, pgsteer_binary
from harness.proxy import Proxy
from harness.scripted import Scripted
from harness.secure import authority, config, server, site  # noqa: F401 (fixtures)
from harness.waits import wait_until


def test_a_session_goes_over_tls_and_ends_cleanly(site, server, authority):
    tls = server()
    it = site([f"a 127.0.0.1:{tls.port} ssl verify required ca-file {authority.ca} sni str(db.test) "
               "alpn postgresql"])
    assert it.echo() == b"hello"
    assert tls.asked == ["db.test"] and tls.protocols == ["postgresql"]


def test_a_certificate_of_another_name_is_not_believed(site, server, authority):
    tls = server("other.test")
    it = site([f"a 127.0.0.1:{tls.port} ssl verify required ca-file {authority.ca} sni str(db.test)"])
    assert b"hello" not in it.echo()


def test_verifyhost_is_asked_for_where_no_name_is(site, server, authority):
    tls = server("db.test")
    line = f"127.0.0.1:{tls.port} ssl verify required ca-file {authority.ca} verifyhost"
    assert site([f"a {line} db.test"]).echo() == b"hello"
    assert b"hello" not in site([f"a {line} wrong.test"]).echo()


def test_an_authority_that_is_not_named_is_not_believed(site, server, folder):
    stranger = Authority(folder)
    tls = server()
    it = site([f"a 127.0.0.1:{tls.port} ssl verify required ca-file {stranger.ca}"])
    assert b"hello" not in it.echo()
    assert site([f"a 127.0.0.1:{tls.port} ssl verify none"]).echo() == b"hello"


def test_a_failed_handshake_goes_to_another_server_as_a_failed_connect_does(site, server, authority):
    bad, good = server("wrong.test"), server("db.test")
    trust = f"ssl verify required ca-file {authority.ca} sni str(db.test)"
    it = site([f"bad 127.0.0.1:{bad.port} {trust}", f"good 127.0.0.1:{good.port} {trust}"])
    if it.kind == "haproxy":
        assert {it.echo(), it.echo()} == {b"", b"hello"}, "HAProxy gives the client up"
        return
    for _ in range(4):
        assert it.echo() == b"hello"
    wait_until("the log has the reason", lambda: re.search(
        r"relay/bad : SSL handshake failure \(certificate not believed: hostname mismatch\)",
        it.log, re.I))


def test_a_server_that_never_answers_the_handshake_costs_timeout_connect(site, server, authority,
                                                                         ending):
    class Silent:
        def __init__(self):
            self.server = Scripted(lambda connection: connection.recv(1) and threading.Event().wait(20))
            self.port = self.server.port

        def stop(self):
            self.server.close()
    silent, good = ending(Silent()), server()
    it = site([f"silent 127.0.0.1:{silent.port} ssl verify none",
               f"good 127.0.0.1:{good.port} ssl verify none"], more="balance first")
    assert it.echo() == b"hello"


def test_a_revoked_certificate_is_not_believed(site, server, authority):
    tls = server("revoked.test")
    authority.revoke("revoked.test")
    trust = f"ssl verify required ca-file {authority.ca} crl-file {authority.revocations()}"
    assert b"hello" not in site([f"a 127.0.0.1:{tls.port} {trust}"]).echo()
    other = server("db.test")
    assert site([f"a 127.0.0.1:{other.port} {trust}"]).echo() == b"hello"


def test_our_own_certificate_is_shown_to_a_server_that_asks(site, server, authority):
    tls = server("asking.test", ask=True)
    line = f"a 127.0.0.1:{tls.port} ssl verify none"
    assert site([f"{line} crt {authority.issue('router.test')}"]).echo() == b"hello"
    assert b"hello" not in site([line]).echo()


@pytest.mark.parametrize("words,version", [("force-tlsv12", "TLSv1.2"), ("ssl-max-ver TLSv1.2", "TLSv1.2"),
                                           ("ssl-min-ver TLSv1.3", "TLSv1.3"), ("no-tlsv13", "TLSv1.2")])
def test_versions_are_what_the_line_says(site, server, words, version):
    tls = server()
    assert site([f"a 127.0.0.1:{tls.port} ssl verify none {words}"]).echo() == b"hello"
    assert tls.versions == [version]


def test_the_global_section_speaks_for_servers_that_say_nothing(site, server):
    tls = server()
    it = site([f"a 127.0.0.1:{tls.port} ssl"],
              more_global="ssl-server-verify none\n    ssl-default-server-options ssl-max-ver TLSv1.2\n"
                          "    ssl-default-server-ciphers ECDHE-ECDSA-AES128-GCM-SHA256")
    assert it.echo() == b"hello"
    assert tls.versions == ["TLSv1.2"]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_second_session_resumes_the_first(site, server, version):
    tls = server(version=version)
    it = site([f"a 127.0.0.1:{tls.port} ssl verify none"], more_global="nbthread 1")
    for _ in range(4):
        assert it.echo() == b"hello"
    assert tls.resumed[0] is False and any(tls.resumed[1:]), tls.resumed


def test_no_ssl_reuse_shakes_hands_anew(site, server):
    tls = server()
    it = site([f"a 127.0.0.1:{tls.port} ssl verify none no-ssl-reuse"], more_global="nbthread 1")
    for _ in range(3):
        assert it.echo() == b"hello"
    assert tls.resumed == [False] * 3


def test_many_megabytes_pass_both_ways_unchanged(site, server):
    tls = server()
    it = site([f"a 127.0.0.1:{tls.port} ssl verify none"])
    data = os.urandom(1 << 20) * 24
    back = hashlib.sha256()
    with client.tcp(it.port) as s:
        def send():
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        sending = threading.Thread(target=send)
        sending.start()
        count = 0
        while piece := s.recv(1 << 16):
            back.update(piece)
            count += len(piece)
        sending.join()
    assert count == len(data) and back.digest() == hashlib.sha256(data).digest()


def test_the_proxy_header_goes_before_tls(site, authority, ending):
    heard = []

    class Behind:
        def __init__(self):
            self.context = authority.server("db.test")
            self.server = Scripted(self._talk)
            self.port = self.server.port

        def _talk(self, connection):
            head = b""
            while not head.endswith(b"\r\n"):
                head += connection.recv(1)
            heard.append(head)
            with self.context.wrap_socket(connection, server_side=True) as tls:
                tls.sendall(tls.recv(100))

        def stop(self):
            self.server.close()
    behind = ending(Behind())
    it = site([f"a 127.0.0.1:{behind.port} ssl verify none send-proxy"])
    with client.tcp(it.port) as s:
        s.sendall(b"hi")
        assert s.recv(100) == b"hi"
    assert heard[0].startswith(b"PROXY TCP4 127.0.0.1 127.0.0.1 ")


def test_checks_follow_the_sessions_tls_unless_they_go_elsewhere(site, server, ending):
    tls = server()
    plain = ending(TlsFree())
    it = site([f"a 127.0.0.1:{tls.port} ssl verify none check inter 100ms",
               f"elsewhere 127.0.0.1:{tls.port} ssl verify none check port {plain.port} inter 100ms",
               f"not 127.0.0.1:{tls.port} ssl verify none check no-check-ssl inter 100ms"],
              defaults="option log-health-checks\n    log stdout format raw daemon")
    wait_until("a is checked over TLS", lambda: "server relay/a succeeded, reason: Layer6 check passed"
               in it.log)
    wait_until("elsewhere in clear", lambda: "relay/elsewhere succeeded, reason: Layer4" in it.log)
    wait_until("not in clear", lambda: "relay/not succeeded, reason: Layer4" in it.log)


class TlsFree:
    def __init__(self):
        self.server = Scripted(lambda connection: connection.recv(1))
        self.port = self.server.port

    def stop(self):
        self.server.close()


@pytest.mark.parametrize("words,says", [
    ("ca-file /nowhere.pem", "ca-file"),
    ("verify none crt /nowhere.pem", "/nowhere.pem"),
    ("verify none crt {ca}", ""),
    ("verify none crt {mixed}", ""),
    ("verify none ciphers NOTHING", "NOTHING"),
    ("verify required", "ca-file"),
])
def test_files_that_cannot_be_used_are_mistakes_of_their_line(folder, authority, words, says):
    one, two = authority.issue("one.test"), authority.issue("two.test")
    mixed = authority.home / "mixed.pem"
    mixed.write_text(one.read_text().split("-----BEGIN PRIVATE")[0] + "-----BEGIN PRIVATE" +
                     two.read_text().split("-----BEGIN PRIVATE")[1])
    line = words.format(ca=authority.ca, mixed=mixed)
    path = folder.write("wrong.cfg", config(free_port(), [f"a 127.0.0.1:1 ssl {line}"]))
    number = path.read_text().splitlines().index(f"    server a 127.0.0.1:1 ssl {line}") + 1
    theirs = subprocess.run(["haproxy", "-c", "-f", path], capture_output=True, text=True)
    ours = subprocess.run([pgsteer_binary(), "-c", "-f", path], capture_output=True, text=True)
    assert theirs.returncode == 1 and ours.returncode == 1, ours.stderr
    assert f"{path}:{number}]" in ours.stderr and says in ours.stderr


def test_postgresql_behind_a_terminator_of_tls_is_used_through_it(cluster, folder, authority, ending):
    """HAProxy's `bind ssl` stands before PostgreSQL; pgsteer speaks TLS to it, and checks over it."""
    inner, outer = free_port(), free_port()
    node = cluster.primary
    terminator = config(inner, [f"pg {node.address}:{node.port}"],
                        bind=f"ssl crt {authority.issue('db.test')}")
    ending(Proxy("haproxy", folder, terminator, [inner]))
    ours = config(outer, [f"pg 127.0.0.1:{inner} ssl verify required ca-file {authority.ca} "
                          "sni str(db.test) check inter 200ms"], more="option pgsql-check user postgres")
    ending(Proxy("pgsteer", folder, ours, [outer]))
    wait_until("a query goes through", lambda: client.try_ask(outer))
    assert client.ask(outer).address == node.address
