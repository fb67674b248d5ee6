"""The Debian package of the build whose program is $PGSTEER (default: the release), made by cpack."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import root as roots

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (ROOT / os.environ.get("PGSTEER", "build/release/pgsteer")).resolve()


@pytest.fixture(scope="session")
def build():
    cache = PROGRAM.parent / "CMakeCache.txt"
    assert PROGRAM.exists() and cache.exists(), f"{PROGRAM} is not built"
    if "CMAKE_INSTALL_PREFIX:PATH=/usr\n" not in cache.read_text():
        pytest.skip(f"{PROGRAM.parent} has not the prefix /usr, which packages need")
    return PROGRAM.parent


@pytest.fixture(scope="session")
def pack(build, tmp_path_factory):
    """pack(version) makes the package as it would be with that version."""
    def make(version=None):
        out = tmp_path_factory.mktemp("deb")
        words = ["-D", f"CPACK_PACKAGE_VERSION={version}"] if version else []
        done = subprocess.run(["cpack", "-G", "DEB", "-B", out, *words], cwd=build,
                              capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.rmtree(out / "_CPack_Packages", ignore_errors=True)
        made, = out.glob("*.deb")
        return made
    return make


@pytest.fixture(scope="session")
def package(pack):
    return pack()


@pytest.fixture(scope="session")
def template(package):
    depends = subprocess.run(["dpkg-deb", "-f", package, "Depends"], capture_output=True, text=True,
                             check=True).stdout
    names = {re.split(r"[ (:]", word.strip())[0] for word in depends.split(",")}
    try:
        return roots.base(ROOT / "build/package-root", names)
    except roots.Missing as why:
        pytest.skip(f"no Debian of its own: {why}")


@pytest.fixture
def debian(template, tmp_path):
    """A fresh system without pgsteer."""
    made = roots.Root(template, tmp_path)
    yield made
    made.remove()
