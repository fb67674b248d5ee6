"""Every dialect of checks says what HAProxy says: both programs run the same file against the same
scripted servers, and the words of their `Health check for server ...` lines are compared."""

import re
import ssl
import subprocess

import pytest

from harness.process import free_port
from harness.proxy import KINDS, Proxy
from harness.scripted import Scripted, answers, http, says
from harness.waits import wait_until

TCP = "option tcp-check\n    tcp-check "
HTTP = "option httpchk GET /\n    http-check "

# A name, the backend's lines, what the server does. Lines after the first need their indentation only
# for the reader: HAProxy and pgsteer take any.
ROWS = {
    "tcp_connect": ("option tcp-check", says()),
    "tcp_connect_step": (TCP + "connect", says()),
    "tcp_refused_at_step": (TCP + "connect comment db", None),
    "tcp_reset": (TCP + "send x\n tcp-check expect string a", answers(end="reset")),
    "connect": ("", says()),
    "refused": ("", None),
    "tcp_refused": ("option tcp-check", None),
    "tcp_banner": (TCP + "expect string 220", says(b"220 hello\r\n", end="wait")),
    "tcp_banner_in_parts": (TCP + "expect string \"220 ready\"",
                            says(b"220", end="wait")),
    "tcp_wrong": (TCP + "expect string 220", says(b"500 no\r\n")),
    "tcp_min_recv": (TCP + "expect min-recv 3 string 220", says(b"500 no\r\n", end="wait")),
    "tcp_negated": (TCP + "expect ! string 220", says(b"220 hello\r\n")),
    "tcp_negated_met": (TCP + "expect ! string 220", says(b"500 hello\r\n")),
    "tcp_regex": (TCP + r"expect rstring ^2\d\d", says(b"220 hello\r\n")),
    "tcp_regex_wrong": (TCP + r"expect rstring ^2\d\d", says(b"x220 hello\r\n")),
    "tcp_binary": (TCP + "expect binary 0001ff", says(b"a\x00\x01\xff")),
    "tcp_binary_wrong": (TCP + "expect binary 0001ff", says(b"a\x00\x01")),
    "tcp_rbinary": (TCP + "expect rbinary ^61(00|01)", says(b"a\x00\x01\xff")),
    "tcp_rbinary_wrong": (TCP + "expect rbinary ^62", says(b"a\x00\x01\xff")),
    "tcp_redis": (TCP + r"""connect
    tcp-check send PING\r\n
    tcp-check expect string +PONG
    tcp-check send "info replication"\r\n comment "role"
    tcp-check expect string role:master
    tcp-check send-binary 515549540d0a
    tcp-check expect string +OK""",
                  answers(b"+PONG\r\n", b"role:master\r\n", b"+OK\r\n")),
    "tcp_redis_replica": (TCP + r"""connect
    tcp-check send PING\r\n
    tcp-check expect string +PONG
    tcp-check comment "who is it"
    tcp-check send INFO\r\n
    tcp-check expect comment "a master" string role:master""",
                          answers(b"+PONG\r\n", b"role:slave\r\n")),
    "tcp_two_expects": (TCP + "expect string a\n tcp-check expect string b", says(b"ab")),
    "tcp_second_unmet": (TCP + "expect string a\n tcp-check expect string c", says(b"ab")),
    "tcp_silent": (TCP + "expect string a", says(end="wait")),
    "tcp_silent_status": (TCP + "expect tout-status L4TOUT string a", says(end="wait")),
    "tcp_closes": (TCP + "expect string a", says()),
    "tcp_closes_status": (TCP + "expect error-status L7STS string a", says()),
    "tcp_send_last": (TCP + "send hello", says(end="wait")),
    "tcp_statuses": (TCP + "expect ok-status L4OK string a", says(b"a")),
    "tcp_error_status": (TCP + 'expect error-status L7STS on-error "got %[res.payload(0,2)]" string a',
                         says(b"xyz")),
    "tcp_send_lf": (TCP + "send-lf %[be_name]/%[srv_name]\n tcp-check expect string tcp_send_lf/s",
                    lambda c: c.sendall(c.recv(100))),
    "tcp_send_binary_lf": (TCP + "send-binary-lf 61%[str(62)]\n tcp-check expect string ab",
                           lambda c: c.sendall(c.recv(100))),
    "tcp_string_lf": (TCP + "expect string-lf %[srv_name]!", says(b"s!")),
    "http_200": (HTTP + "expect status 200", http(200)),
    "http_default": ("option httpchk", http(302, "Found")),
    "http_default_503": ("option httpchk", http(503, "No")),
    "http_503": (HTTP + "expect status 200", http(503, "Service Unavailable")),
    "http_rstatus": (HTTP + r"expect rstatus ^20\d$", http(206)),
    "http_not": (HTTP + "expect ! rstatus ^5", http(503, "No")),
    "http_string": (HTTP + "expect string running", http(200, body=b"it is running")),
    "http_string_wrong": (HTTP + "expect string running", http(200, body=b"stopped")),
    "http_string_no_body": (HTTP + "expect string running", http(200)),
    "http_string_not": (HTTP + "expect ! string stopped", http(200, body=b"stopped")),
    "http_string_lf": (HTTP + "expect string-lf %[srv_name]=1", http(200, body=b"s=1")),
    "http_rstring": (HTTP + r"expect rstring role\W+primary", http(200, body=b'role": "primary"')),
    "http_header": (HTTP + "expect hdr name x-role value primary", http(200, X_Role="sync, primary")),
    "http_header_wrong": (HTTP + "expect hdr name x-role value primary", http(200, X_Role="standby")),
    "http_full_header": (HTTP + "expect fhdr name -m beg x- value -m sub prim",
                         http(200, X_Role="a, primary")),
    "http_header_there": (HTTP + "expect ! hdr name x-gone", http(200)),
    "http_two": (HTTP + "expect status 200\n http-check expect string ok", http(200, body=b"ok")),
    "http_second_unmet": (HTTP + "expect status 200\n http-check expect string ok",
                          http(200, body=b"no")),
    "http_error_status": (HTTP + 'expect error-status L7RSP on-error "not me" status 200',
                          http(404, "Gone")),
    "http_comment": (HTTP + "expect comment primary? status 200", http(206, "Replica")),
    "http_refused": (HTTP + "expect status 200", None),
    "http_closes": (HTTP + "expect status 200", answers()),
    "http_reset": (HTTP + "expect status 200", answers(end="reset")),
    "http_no_http": (HTTP + "expect status 200", answers(b"220 hello\r\n")),
    "http_half_a_head": (HTTP + "expect status 200", answers(b"HTTP/1.0 200 OK\r\nA: b\r\n",
                                                             end="wait")),
    "http_half_a_body": (HTTP + "expect string no",
                         answers(b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nok", end="wait")),
    "http_status_code": (HTTP + 'expect status-code "int(299)" on-success fine status 200', http(200)),
    "http_silent": (HTTP + "expect status 200", answers(end="wait")),
    "http_silent_status": (HTTP + "expect tout-status L6TOUT status 200", answers(end="wait")),
    "http_send": ("""option httpchk
    http-check send meth GET uri /a ver HTTP/1.1 hdr Host db hdr X-S %[srv_name] body b
    http-check expect string POST-or-GET""",
                  http(200, body=b"POST-or-GET")),
    "http_twice": ("""option httpchk
    http-check connect
    http-check send meth GET uri /1
    http-check expect status 200
    http-check connect
    http-check send meth GET uri /2
    http-check expect status 206""", http(200)),
}

EXTERNAL = "option external-check\n    external-check path /usr/bin:/bin\n    external-check command "
# The same, and options of the server line; {folder} has the certificates and programs.
MORE = {
    "tls": (HTTP + "expect status 200", http(200), "check-ssl verify none"),
    "tls_connect": ("option tcp-check", says(end="wait"), "check-ssl verify none"),
    "tls_believed": (HTTP + "expect status 200", http(200), "check-ssl ca-file {folder}/cert.pem"),
    "tls_its_name": (HTTP + "expect status 200", http(200),
                     "check-ssl ca-file {folder}/cert.pem verifyhost db.example"),
    "tls_other_name": (HTTP + "expect status 200", http(200),
                       "check-ssl ca-file {folder}/cert.pem verifyhost other.example"),
    "tls_stranger": (HTTP + "expect status 200", http(200), "check-ssl ca-file {folder}/other.pem"),
    "tls_to_plain": (HTTP + "expect status 200", answers(b"no TLS here\r\n"),
                     "check-ssl verify none"),
    "tls_silent": (HTTP + "expect status 200", says(end="wait"), "check-ssl verify none"),
    "tls_step": (HTTP + "connect ssl sni db.example\n http-check send meth GET uri /\n"
                 " http-check expect status 200", http(200),
                 "verify none"),
    "tls_refused": (HTTP + "expect status 200", None, "check-ssl verify none"),
    "send_proxy": (TCP + r"expect rstring \APROXY\ TCP4\ 127.0.0.1\ 127.0.0.1",
                   lambda c: c.sendall(c.recv(100)), "check-send-proxy"),
    "send_proxy_step": (TCP + "connect send-proxy\n tcp-check expect string PROXY",
                        lambda c: c.sendall(c.recv(100)), ""),
    "program_ok": (EXTERNAL + "/bin/true", None, ""),
    "program_failed": (EXTERNAL + "/bin/false", None, ""),
    "program_code": (EXTERNAL + "{folder}/code", None, ""),
    "program_slow": (EXTERNAL + "{folder}/slow", None, ""),
    "program_environment": (EXTERNAL + "{folder}/environment", None, "maxconn 7"),
}
PROGRAMS = {
    "code": "exit 3",
    "slow": "sleep 30",
    "environment": """
test "$1 $2 $3 $4" = "NOT_USED NOT_USED $HAPROXY_SERVER_ADDR $HAPROXY_SERVER_PORT" || exit 11
env | grep -v -e ^PWD= -e ^_= -e ^SHLVL= -e _PORT= | sort > "${0%/*}/seen.$PPID"
""",
}
TLS_SERVERS = {name for name in MORE if name.startswith("tls") and name not in
               ("tls_to_plain", "tls_silent", "tls_refused")}
ALL = {name: (lines, talk, "") for name, (lines, talk) in ROWS.items()} | MORE


def certificate(folder, name, host):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", "2", "-subj", f"/CN={host}", "-addext",
                    f"subjectAltName=DNS:{host}", "-keyout", folder / f"{name}.key", "-out",
                    folder / f"{name}.pem"], check=True, capture_output=True)


def config(servers, ports, path):
    text = f"""
global
    external-check
    insecure-fork-wanted
    log stdout format raw local0
defaults
    mode tcp
    log global
    option log-health-checks
    timeout connect 1s
    timeout client 1s
    timeout server 1s
    timeout check 700ms
frontend one
    bind 127.0.0.1:{ports[0]}
    default_backend {next(iter(ROWS))}
"""
    for name, (lines, _, options) in ALL.items():
        lines, options = (text.replace("{folder}", str(path)) for text in (lines, options))
        text += f"backend {name}\n    {lines}\n"
        text += f"    server s 127.0.0.1:{servers[name]} check inter 1s fall 2 rise 1 {options}\n"
    return text


LINE = re.compile(r"Health check for server (\S+)/s (succeeded|failed), reason: (.*), check duration")


def told(proxy):
    """The words of each backend's last check."""
    return {name: f"{how}, {words}" for name, how, words in LINE.findall(proxy.process.output())}


@pytest.fixture(scope="module")
def path(folder):
    made = folder.make("checks")
    certificate(made, "cert", "db.example")
    certificate(made, "other", "db.example")
    for name, text in PROGRAMS.items():
        (made / name).write_text(f"#!/bin/sh\n{text}\n")
        (made / name).chmod(0o755)
    return made


@pytest.fixture(scope="module")
def results(folder, path):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path / "cert.pem", path / "cert.key")
    scripted = {name: Scripted(talk, tls if name in TLS_SERVERS else None)
                for name, (_, talk, _) in ALL.items() if talk}
    servers = {name: scripted[name].port if name in scripted else free_port() for name in ALL}
    results = {}
    for kind in KINDS:
        port = free_port()
        proxy = Proxy(kind, folder, config(servers, [port], path), [port])
        try:
            wait_until(f"{kind} has told of all checks",
                       lambda proxy=proxy: proxy.process.must_run() and len(told(proxy)) == len(ALL),
                       seconds=20)
            results[kind] = told(proxy)
        finally:
            proxy.stop()
    for server in scripted.values():
        server.close()
    return results


# pgsteer adds what was received instead.
SAYS_MORE = {"http_no_http", "http_closes"}
# OpenSSL's words for a failed handshake are told in another way.
SAYS_OTHERWISE = {"tls_other_name", "tls_stranger", "tls_to_plain"}


@pytest.mark.parametrize("name", ALL)
def test_a_check_ends_with_haproxys_words(results, name):
    ours, theirs = results["pgsteer"][name], results["haproxy"][name]
    if name in SAYS_MORE | SAYS_OTHERWISE:
        ours = ours.split(", info: ")[0]
    if name in SAYS_OTHERWISE:
        theirs = theirs.split(", info: ")[0]
    assert ours == theirs


def test_a_program_gets_haproxys_environment(results, path):
    seen = {file.read_text() for file in path.glob("seen.*")}
    assert len(list(path.glob("seen.*"))) >= len(KINDS)
    assert len(seen) == 1, "\n".join(seen)
    assert "HAPROXY_SERVER_MAXCONN=7" in seen.pop()
