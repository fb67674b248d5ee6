"""The folders use only those below them, and files and functions stay short."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
LONGEST_FILE = 400


def allowed_arrows():
    text = (ROOT / "CMakeLists.txt").read_text()
    rows = re.findall(r"pgsteer_folder\((\w+) USES ([^)]*)\)", text)
    return {name: {word for word in uses.split() if "::" not in word} for name, uses in rows}


def sources():
    return sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".h", ".cpp"))


def test_each_folder_includes_only_the_folders_it_may_use():
    arrows = allowed_arrows()
    assert len(arrows) > 8
    wrong = []
    for path in sources():
        folder = path.relative_to(ROOT / "src").parts[0]
        if folder == "cli":
            continue
        for used in re.findall(r'#include "(\w+)/', path.read_text()):
            if used != folder and used not in arrows[folder]:
                wrong.append(f"{path.relative_to(ROOT)} includes {used}/")
    assert not wrong, wrong


def test_no_source_file_is_longer_than_the_limit():
    long = [f"{p.relative_to(ROOT)}: {n}" for p in sources()
            if (n := len(p.read_text().splitlines())) > LONGEST_FILE]
    assert not long, long


def test_every_source_header_says_what_it_is_for():
    bare = [str(p.relative_to(ROOT)) for p in sources()
            if p.suffix == ".h" and not p.read_text().startswith("//")]
    assert not bare, bare
