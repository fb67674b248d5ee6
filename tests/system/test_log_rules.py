"""What rules and formats of a site make of a session's log line: its level, whether there is one, and the id
that it carries; each beside the real HAProxy."""

import contextlib
import re

import pytest

from harness.client import TcpServer, tcp
from harness.logs import Receiver
from harness.process import free_port, listens
from harness.proxy import KINDS, Proxy
from harness.waits import wait_until
from test_stick import Site


@pytest.fixture(params=KINDS)
def logged(request, folder, ending):
    """Serves with these lines; answers a function that has one session from an address."""
    def serve(lines):
        receiver, server, port = ending(Receiver()), TcpServer(), free_port()
        it = ending(Proxy(request.param, folder, f"""
global
    log-tag lb
defaults
    mode tcp
    timeout connect 1s
    timeout client 5s
    timeout server 5s
listen front
    bind 127.0.0.1:{port}
    log {receiver.address} local0
    {lines}
    server s 127.0.0.1:{server.port}
""", []))
        wait_until("it listens", lambda: it.process.must_run() and listens(port))
        it.port = port

        def session(source="127.0.0.1", says=b"x"):
            with Site.connect(it, source, port) as client:
                client.sendall(says)
                connection = server.accept()
                assert connection.recv(len(says)) == says
                connection.close()
                assert client.recv(1) == b""
        session.port = port
        return session, receiver
    return serve


@pytest.mark.parametrize("level,priority", [("emerg", 128), ("err", 131), ("notice", 133), ("debug", 135)])
def test_a_rule_sets_the_level_of_a_session_s_line(logged, level, priority):
    session, receiver = logged(f"""option tcplog
    tcp-request content set-log-level silent
    tcp-request content set-log-level {level} if {{ src 127.0.0.1 }}
    tcp-request content set-log-level alert if {{ src 127.0.0.9 }}""")
    session()
    assert receiver.wait_for(" front/s ").startswith(f"<{priority}>")


def test_a_silent_session_has_no_line(logged):
    session, receiver = logged("""option tcplog
    tcp-request content set-log-level silent if { src 127.0.0.2 }""")
    session("127.0.0.2")
    session("127.0.0.1")
    receiver.wait_for(" front/s ")
    lines = [line for line in receiver.lines() if " front/s " in line]
    assert len(lines) == 1 and " 127.0.0.1:" in lines[0] and lines[0].startswith("<134>")


@pytest.mark.parametrize("form,shown", [
    ('unique-id-format %{+X}o\\ %ci:%cp_%fi:%fp\n    log-format "%ID is %b"',
     r"7F000001:[0-9A-F]{4}_7F000001:[0-9A-F]{4} is front"),
    ('unique-id-format %ft-%[dst_port]\n    log-format %{+Q}ID', r'"front-\d{5}"'),
    ('log-format "id %ID."', r"id -\."),
])
def test_the_id_of_a_session_is_what_unique_id_format_says(logged, form, shown):
    session, receiver = logged(form)
    session()
    line = receiver.wait_for("lb")
    assert re.search(rf": {shown}\n?$", line), line


CAPTURES = """tcp-request inspect-delay 300ms
    tcp-request content capture req.ssl_sni len 10
    tcp-request content capture src len 50
    tcp-request content capture req.payload(0,6) len 4
    tcp-request content capture always_true len 5 if { src 127.0.0.2 }
    tcp-request content reject if { capture.req.hdr(2) -m str evil }
    log-format "%ci %hr %hrl %{+Q}hr %{+Q}hrl %hs%hsl %[capture.req.hdr(0)] %[capture.req.hdr(1)] %ts\""""


@pytest.mark.parametrize("source,says,shown", [
    ("127.0.0.2", b'ab"#xx', '{|127.0.0.2|ab#22#23|1} - 127.0.0.2 ab#22#23 1 "{|127.0.0.2|ab#22#23|1}" '
     '"" "127.0.0.2" "ab#22#23" "1" - 127.0.0.2 --'),
    ("127.0.0.1", b"{|}\n  ", '{|127.0.0.1|#7B#7C#7D#0A|} - 127.0.0.1 #7B#7C#7D#0A - '
     '"{|127.0.0.1|#7B#7C#7D#0A|}" "" "127.0.0.1" "#7B#7C#7D#0A" "" - 127.0.0.1 --'),
    ("127.0.0.1", b"abc", '{|127.0.0.1||} - 127.0.0.1 - - "{|127.0.0.1||}" "" "127.0.0.1" "" "" - 127.0.0.1 --'),
])
def test_what_rules_capture_of_a_client_is_in_its_line(logged, source, says, shown):
    session, receiver = logged(CAPTURES)
    session(source, says)
    assert receiver.wait_for(f" {source} ").rstrip("\n").split(f" {source} ", 1)[1] == shown


def test_a_captured_value_decides_in_later_rules(logged):
    session, receiver = logged(CAPTURES)
    with tcp(session.port) as client:
        client.sendall(b"evil..")
        with contextlib.suppress(ConnectionResetError):  # what was sent was not all read
            assert client.recv(1) == b""
    assert receiver.wait_for(" 127.0.0.1 ").endswith(" PR\n")
