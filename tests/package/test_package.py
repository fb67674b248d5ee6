"""The package: what is in it, and installing, upgrading, removing and purging it in a Debian of its own, where no
service manager runs."""

import os
import shutil
import stat
import subprocess
import time

import pytest

whole_system = pytest.mark.whole_system

CONFIGURATION = "etc/pgsteer/pgsteer.cfg"
LISTING = ("usr/bin/pgsteer", CONFIGURATION, "etc/default/pgsteer", "etc/default/pgsteer-agent",
           "etc/logrotate.d/pgsteer", "etc/rsyslog.d/49-pgsteer.conf",
           "lib/systemd/system/pgsteer.service", "lib/systemd/system/pgsteer-agent.service",
           "lib/systemd/system/pgsteer-inetd.service", "usr/lib/sysusers.d/pgsteer.conf",
           "usr/lib/tmpfiles.d/pgsteer.conf", "usr/share/man/man1/pgsteer.1.gz",
           "usr/share/man/man5/pgsteer.cfg.5.gz", "usr/share/man/man8/pgsteer-agent.8.gz",
           "usr/share/bash-completion/completions/pgsteer", "usr/share/zsh/vendor-completions/_pgsteer",
           "usr/share/fish/vendor_completions.d/pgsteer.fish", "usr/share/doc/pgsteer/copyright",
           "usr/share/doc/pgsteer/changelog.Debian.gz", "usr/share/doc/pgsteer/examples/haproxy.cfg")


def control(package, field):
    return subprocess.run(["dpkg-deb", "-f", package, field], capture_output=True, text=True,
                          check=True).stdout.strip()


@pytest.fixture(scope="session")
def unpacked(package, tmp_path_factory):
    path = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "-x", package, path], check=True)
    return path


@pytest.mark.parametrize("path", LISTING)
def test_the_package_holds(unpacked, path):
    assert (unpacked / path).is_file()


def test_its_files_are_roots_and_nobody_else_may_write_them(package):
    listing = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True)
    for line in listing.stdout.splitlines():
        mode, owner = line.split()[:2]
        assert owner == "root/root" and mode[5] == mode[8] == "-" and "s" not in mode, line


def test_it_depends_on_the_libraries_that_it_is_linked_with(package):
    depends = control(package, "Depends")
    for library in ("libc6", "libpq5", "libssl3", "libncursesw6", "libpcre2-8-0", "libc-ares2"):
        assert library in depends


def test_every_file_below_etc_is_a_conffile(package, unpacked, tmp_path):
    subprocess.run(["dpkg-deb", "-e", package, tmp_path], check=True)
    listed = set((tmp_path / "conffiles").read_text().split())
    assert listed == {f"/{path.relative_to(unpacked)}" for path in (unpacked / "etc").rglob("*")
                      if path.is_file()}


def test_lintian_finds_nothing(package):
    if not shutil.which("lintian"):
        pytest.skip("lintian is not installed")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", package],
                          capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_scripts_of_the_package_are_good_shell():
    scripts = os.path.join(os.path.dirname(__file__), "../../packaging/debian")
    for name in ("postinst", "prerm", "postrm"):
        subprocess.run(["sh", "-n", os.path.join(scripts, name)], check=True)


def test_logrotate_understands_its_file(unpacked, tmp_path):
    if not shutil.which("logrotate"):
        pytest.skip("logrotate is not installed")
    done = subprocess.run(["logrotate", "--debug", "--state", tmp_path / "state",
                           unpacked / "etc/logrotate.d/pgsteer"], capture_output=True, text=True)
    assert done.returncode == 0 and "error" not in done.stderr, done.stderr


def install(debian, package):
    shutil.copy(package, debian.path / "tmp/pgsteer.deb")
    return debian.must("dpkg", "--install", "/tmp/pgsteer.deb")


def who_owns(debian, path):
    state = os.stat(debian.path / path)
    names = {}
    for kind in ("passwd", "group"):
        for line in debian.text(f"etc/{kind}").splitlines():
            name, _, number = line.split(":")[:3]
            names[kind, int(number)] = name
    return (f"{names['passwd', state.st_uid]}:{names['group', state.st_gid]} "
            f"{stat.S_IMODE(state.st_mode):o}")


@whole_system
def test_what_is_installed_is_a_router_that_runs_as_its_own_user(debian, package):
    install(debian, package)
    assert who_owns(debian, CONFIGURATION) == "root:pgsteer 640"
    assert who_owns(debian, "run/pgsteer") == "pgsteer:pgsteer 755"
    assert who_owns(debian, "var/lib/pgsteer") == "pgsteer:pgsteer 750"
    assert "nologin" in next(line for line in debian.text("etc/passwd").splitlines()
                             if line.startswith("pgsteer:"))
    run = ("pgsteer -db -f /etc/pgsteer/pgsteer.cfg & sleep 0.2; "
           "for i in $(seq 100); do [ -S /run/pgsteer/admin.sock ] && break; sleep 0.1; done; "
           "pgsteer status --json; echo STATUS $?; pgsteer top --once; kill %1; wait %1; echo END $?")
    output = debian.must("setpriv", "--reuid", "pgsteer", "--regid", "pgsteer", "--init-groups",
                         "bash", "-c", f"set -m; {run}")
    assert '"name": "pg0"' in output and "STATUS 1" in output, output  # no node runs here
    assert "ReadWrite/pg0" in output and "END 0" in output, output


@whole_system
def test_only_the_router_is_enabled(debian, package):
    install(debian, package)
    wanted = "etc/systemd/system/multi-user.target.wants"
    assert debian.has(f"{wanted}/pgsteer.service")
    assert not debian.has(f"{wanted}/pgsteer-agent.service")
    assert not debian.has(f"{wanted}/pgsteer-inetd.service")


@whole_system
def test_an_upgrade_keeps_what_the_administrator_wrote(debian, pack, package):
    install(debian, pack("0.0.9"))
    assert debian.must("dpkg-query", "-W", "-f", "${Version}", "pgsteer") == "0.0.9-1"
    path = debian.path / CONFIGURATION
    path.write_text(path.read_text() + "# mine\n")
    path.chmod(0o600)
    wants = debian.path / "etc/systemd/system/multi-user.target.wants/pgsteer.service"
    wants.unlink()  # systemctl disable
    install(debian, package)
    assert debian.must("dpkg-query", "-W", "-f", "${Version}", "pgsteer") == \
        control(package, "Version")
    assert path.read_text().endswith("# mine\n")
    assert who_owns(debian, CONFIGURATION).endswith(" 600"), "nor is its mode changed back"
    assert not os.path.lexists(wants), "what was disabled stays so"


@whole_system
def test_removing_keeps_the_configuration_and_purging_takes_everything(debian, package):
    before = debian.files()
    install(debian, package)
    (debian.path / "var/log/pgsteer.log").write_text("a line\n")
    (debian.path / "var/lib/pgsteer/state").write_text("x\n")
    debian.must("dpkg", "--remove", "pgsteer")
    assert not debian.has("usr/bin/pgsteer")
    assert debian.has(CONFIGURATION) and debian.has("var/lib/pgsteer/state")
    install(debian, package)
    assert debian.has("usr/bin/pgsteer")
    debian.must("dpkg", "--remove", "pgsteer")
    debian.must("dpkg", "--purge", "pgsteer")
    assert not debian.has("var/log/pgsteer.log")
    assert debian.files() - before == set()
    status, _ = debian.run("dpkg-query", "-W", "pgsteer")
    assert status == 1


@whole_system
def test_purging_at_once_works_and_so_does_coming_back(debian, package):
    install(debian, package)
    debian.must("dpkg", "--purge", "pgsteer")
    install(debian, package)
    assert who_owns(debian, CONFIGURATION) == "root:pgsteer 640"


@whole_system
def test_a_user_of_that_name_that_was_there_is_kept(debian, package):
    debian.must("groupadd", "--gid", "4321", "pgsteer")
    debian.must("useradd", "--uid", "4321", "--gid", "4321", "pgsteer")
    install(debian, package)
    line, = [line for line in debian.text("etc/passwd").splitlines() if line.startswith("pgsteer:")]
    assert line.split(":")[2] == "4321"


@whole_system
def test_a_broken_configuration_does_not_keep_the_package_from_being_upgraded(debian, pack, package):
    install(debian, pack("0.0.9"))
    (debian.path / CONFIGURATION).write_text("nonsense\n")
    began = time.monotonic()
    install(debian, package)
    assert time.monotonic() - began < 60
