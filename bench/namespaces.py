"""A network namespace as a machine of its own: one address outside, one inside. Needs root."""

import contextlib
import itertools
import os
import subprocess

numbers = itertools.count(os.getpid() % 60 * 4)


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Namespace:
    def __init__(self):
        number = next(numbers) % 250
        self.name, self.link = f"pgsteer{os.getpid()}-{number}", f"pgs{os.getpid() % 100000}n{number}"
        self.outside, self.inside = f"10.213.{number}.1", f"10.213.{number}.2"
        ip("netns", "add", self.name)
        try:
            ip("link", "add", self.link, "type", "veth", "peer", "name", "net0", "netns", self.name)
            ip("addr", "add", f"{self.outside}/30", "dev", self.link)
            ip("link", "set", self.link, "up")
            ip("-n", self.name, "addr", "add", f"{self.inside}/30", "dev", "net0")
            ip("-n", self.name, "link", "set", "net0", "up")
            ip("-n", self.name, "link", "set", "lo", "up")
        except subprocess.CalledProcessError:
            self.remove()
            raise

    def cut_off(self):
        """Nothing comes out of it any more, and nobody is told."""
        ip("-n", self.name, "route", "add", "blackhole", f"{self.outside}/32")

    def reconnect(self):
        ip("-n", self.name, "route", "del", "blackhole", f"{self.outside}/32")

    def remove(self):
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("netns", "del", self.name)
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("link", "del", self.link)  # the kernel removes it with its peer, but later
