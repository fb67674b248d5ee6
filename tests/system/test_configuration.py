"""`pgsteer -c`: every mistake of a file is reported at once, with its line."""

import re
import subprocess

from harness.proxy import Ports, classic

MISTAKES = """global
    maxconn many
defaults
    mode tcp
    timeout conect 4s
    timeout client 30x
    timeout server 30m
listen ReadWrite
    bind 127.0.0.1:15000
    sever pg0 127.0.0.1:5432 check
    server pg1 127.0.0.1:5432 chek
frontend reads
    bind 127.0.0.1:15001
    default_backend nowhere
"""
# A missing backend is found when the sections are compared, and named with its frontend, as HAProxy does.
WRONG_LINES = {2, 5, 6, 10, 11, 12}


def check(folder, path):
    return subprocess.run([folder.pgsteer(), "-c", "-f", path], capture_output=True, text=True,
                          timeout=60)


def test_all_mistakes_are_reported_with_file_and_line(folder):
    path = folder.write("wrong.cfg", MISTAKES)
    done = check(folder, path)
    output = done.stdout + done.stderr
    assert done.returncode == 1
    lines = {int(n) for n in re.findall(rf"\[{re.escape(str(path))}:(\d+)\]", output)}
    assert WRONG_LINES <= lines, output


def test_a_misspelling_gets_a_suggestion(folder):
    done = check(folder, folder.write("wrong.cfg", MISTAKES))
    assert "'server'" in done.stdout + done.stderr


def test_the_classic_file_is_valid(cluster, folder):
    done = check(folder, folder.write("classic.cfg", classic(cluster, 23267, Ports())))
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_router_does_not_start_on_a_wrong_file(folder):
    path = folder.write("wrong.cfg", MISTAKES)
    done = subprocess.run([folder.pgsteer(), "-f", path, "-db"], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 1 and f"[{path}:10]" in done.stdout + done.stderr


def test_a_missing_file_is_named(folder):
    done = check(folder, folder.path / "absent.cfg")
    assert done.returncode == 1 and "absent.cfg" in done.stdout + done.stderr
