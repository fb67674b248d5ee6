"""`cmake --install` for other distributions: a prefix, a DESTDIR and places of their own."""

import os
import shutil
import subprocess

import pytest
from conftest import ROOT


@pytest.fixture(scope="session")
def installed(build, tmp_path_factory):
    """installed(option...) configures anew, with the program that is built, and installs: DESTDIR."""
    def make(*options):
        folder, destination = tmp_path_factory.mktemp("cmake"), tmp_path_factory.mktemp("dest")
        done = subprocess.run(["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DPGSTEER_TESTS=OFF",
                               "-DPGSTEER_BENCH=OFF", *options], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        shutil.copy(build / "pgsteer", folder / "pgsteer")
        if (build / "documents").exists():
            shutil.copytree(build / "documents", folder / "documents", dirs_exist_ok=True)
        done = subprocess.run(["cmake", "--install", folder], capture_output=True, text=True,
                              env={**os.environ, "DESTDIR": str(destination)})
        assert done.returncode == 0, done.stdout + done.stderr
        return destination
    return make


def test_a_prefix_below_usr_local_keeps_everything_there(installed):
    at = installed("-DCMAKE_INSTALL_PREFIX=/usr/local")
    assert {path.name for path in at.iterdir()} == {"usr"}
    assert {path.name for path in (at / "usr").iterdir()} == {"local"}
    local = at / "usr/local"
    unit = (local / "lib/systemd/system/pgsteer.service").read_text()
    assert "ExecStart=/usr/local/bin/pgsteer " in unit
    assert "CONFIG=/usr/local/etc/pgsteer/pgsteer.cfg" in unit
    assert "EnvironmentFile=-/usr/local/etc/default/pgsteer\n" in unit
    assert (local / "etc/pgsteer/pgsteer.cfg").is_file()
    assert (local / "share/man/man1/pgsteer.1.gz").is_file()
    assert "0" in subprocess.run([local / "bin/pgsteer", "-v"], capture_output=True, text=True,
                                 check=True).stdout


def test_a_distribution_chooses_its_own_places(installed):
    at = installed("-DCMAKE_INSTALL_PREFIX=/usr", "-DCMAKE_INSTALL_BINDIR=sbin",
                   "-DCMAKE_INSTALL_SYSCONFDIR=/etc", "-DPGSTEER_UNIT_DIR=/usr/lib/systemd/system",
                   "-DPGSTEER_DEFAULTS_DIR=/etc/sysconfig",
                   "-DPGSTEER_ZSH_DIR=share/zsh/site-functions")
    unit = (at / "usr/lib/systemd/system/pgsteer-agent.service").read_text()
    assert "ExecStart=/usr/sbin/pgsteer agent" in unit
    assert "EnvironmentFile=-/etc/sysconfig/pgsteer-agent\n" in unit
    for path in ("usr/sbin/pgsteer", "etc/sysconfig/pgsteer-inetd", "etc/pgsteer/pgsteer.cfg",
                 "usr/share/zsh/site-functions/_pgsteer", "usr/lib/sysusers.d/pgsteer.conf"):
        assert (at / path).is_file(), path
    assert not (at / "etc/default").exists() and not (at / "lib").exists()


def test_without_documents_the_program_and_its_services_are_installed(installed):
    at = installed("-DCMAKE_INSTALL_PREFIX=/usr", "-DPGSTEER_DOCUMENTS=OFF")
    assert (at / "usr/bin/pgsteer").is_file() and not (at / "usr/share/man").exists()


def test_a_package_without_man_pages_is_refused(build, tmp_path):
    subprocess.run(["cmake", "-S", ROOT, "-B", tmp_path, "-G", "Ninja", "-DPGSTEER_TESTS=OFF",
                    "-DPGSTEER_BENCH=OFF", "-DCMAKE_INSTALL_PREFIX=/usr",
                    "-DPGSTEER_DOCUMENTS=OFF"], check=True, capture_output=True)
    shutil.copy(build / "pgsteer", tmp_path / "pgsteer")
    done = subprocess.run(["cpack", "-G", "DEB"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0 and "man pages" in done.stdout + done.stderr
    assert not list(tmp_path.glob("*.deb"))
