"""The seccomp part of a systemd unit without systemd: run as a program, it closes itself in as the unit
says and becomes another program. What is refused kills, where the unit may answer EPERM: no use of a
forbidden call goes unnoticed.

    python3 sandbox.py UNIT-FILE PROGRAM [ARGUMENT ...]
"""

import os
import re
import subprocess
import sys
from pathlib import Path

# systemd lets these through whatever the filter says; the last ones end this program before the exec.
ALWAYS = "@default"
PROT_WRITE, PROT_EXEC = 2, 4


def settings(unit):
    """[(name, value)] of the unit's lines, in their order."""
    return re.findall(r"^(\w+)=(.*)$", Path(unit).read_text(), re.M)


def calls_of(group):
    done = subprocess.run(["systemd-analyze", "syscall-filter", group], capture_output=True,
                          text=True, check=True)
    found = set()
    for line in done.stdout.splitlines()[1:]:
        word = line.split("#")[0].strip()
        if word.startswith("@"):
            found |= calls_of(word)
        elif word:
            found.add(word)
    return found


def expanded(words):
    found = set()
    for word in words:
        found |= calls_of(word) if word.startswith("@") else {word}
    return found


def allowed_calls(unit):
    """An allow list: what comes later adds, or with ~ takes away."""
    allowed = calls_of(ALWAYS)
    for name, value in settings(unit):
        if name != "SystemCallFilter":
            continue
        if value.startswith("~"):
            allowed -= expanded(value[1:].split())
        else:
            allowed |= expanded(value.split())
    return allowed


def close_in(unit):
    import seccomp
    options = dict(settings(unit))
    rules = seccomp.SyscallFilter(seccomp.KILL_PROCESS)
    memory = options.get("MemoryDenyWriteExecute") == "yes"
    for call in sorted(allowed_calls(unit)):
        number = seccomp.resolve_syscall(seccomp.Arch(), call)
        argued = memory and call in ("mmap", "mprotect")
        if number >= 0 and not argued:  # below: another architecture's
            rules.add_rule(seccomp.ALLOW, number)
    if memory:
        both = PROT_WRITE | PROT_EXEC
        for prot in (0, PROT_WRITE, PROT_EXEC):
            rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, both, prot))
        rules.add_rule(seccomp.ALLOW, "mprotect", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, 0))
    rules.load()


if __name__ == "__main__":
    close_in(sys.argv[1])
    os.execv(sys.argv[2], sys.argv[2:])
