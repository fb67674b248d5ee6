"""The machine's clock is set back an hour, and then a day on: nothing that decides looks at it. Only
pgsteer's view of the clock is changed (libfaketime); its monotonic clock stays the kernel's."""

import re
from pathlib import Path

import pytest

from harness import client
from harness.process import pgsteer_binary
from harness.waits import wait_until

FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


class MachineClock:
    """`offset` as faketime has it, read anew at each look at the clock."""

    def __init__(self, folder):
        self.file = folder.write("clock", "+0\n")
        # A script, as the library must not be loaded before the program has its account.
        self.program = folder.write("pgsteer", f"""#!/bin/sh
export LD_PRELOAD={FAKETIME} FAKETIME_TIMESTAMP_FILE={self.file}
export FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
exec {folder.pgsteer()} "$@"
""", mode=0o755)

    def move(self, offset):
        self.file.write_text(f"{offset}\n")


@pytest.fixture
def clock(folder, monkeypatch):
    assert FAKETIME, "libfaketime is missing: ./run-tests installs it"
    if b"__asan_init" in pgsteer_binary().read_bytes():
        pytest.skip("AddressSanitizer wants to be the first library, as does libfaketime")
    made = MachineClock(folder)
    monkeypatch.setattr(folder, "pgsteer", lambda: made.program)
    return made


def years_of(log):
    return {int(year) for year in re.findall(r"\[(\d{4})-\d\d-\d\d ", log)}


@pytest.mark.parametrize("offset", ["-3600", "+86400", "-400d"])
def test_a_failover_is_followed_although_the_clock_is_set(router, clock, background, offset):
    router.start(inter="20s")
    wait_until("the agents are followed", lambda:
               router.proxy.process.output().count("its changes are followed") == 3)
    session = router.write_session()
    clock.move(offset)
    # Neither verdicts nor sessions nor held clients notice.
    router.expect_writes_at(router.cluster.primary)
    assert session.execute("select 1").fetchone() == (1,)
    old, (new, _) = router.cluster.primary, router.cluster.standbys
    old.kill()
    waiting = background(client.ask, router.read_write, timeout=20)
    router.cluster.promote(new)
    assert waiting.result(20).address == new.address
    if offset.endswith("d"):
        assert len(years_of(router.proxy.process.output())) == 2, "the clock was not set at all"
