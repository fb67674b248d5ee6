"""A small Debian of its own, in which packages are installed: made once by debootstrap from the machine's mirror,
kept under build/, copied for each use. Nothing of it reaches the machine: other processes, other network."""

import os
import re
import shutil
import subprocess
from pathlib import Path

SUITE = "bookworm"
LONGEST = 600  # seconds: a mirror may be slow


class Missing(Exception):
    """Why there is no root: said where the tests are skipped."""


def mirror():
    """The first Debian archive that apt asks for the suite."""
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for place in filter(Path.exists, places):
        text = place.read_text()
        found = re.search(r"^deb (?:\[.*?\] )?(\S+) \S+", text, re.M) if place.suffix == ".list" \
            else re.search(r"^URIs: (\S+)", text, re.M)
        if found and "/debian" in found[1] and "security" not in found[1]:
            return found[1]
    raise Missing("no Debian mirror in /etc/apt/sources.list*")


def base(cache, packages):
    """The root as debootstrap makes it, with what the package depends on: installing needs no network then."""
    if os.geteuid() != 0:
        raise Missing("a root file system can only be made by root")
    if not shutil.which("debootstrap"):
        raise Missing("debootstrap is not installed")
    names = " ".join(sorted(packages))
    root, mark = cache / f"root-{SUITE}", cache / f"root-{SUITE}.packages"
    if mark.exists() and mark.read_text() == names:
        return root
    mark.unlink(missing_ok=True)
    shutil.rmtree(root, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["debootstrap", "--variant=minbase", SUITE, root, mirror()],
                              capture_output=True, text=True, timeout=LONGEST)
    except subprocess.TimeoutExpired as late:
        raise Missing(f"debootstrap took longer than {LONGEST} s") from late
    if done.returncode:
        raise Missing(f"debootstrap: {(done.stdout + done.stderr)[-800:]}")
    # apt, as some names are virtual. From here on a failure is one of the package's dependencies.
    done = subprocess.run(["chroot", root, "apt-get", "install", "-y", "-qq",
                           "--no-install-recommends", *sorted(packages)], capture_output=True,
                          text=True, timeout=LONGEST,
                          env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"})
    assert done.returncode == 0, done.stdout + done.stderr
    mark.write_text(names)
    return root


class Root:
    """The template with changes of its own above it; a copy where the kernel has no overlay."""

    def __init__(self, template, home):
        self.path, above, work = (Path(home) / name for name in ("root", "above", "work"))
        for folder in (self.path, above, work):
            folder.mkdir()
        layers = f"lowerdir={template},upperdir={above},workdir={work}"
        self.mounted = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, self.path],
                                      capture_output=True).returncode == 0
        if not self.mounted:
            subprocess.run(["cp", "-a", "--reflink=auto", f"{template}/.", self.path], check=True)

    def remove(self):
        if self.mounted:
            subprocess.run(["umount", self.path], check=True)
        for folder in (self.path, self.path.parent / "above", self.path.parent / "work"):
            shutil.rmtree(folder)

    def start(self, *command, **how):
        """With its own processes, which end with the command, and its own network."""
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child",
             f"--mount-proc={self.path}/proc", "chroot", self.path, *command],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive",
                 "LC_ALL": "C"}, **how)

    def run(self, *command):
        program = self.start(*command)
        output, _ = program.communicate(timeout=120)
        return program.returncode, output

    def must(self, *command):
        status, output = self.run(*command)
        assert status == 0, f"{command}: {status}\n{output}"
        return output

    def text(self, path):
        return (self.path / path).read_text()

    def has(self, path):
        return os.path.lexists(self.path / path)

    def files(self):
        """All but what dpkg and the system keep of every package."""
        kept = re.compile(r"^(proc|sys|dev|tmp|var/(lib/dpkg|log|cache|lib/systemd)|"
                          r"etc/(passwd|group|shadow|gshadow|subuid|subgid|ld.so.cache)-?$)")
        found = {str(path.relative_to(self.path)) for path in self.path.rglob("*")}
        return {path for path in found if not kept.match(path)}
