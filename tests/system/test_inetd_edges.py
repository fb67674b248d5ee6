"""`pgsteer inetd` where things go wrong or get large, beside xinetd where it has the same feature."""

import asyncio
import os
import re
import socket
import subprocess
from pathlib import Path

import pytest
from harness.client import tcp
from harness.inetd import PGSTEER, XINETD, Inetd, pair, received, service
from harness.process import descendants, free_port
from harness.waits import holds_for, wait_until

HELLO = "#!/bin/sh\necho hello\n"
MANY, AT_A_TIME = 10_000, 500


@pytest.fixture
def script(folder):
    def write(text):
        return folder.write(folder.unique("script").name, text, 0o755)
    return write


def gone(pid):
    """Ended, and reaped."""
    return not Path(f"/proc/{pid}").exists()


def zombies(process):
    states = []
    for pid in descendants(process.pid):
        try:
            states.append(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0])
        except OSError:
            pass
    return states.count("Z")


def test_a_script_that_never_reads_is_heard_all_the_same(folder, ending, script):
    programs = pair(folder, ending, lambda port: service(port, script(HELLO)))
    for kind, port, _ in programs:
        assert received(port, b"GET / HTTP/1.0\r\n\r\n") == b"hello\n", kind


@pytest.mark.parametrize("text", [
    "read line\necho got $line", "while echo more; do sleep 0.01; done",
], ids=["never sends", "goes away while the script writes"])
def test_a_script_ends_with_the_client_that(folder, ending, script, text):
    own = folder.unique("pid")
    own.touch()
    own.chmod(0o666)
    for kind, port, program in pair(folder, ending, lambda port: service(
            port, script(f"#!/bin/sh\necho $$ > {own}\n{text}\n"))):
        own.write_text("")
        with tcp(port):
            wait_until(f"{kind} has started the script", lambda: own.read_text().endswith("\n"))
            pid = int(own.read_text())
            holds_for("it waits for its client", lambda p=pid: not gone(p), 0.3)
        wait_until(f"the script of {kind} has ended and is reaped", lambda p=pid: gone(p))
        assert program.process.running()


HOSTS = {"its name": "localhost", "a name that nobody has": "no.such.host.invalid",
         "both": "no.such.host.invalid localhost", "a domain": ".invalid"}


@pytest.mark.parametrize("flags", ["REUSE IPv4", "REUSE"])
@pytest.mark.parametrize("names", HOSTS.values(), ids=HOSTS)
def test_access_by_host_names_is_as_xinetd_has_it(folder, ending, script, names, flags):
    seen = {kind: received(port) for kind, port, _ in pair(folder, ending, lambda port: service(
        port, script(HELLO), only_from=names, flags=flags))}
    assert seen[PGSTEER] == seen[XINETD]
    if flags == "REUSE IPv4":  # an address that /etc/hosts knows
        assert (seen[PGSTEER] == b"hello\n") == ("localhost" in names)


IPV6 = {
    "IPv6": ({"flags": "REUSE IPv6"}, True, True),
    "IPv6 alone": ({"flags": "REUSE IPv6", "v6only": "yes"}, True, False),
    "an IPv6 address": ({"flags": "REUSE IPv6", "bind": "::1"}, True, False),
    "IPv6 clients by address": ({"flags": "REUSE IPv6", "only_from": "::1"}, True, None),
    "IPv6 networks": ({"flags": "REUSE IPv6", "only_from": "2001:db8::/32"}, None, None),
}


def reached(port, address):
    try:
        return received(port, address=address)
    except OSError as error:
        return type(error).__name__


@pytest.mark.parametrize("attributes,six,four", IPV6.values(), ids=IPV6)
def test_ipv6_is_as_xinetd_has_it(folder, ending, script, attributes, six, four):
    seen = {}
    for kind in (XINETD, PGSTEER):
        port = free_port()
        program = Inetd(kind, folder, service(port, script(HELLO), **attributes), [])
        ending(program)
        wait_until(f"{kind} listens", lambda p=port: not isinstance(reached(p, "::1"), str))
        seen[kind] = reached(port, "::1"), reached(port, "127.0.0.1")
    assert seen[PGSTEER] == seen[XINETD]
    for answer, wanted in zip(seen[PGSTEER], (six, four)):
        assert wanted is None or (answer == b"hello\n") == wanted


def test_a_log_file_stops_at_its_hard_limit_and_the_service_goes_on(folder, ending, script):
    logs = {}

    def make(port):
        logs[port] = folder.unique("limited.log")
        return service(port, script(HELLO), log_type=f"FILE {logs[port]} 400 600",
                       log_on_success="PID HOST EXIT DURATION")
    for kind, port, _ in pair(folder, ending, make):
        for _ in range(30):
            assert received(port) == b"hello\n", kind
        size = logs[port].stat().st_size
        assert 0 < size < 1000, (kind, size)


@pytest.fixture
def syslog(folder):
    """A place for /dev/log, and what came in there so far."""
    class Heard:
        def __init__(self):
            self.path = folder.unique("log")
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self.socket.bind(str(self.path))
            self.path.chmod(0o666)
            self.socket.setblocking(False)
            self.text = ""

        def now(self):
            try:
                while True:
                    self.text += self.socket.recv(65536).decode(errors="replace") + "\n"
            except BlockingIOError:
                return self.text
    heard = Heard()
    yield heard
    heard.socket.close()


# Its own /dev: nothing of the machine's is touched.
PRIVATE_DEV = ("mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && "
               "mknod -m 666 /dev/urandom c 1 9 && ln -s $0 /dev/log && exec \"$@\"")


def test_log_type_syslog_is_heard_by_the_system_log(folder, ending, script, syslog):
    private = ["unshare", "-m", "sh", "-c", PRIVATE_DEV, str(syslog.path)]
    if os.geteuid() != 0 or subprocess.run(private + ["true"], capture_output=True).returncode != 0:
        pytest.skip("a /dev of one's own needs root")
    words = {}
    for kind in (XINETD, PGSTEER):
        port = free_port()
        text = service(port, script(HELLO), log_type="SYSLOG local3 notice",
                       log_on_success="PID HOST EXIT", log_on_failure="HOST")
        syslog.now()
        syslog.text = ""
        program = Inetd(kind, folder, text, [port], within=private)
        ending(program)
        assert received(port) == b"hello\n"
        wait_until(f"{kind} has logged", lambda: "EXIT" in syslog.now())
        lines = [line for line in syslog.now().splitlines() if "check" in line and
                 re.search("START|EXIT", line)]
        # <facility * 8 + severity>: local3 is 19, notice is 5
        assert lines and all(line.startswith("<157>") for line in lines), (kind, lines)
        words[kind] = [re.sub(r"(pid=|duration=)\d+", r"\1N", re.sub(r"^.*?\]: ", "", line))
                       for line in lines]
    assert words[PGSTEER] == words[XINETD]


SHIPPED = sorted(p for p in Path("/etc/xinetd.d").glob("*") if not p.name.endswith((".dpkg-old",)))


def test_debians_service_files_load_as_they_are(folder):
    text = "defaults\n{\n}\nincludedir /etc/xinetd.d\n"
    path = folder.write("debian.conf", text)
    done = subprocess.run([folder.pgsteer(), "inetd", "-c", "-f", path], capture_output=True,
                          text=True, timeout=60, env=folder.sanitizer_environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert SHIPPED


# Debian's xinetd is built without the other two: both programs leave them out with an error.
BUILT_IN = ["chargen", "daytime", "discard", "echo", "time"]


@pytest.mark.parametrize("file", [p for p in SHIPPED if p.name in BUILT_IN], ids=lambda p: p.name)
def test_debians_services_answer_as_under_xinetd(folder, ending, file):
    """Switched on, and moved to a free port."""
    whole = file.read_text()
    found = re.findall(r"(?ms)^service\s+(\S+)\s*\{(.*?)^\}", whole)
    streams = [(name, body) for name, body in found if re.search(r"socket_type\s*=\s*stream", body)]
    assert streams, whole
    name, body = streams[0]

    def make(port):
        own = re.sub(r"(?m)^\s*(disable|port|type)\s*=.*$", "", body)
        return (f"service {name}\n{{{own}\n    type = INTERNAL UNLISTED\n    disable = no\n"
                f"    port = {port}\n}}\n")
    send = b"hello" if name in ("echo", "discard") else b""
    seen = {}
    for kind, port, _ in pair(folder, ending, make):
        if name == "chargen":  # endless: the first lines tell
            with tcp(port) as s:
                data = b""
                while len(data) < 740:
                    data += s.recv(740 - len(data))
            seen[kind] = data
        else:
            seen[kind] = received(port, send, half_close=bool(send))
    if name == "time":
        seen = {kind: len(data) for kind, data in seen.items()}
    elif name == "daytime":
        seen = {kind: re.sub(rb"\d\d:\d\d:\d\d", b"T", data) for kind, data in seen.items()}
    assert seen[PGSTEER] == seen[XINETD]


def test_ten_thousand_checks_lose_no_answer_and_leave_nothing(folder, ending, script):
    port, hung = free_port(), free_port()
    text = (service(port, "/bin/echo", server_args="hello", instances="UNLIMITED",
                    per_source="UNLIMITED") +
            service(hung, script("#!/bin/sh\nexec sleep 1000\n"), name="hung"))
    program = ending(Inetd(PGSTEER, folder, text, [port, hung]))

    async def ask(places):
        async with places:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                return await reader.read()
            finally:
                writer.close()

    async def ask_all():
        places = asyncio.Semaphore(AT_A_TIME)
        return await asyncio.gather(*(ask(places) for _ in range(MANY)), return_exceptions=True)

    with tcp(hung):
        received(port)
        before = program.process.open_descriptors()
        wrong = [answer for answer in asyncio.run(ask_all()) if answer != b"hello\n"]
        assert not wrong, (len(wrong), wrong[:3])
        wait_until("all descriptors are closed",
                   lambda: program.process.open_descriptors() <= before)
        assert zombies(program.process) == 0
        assert len(descendants(program.process.pid)) == 1, "only the hung script is left"


def test_a_service_without_a_port_is_where_etc_services_says(folder, ending):
    """In a network of its own, since the port is everybody's: Debian's file, but switched on."""
    alone = ["unshare", "-n", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]
    if subprocess.run(alone + ["true"], capture_output=True).returncode != 0:
        pytest.skip("a network namespace needs root")
    text = Path("/etc/xinetd.d/daytime").read_text().replace("disable", "#disable", 1)
    ask = "exec 3<>/dev/tcp/127.0.0.1/daytime && timeout 5 cat <&3"
    seen = {}
    for kind in (XINETD, PGSTEER):
        program = Inetd(kind, folder, text, [], within=alone)
        ending(program)

        def answer(pid=program.process.pid):
            done = subprocess.run(["nsenter", "-t", str(pid), "-n", "bash", "-c", ask],
                                  capture_output=True, timeout=20)
            return re.sub(rb"\d\d:\d\d:\d\d", b"T", done.stdout)
        wait_until(f"{kind} answers on port 13", answer)
        seen[kind] = answer()
    assert seen[PGSTEER] == seen[XINETD] and b"T" in seen[XINETD]
