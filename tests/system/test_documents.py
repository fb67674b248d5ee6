"""What the program accepts, what the documents say, what the man pages hold and what the shells complete are
the same flags."""

import re
import shutil
import subprocess
import sys

import pytest

from harness.process import ROOT

sys.path.append(str(ROOT / "packaging"))
import completions  # noqa: E402
import documents  # noqa: E402
import man  # noqa: E402

COMMANDS = ("agent", "check", "demo", "inetd", "status", "top")
SHELLS = ("bash", "zsh", "fish")
FLAG = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")


def documented(command):
    return {name for flag in documents.commands()[command][1] for name in flag.names}


def accepted(folder, command):
    """Of the commands but the router: the flags in the left column of --help. inetd also takes xinetd's
    long flags with one dash."""
    done = subprocess.run([folder.pgsteer(), command, "--help"], capture_output=True, text=True,
                          timeout=60, env=folder.sanitizer_environment())
    assert done.returncode == 0
    lines = re.findall(r"^  (-.*?)(?:\s{2,}|$)", done.stdout, re.M)
    flags = {name for line in lines for name in FLAG.findall(line)} - {"-h", "--help"}
    if command == "inetd":
        source = (ROOT / "src/cli/inetd.cpp").read_text()
        flags |= set(re.findall(r'"(-\w+)"', re.search(r"known : \{([^}]*)\}", source)[1]))
    return flags


def accepted_by_router():
    """Its flags are compared one by one in src/router/flags*.cpp."""
    text = "".join(path.read_text() for path in (ROOT / "src/router").glob("flags*.cpp"))
    return set(re.findall(r'"(--?[A-Za-z]\w*)"', text)) - {"-h", "--help"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The completions and man pages, made anew from the documents."""
    home = tmp_path_factory.mktemp("made")
    subprocess.run([ROOT / "packaging/completions.py", home], check=True)
    if shutil.which("go-md2man"):
        subprocess.run([ROOT / "packaging/man.py", "1.2.3", home / "man"], check=True)
    return home


@pytest.mark.parametrize("command", COMMANDS)
def test_the_documents_have_exactly_the_flags_that_a_command_accepts(folder, command):
    flags = accepted(folder, command)
    assert flags and documented(command) == flags


def test_the_documents_have_every_flag_of_the_router():
    flags = accepted_by_router()
    assert len(flags) > 15
    assert flags <= documented("router"), flags - documented("router")


def test_the_router_takes_every_flag_that_the_documents_have(folder):
    for flag in documents.commands()["router"][1]:
        value = {"FILE": "/dev/null", "FOLDER": "/", "N": "7", "PIDS": "1"}.get(flag.value, "x")
        for name in flag.names:
            words = [name, value] if flag.value else [name]
            done = subprocess.run([folder.pgsteer(), *words, "-c", "-v"], text=True, timeout=60,
                                  capture_output=True, env=folder.sanitizer_environment())
            assert "unknown argument" not in done.stderr, done.stderr


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", ("router", *COMMANDS))
def test_every_flag_is_completed(made, shell, command):
    text = next((made / shell).iterdir()).read_text()
    spelled = {"bash": lambda name: name,
               "zsh": lambda name: f"'*{name}[",
               "fish": lambda name: completions.fish_name(name) + " "}[shell]
    for name in documented(command):
        assert spelled(name) in text, f"{command} {name}"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_reads_its_completion_without_an_error(made, shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    done = subprocess.run([shell, "-n", next((made / shell).iterdir())], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def bash_offers(made, *words):
    """What bash with bash-completion offers for the last of these words."""
    library = "/usr/share/bash-completion/bash_completion"
    if subprocess.run(["test", "-e", library]).returncode:
        pytest.skip("bash-completion is not installed")
    script = f"""
        source {library} && source {made}/bash/pgsteer
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${{#COMP_LINE}}
        _pgsteer pgsteer && printf '%s\\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-c", script, "bash", "pgsteer", *words], capture_output=True,
                          text=True, timeout=60)
    assert not done.stderr, done.stderr
    return set(done.stdout.split())


def test_bash_completes_commands_flags_and_files(made, tmp_path):
    assert {*COMMANDS, "help", "-f", "-db"} <= bash_offers(made, "")
    assert bash_offers(made, "st") == {"status"}
    assert bash_offers(made, "agent", "--li") == {"--listen"}
    assert "--listen" not in bash_offers(made, "top", "--")
    (tmp_path / "router.cfg").touch()
    assert bash_offers(made, "-f", f"{tmp_path}/rou") == {f"{tmp_path}/router.cfg"}
    assert "root" in bash_offers(made, "agent", "--user", "roo")


PAGES = {"router": "pgsteer.1", "demo": "pgsteer.1", "status": "pgsteer-status.1",
         "top": "pgsteer-top.1", "agent": "pgsteer-agent.8", "check": "pgsteer-check.8",
         "inetd": "pgsteer-inetd.8"}


@pytest.mark.parametrize("command", sorted(PAGES))
def test_every_flag_is_in_the_man_page(made, command):
    if not shutil.which("go-md2man"):
        pytest.skip("go-md2man is not installed")
    text = re.sub(r"\\f.", " ", (made / "man" / PAGES[command]).read_text().replace("\\-", "-"))
    for name in documented(command):
        assert re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text), name


def test_the_man_page_of_the_configuration_has_every_keyword(made):
    if not shutil.which("go-md2man"):
        pytest.skip("go-md2man is not installed")
    text = (made / "man/pgsteer.cfg.5").read_text().replace("\\-", "-")
    words = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/configuration.md").read_text(), re.M)
    assert len(words) > 400
    missing = [word for word in words if word.replace("\\|", "|") not in text
               and word.replace("\\", "\\\\") not in text]
    assert not missing, missing


def test_man_shows_the_pages_without_a_warning(made):
    if not shutil.which("go-md2man") or not shutil.which("mandoc"):
        pytest.skip("go-md2man or mandoc is not installed")
    for page in (made / "man").iterdir():
        done = subprocess.run(["mandoc", "-Tlint", "-W", "error", page], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_line_of_an_example_that_looks_like_a_request_is_shown():
    if not shutil.which("go-md2man"):
        pytest.skip("go-md2man is not installed")
    made = man.roff("# X\n```text\n...\n'a'\n```\n", "x", "1", "1")
    assert "\n\\&...\n" in made and "\n\\&'a'\n" in made
