"""Every dialect of checks says what HAProxy says: both programs run the same file against the same
scripted servers, and the words of their `Health check for server ...` lines are compared."""

import re

import pytest

from harness.process import Folder, free_port
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
    "tcp_reset": (TCP + "expect string a", says(end="reset")),
    "tcp_reset_later": (TCP + "expect string a", says(b"b", end="reset")),
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


def config(servers, ports):
    text = f"""
global
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
    for name, (lines, _) in ROWS.items():
        text += f"backend {name}\n    {lines}\n"
        text += f"    server s 127.0.0.1:{servers[name]} check inter 1s fall 2 rise 1\n"
    return text


LINE = re.compile(r"Health check for server (\S+)/s (succeeded|failed), reason: (.*), check duration")


def told(proxy):
    """The words of each backend's last check."""
    return {name: f"{how}, {words}" for name, how, words in LINE.findall(proxy.process.output())}


@pytest.fixture(scope="module")
def results():
    folder = Folder()
    scripted = {name: Scripted(talk) for name, (_, talk) in ROWS.items() if talk}
    servers = {name: scripted[name].port if name in scripted else free_port() for name in ROWS}
    results = {}
    for kind in KINDS:
        port = free_port()
        proxy = Proxy(kind, folder, config(servers, [port]), [port])
        try:
            wait_until(f"{kind} has told of all checks",
                       lambda proxy=proxy: proxy.process.must_run() and len(told(proxy)) == len(ROWS),
                       seconds=20)
            results[kind] = told(proxy)
        finally:
            print(proxy.process.output())
            proxy.stop()
    for server in scripted.values():
        server.close()
    yield results
    folder.remove()


# pgsteer adds what was received instead.
SAYS_MORE = {"http_no_http", "http_closes"}


@pytest.mark.parametrize("name", ROWS)
def test_a_check_ends_with_haproxys_words(results, name):
    ours, theirs = results["pgsteer"][name], results["haproxy"][name]
    assert ours.split(", info: ")[0] == theirs if name in SAYS_MORE else ours == theirs
