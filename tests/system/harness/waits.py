"""Waiting on conditions with deadlines: the only way these tests let time pass."""

import os
import time

# Sanitizers and loaded machines are slow: deadlines that guard against hanging are stretched by this,
# promises about time are not.
STRETCH = float(os.environ.get("PGSTEER_STRETCH", "1"))


def wait_until(what, condition, seconds=20.0, pause=0.03):
    """Polls until condition() is true and returns its value; fails with `what` after the deadline."""
    deadline = time.monotonic() + seconds * STRETCH
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds * STRETCH:g} s: {what}")
        time.sleep(pause)


class Stopwatch:
    def __init__(self):
        self.start = time.monotonic()

    @property
    def seconds(self):
        return time.monotonic() - self.start


def holds_for(what, condition, seconds=1.0, pause=0.03):
    """Fails with `what` unless condition() is true every time it is looked at for so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert condition(), f"did not last for {seconds:g} s: {what}"
        time.sleep(pause)
