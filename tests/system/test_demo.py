"""`pgsteer demo`: works by itself and leaves nothing behind."""

import contextlib
import signal
from pathlib import Path

import pytest

from harness.process import Process
from harness.waits import wait_until


class Demo:
    def __init__(self, folder, *arguments):
        self.home = folder.make("demo")
        self.home.chmod(0o1777)
        self.process = Process("demo", [folder.pgsteer(), "demo", *arguments], folder,
                               env={"TMPDIR": str(self.home)})

    def traces(self):
        """Processes that know our folder, and what lies in it."""
        mark = str(self.home).encode()
        found = [str(path) for path in self.home.iterdir()]
        for pid in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (pid / "environ").read_bytes() + (pid / "cmdline").read_bytes():
                    found.append((pid / "cmdline").read_bytes())
        return found

    def stop(self):
        self.process.stop(signal.SIGINT, 30)


@pytest.fixture
def demo(folder, ending):
    return lambda *arguments: ending(Demo(folder, *arguments))


def test_the_tour_ends_well_and_leaves_nothing_behind(demo):
    tour = demo("--tour")
    assert tour.process.wait_end(120) == 0, tour.process.output()
    wait_until("nothing is left", lambda: not tour.traces(), 5)


def test_the_demo_stays_until_interrupted_and_leaves_nothing_behind(demo):
    shown = demo()
    wait_until("the demo says how to end it",
               lambda: shown.process.must_run() and "Ctrl-C" in shown.process.output(), 100)
    assert "psql" in shown.process.output()
    assert shown.traces()
    shown.process.send(signal.SIGINT)
    shown.process.wait_end(30)
    wait_until("nothing is left", lambda: not shown.traces(), 5)
