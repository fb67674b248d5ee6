"""The language around the keywords, beside HAProxy: conditions, variables, exit statuses, common rights of
unix paths; and what `-c` says to people and to programs."""

import json
import os
import re
import stat
import subprocess

import pytest
from harness.process import free_port
from harness.proxy import Proxy
from harness.waits import wait_until

TIMEOUTS = "    timeout client 30m\n    timeout server 30m\n    timeout connect 4s\n"
LISTEN = f"""listen pg
    mode tcp
    bind 127.0.0.1:15000
{TIMEOUTS}    server pg0 127.0.0.1:5432
"""
CONDITIONS = ["", "1", "0", "2 ", "010", "true", "-1", "12abc", "1 1", "1 &&", "streq(a,a)", "streq(a, a)", "streq(a)",
              "streq(a,b,c)", "strneq(a,b)", "streq(\"$HOME\",/nowhere)", "defined(HOME)", "defined()", "defined(A,B)",
              "!defined(NOBODY)", "! streq(a,b)", "!!1", "1 && 0 || 1", "1 || 0 && 0", "(1 || 0) && 0", "(1", "nope(1)",
              "feature(OPENSSL)", "feature(QUIC)", "version_atleast(2.6)", "version_atleast(2.4-dev19)",
              "version_before(2.7-dev1)", "version_before(2.6)", "openssl_version_atleast(1.1.1)", "1 # no comment"]


def run(program, *words, env=None):
    return subprocess.run([program, *words], capture_output=True, text=True, timeout=60, env=env)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_ends_with_haproxys_status(folder, condition):
    assert (run(folder.pgsteer(), "-cc", condition).returncode
            == run("haproxy", "-cc", condition).returncode)


@pytest.mark.parametrize("text, status", [
    (LISTEN, 0),
    (LISTEN.replace("timeout client", "timeout clent"), 1),
    (LISTEN.replace("    bind 127.0.0.1:15000\n", ""), 2),
    (LISTEN.replace("    bind", "    disabled\n    bind"), 2),
    ("global\n    stats socket /run/not-there.sock\n" + LISTEN.replace("    bind", "    disabled\n    bind"), 0),
    ("global\n    zero-warning\n" + LISTEN.replace("    timeout client 30m\n", ""), 1),
    (".if defined(HAPROXY_LOCALPEER)\n" + LISTEN + ".else\n.alert \"no peer\"\n.endif\n", 0),
    (".if 1\n" + LISTEN, 1),
    (".alert stop\n" + LISTEN, 1),
])
def test_checking_a_file_ends_with_haproxys_status(folder, text, status):
    path = str(folder.write("beside.cfg", text))
    for program in ("haproxy", folder.pgsteer()):
        assert run(program, "-c", "-f", path).returncode == status, program


def test_messages_of_the_file_are_those_of_haproxy(folder):
    path = folder.write("said.cfg", """.if defined(SITE) && streq("$SITE",north)
.notice "line ${.LINE} for $HAPROXY_LOCALPEER, $HAPROXY_STARTUP_VERSION"
.endif
.diag "on request"
listen a
.notice "in ${.SECTION}"
""" + LISTEN.split("\n", 1)[1])
    said = []
    for program in ("haproxy", folder.pgsteer()):
        done = run(program, "-c", "-dD", "-L", "node-a", "-f", str(path), env={**os.environ, "SITE": "north"})
        assert done.returncode == 0, done.stderr
        texts = re.findall(rf"\[{re.escape(str(path))}:(\d+)\]:? '(.*?)'", done.stderr)
        said.append([(line, re.sub(r"2\.6\.12\S*", "2.6.12", text)) for line, text in texts])
    assert said[0] == said[1] == [("2", "line 2 for node-a, 2.6.12"), ("4", "on request"), ("6", "in a")]


def test_the_report_tells_a_person_what_counts_and_what_to_do(folder):
    path = folder.write("advice.cfg", f"""global
    lua-load /nowhere.lua
""" + LISTEN)
    done = run(folder.pgsteer(), "-c", "-f", str(path))
    assert done.returncode == 1
    assert re.search(rf"refused: 1\n  \[{re.escape(str(path))}:2\] lua-load: .*; instead: ", done.stdout), done.stdout
    path = folder.write("advice.cfg", LISTEN.replace("5432\n", "5432 check inter 3s fall 3\n"))
    done = run(folder.pgsteer(), "-c", "-f", str(path))
    assert done.returncode == 0
    assert "honoured: 10\n" in done.stdout and "is noticed after 9 s (fall 3, inter 3s)" in done.stdout
    assert "a session that is silent for 30m is ended ('timeout client')" in done.stdout
    assert done.stdout.endswith("Configuration file is valid\n")


def test_the_report_for_programs_has_the_same(folder):
    text = LISTEN.replace("5432\n", "5432 check chek\n").replace("mode tcp\n", "mode tcp\n    option http-server-close\n")
    path = folder.write("json.cfg", text)
    done = run(folder.pgsteer(), "-c", "--json", "-f", str(path))
    report = json.loads(done.stdout)
    assert done.returncode == 1 and done.stderr == "" and report["valid"] is False
    assert [(one["line"], one["keyword"]) for one in report["without_effect"]] == [(3, "option http-server-close")]
    assert [one["line"] for one in report["alerts"]] == [8] and "did you mean 'check'?" in report["alerts"][0]["text"]
    assert report["alerts"][0]["file"] == str(path)
    path = folder.write("json.cfg", text.replace(" chek", ""))
    report = json.loads(run(folder.pgsteer(), "-c", "--json", "-f", str(path)).stdout)
    assert report["valid"] and report["listens"] and report["honoured"] > 5 and report["advice"]


def test_unix_paths_have_the_common_prefix_and_rights(folder, ending):
    home, page = folder.make("paths"), free_port()
    text = f"""global
    unix-bind prefix {home} mode 640 uid 65534 gid 65534
listen stats
    mode http
    bind 127.0.0.1:{page}
    bind /page.sock
    bind /own.sock mode 600 user root
    timeout client 5s
    stats enable
    stats uri /
"""
    ending(Proxy("pgsteer", folder, text, [page]))
    wait_until("both paths are there", lambda: (home / "own.sock").exists() and (home / "page.sock").exists())
    common, own = os.stat(home / "page.sock"), os.stat(home / "own.sock")
    assert (stat.S_IMODE(common.st_mode), common.st_uid, common.st_gid) == (0o640, 65534, 65534)
    assert (stat.S_IMODE(own.st_mode), own.st_uid, own.st_gid) == (0o600, 0, 65534)
