"""Machine: a network of its own for some programs, servers and clients of one test. A thread lives in it;
whatever it opens or starts is in that network, whichever thread uses it afterwards. Needs root."""

import contextlib
import ctypes
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


class Machine:
    def __init__(self):
        self.thread = ThreadPoolExecutor(1)
        self.network = self.run(self._leave)
        self.ip("link set lo up")

    @staticmethod
    def _leave():
        if LIBC.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare of the network")
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def run(self, call, *arguments, **named):
        return self.thread.submit(call, *arguments, **named).result()

    def ip(self, *commands):
        done = self.run(subprocess.run, ["ip", "-batch", "-"], input="\n".join(commands) + "\n",
                        capture_output=True, text=True)
        assert done.returncode == 0, f"ip: {done.stderr}\n{commands}"

    def have(self, addresses):
        """Takes the addresses as its own."""
        self.ip(*(f"addr add {a}/{128 if ':' in a else 32} dev lo" for a in addresses))

    @property
    def path(self):
        return f"/proc/{os.getpid()}/fd/{self.network}"

    def stop(self):
        self.thread.shutdown()
        with contextlib.suppress(OSError):
            os.close(self.network)


def link(near, far, addresses):
    """A cable from `near` to `far`, where `addresses` are."""
    near.ip(f"link add cable type veth peer name cable netns {far.path}",
            "addr add 10.254.0.1/30 dev cable", "addr add fd00:254::1/64 dev cable nodad",
            "link set cable up")
    far.ip("addr add 10.254.0.2/30 dev cable", "addr add fd00:254::2/64 dev cable nodad",
           "link set cable up", "route add default via 10.254.0.1")
    near.ip(*(f"route add {a}/128 via fd00:254::2" if ":" in a else f"route add {a}/32 via 10.254.0.2"
              for a in addresses))
