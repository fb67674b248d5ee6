"""TLS of listeners towards clients, and of the stats page, beside the real HAProxy on the same lines."""

import contextlib
import os
import select
import ssl

import pytest

from harness import client, proxy
from harness.process import free_port
from harness.proxy import Proxy
from harness.secure import Echo, authority, server, site  # noqa: F401 (fixtures)
from harness.waits import STRETCH


def test_a_listener_speaks_tls_to_its_clients(site, authority, ending):
    plain = ending(Echo())
    it = site([f"a 127.0.0.1:{plain.port}"],
              bind=f"ssl crt {authority.issue('front.test')} alpn postgresql")
    context = authority.client()
    context.set_alpn_protocols(["postgresql"])
    with context.wrap_socket(client.tcp(it.port), server_hostname="front.test") as s:
        assert s.selected_alpn_protocol() == "postgresql"
        s.sendall(b"hello")
        assert s.recv(100) == b"hello"
        assert s.unwrap()


def test_many_megabytes_pass_between_tls_on_both_sides(site, server, authority):
    tls = server()
    it = site([f"a 127.0.0.1:{tls.port} ssl verify none"],
              bind=f"ssl crt {authority.issue('front.test')}")
    data = os.urandom(1 << 20) * 8
    with authority.client().wrap_socket(client.tcp(it.port), server_hostname="front.test") as s:
        assert echoed(s, data) == data


def echoed(s, data):
    """What comes back of it, read while it is sent. One thread does both: OpenSSL forbids two at a time on
    one connection, and Python 3.11 does not keep them apart."""
    s.setblocking(False)
    back, left = bytearray(), memoryview(data)
    while len(back) < len(data):
        readable, writable, _ = select.select([s], [s] if left else [], [], 10 * STRETCH)
        assert readable or writable, f"{len(back)} of {len(data)} bytes, then nothing"
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            if left:
                left = left[s.send(left[:1 << 16]):]
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while len(back) < len(data):
                piece = s.recv(1 << 16)
                assert piece, f"{len(back)} of {len(data)} bytes, then the end"
                back += piece
    return bytes(back)


def test_a_folder_of_certificates_is_chosen_from_by_name(site, authority, ending, folder):
    plain = ending(Echo())
    home = folder.make("chosen")
    for name in ("first.test", "second.test", "third.test"):
        alternatives = ["*.third.test"] if name == "third.test" else []
        (home / f"{name}.pem").write_text(authority.issue(name, *alternatives).read_text())
    it = site([f"a 127.0.0.1:{plain.port}"], bind=f"ssl crt {home}")
    for asked in ("first.test", "second.test", "any.third.test"):
        with authority.client().wrap_socket(client.tcp(it.port), server_hostname=asked) as s:
            s.sendall(b"x")
            assert s.recv(10) == b"x"


def test_strict_sni_refuses_a_name_without_certificate(site, authority, ending):
    plain = ending(Echo())
    it = site([f"a 127.0.0.1:{plain.port}"],
              bind=f"ssl crt {authority.issue('front.test')} strict-sni")
    context = authority.client()
    context.check_hostname = False
    with pytest.raises(ssl.SSLError):
        context.wrap_socket(client.tcp(it.port), server_hostname="unknown.test")


def test_a_client_shows_its_certificate_where_it_is_required(site, authority, ending):
    plain = ending(Echo())
    it = site([f"a 127.0.0.1:{plain.port}"], bind=f"ssl crt {authority.issue('front.test')} "
              f"ca-file {authority.ca} verify required")

    def echo(context):
        with context.wrap_socket(client.tcp(it.port), server_hostname="front.test") as s:
            s.sendall(b"x")
            return s.recv(10)
    assert echo(authority.client("app.test")) == b"x"
    with pytest.raises(OSError):
        assert echo(authority.client()) == b"x", "without a certificate"


def test_rules_see_the_name_that_tls_asks_for_and_the_bytes_within(site, authority, ending):
    plain = ending(Echo())
    it = site([f"a 127.0.0.1:{plain.port}"], bind=f"ssl crt {authority.issue('front.test')}",
              more="tcp-request inspect-delay 2s\n    tcp-request content reject if { ssl_fc_sni "
                   "front.test } { req.payload(0,4) -m str evil }\n    tcp-request content accept if "
                   "{ req.len gt 3 }")

    def echo(text):
        with authority.client().wrap_socket(client.tcp(it.port), server_hostname="front.test") as s:
            s.sendall(text)
            return s.recv(100)
    assert echo(b"good") == b"good"
    with contextlib.suppress(OSError):
        assert echo(b"evil") == b""


def test_a_client_without_tls_is_turned_away_and_counted(site, authority, ending):
    plain = ending(Echo())
    it = site([f"a 127.0.0.1:{plain.port}"], bind=f"ssl crt {authority.issue('front.test')}")
    with client.tcp(it.port) as s, contextlib.suppress(OSError):
        s.sendall(b"this is no ClientHello, and never will be one" * 10)
        assert b"this is no" not in client.read_all(s)


def test_the_stats_page_is_served_over_tls(folder, authority, ending):
    port = free_port()
    text = f"""
defaults
    mode tcp
    timeout client 10s
    timeout server 10s
    timeout connect 1s
listen stats
    mode http
    bind 127.0.0.1:{port} ssl crt {authority.issue('page.test')}
    stats enable
    stats uri /
"""
    for kind in proxy.KINDS:
        it = Proxy(kind, folder, text, [port])
        try:
            with authority.client().wrap_socket(client.tcp(port), server_hostname="page.test") as s:
                s.sendall(b"GET /;csv HTTP/1.0\r\n\r\n")
                answer = b""
                while piece := s.recv(65536):
                    answer += piece
            assert answer.startswith(b"HTTP/1.") and b"# pxname,svname" in answer
        finally:
            it.stop()
