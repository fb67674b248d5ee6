"""The folders use only those below them, files and functions stay short, and every word the program says
is explained."""

import pytest
from sources import (INCLUDE, ROOT, cmake_arrows, documented_arrows, functions, name, sources,
                     words_of)

LONGEST_FILE = 400
LONGEST_FUNCTION = 60
# Ratchets: files and functions above the limit, with the most lines they may have. Only downwards.
FILE_RATCHET = {}
FUNCTION_RATCHET = {}  # "src/x/y.cpp": lines of its longest function


def test_each_folder_includes_only_the_folders_it_may_use():
    arrows = cmake_arrows()
    assert len(arrows) > 8
    wrong = []
    for path in sources("src"):
        folder = path.relative_to(ROOT / "src").parts[0]
        if folder == "cli":
            continue
        for used in INCLUDE.findall(path.read_text()):
            if used != folder and used not in arrows[folder]:
                wrong.append(f"{name(path)} includes {used}/")
    assert not wrong, wrong


def test_the_arrows_in_the_documentation_are_those_of_the_build():
    assert documented_arrows() == cmake_arrows()


def test_no_folder_uses_itself_by_a_detour():
    arrows = cmake_arrows()

    def below(folder, seen):
        for used in arrows[folder]:
            assert used not in seen, f"{used} uses itself: {seen}"
            below(used, seen + [used])
    for folder in arrows:
        below(folder, [folder])


def test_no_source_file_is_longer_than_the_limit():
    long = [f"{name(path)}: {lines}" for path in sources("src", "tests", "bench")
            if (lines := len(path.read_text().splitlines())) >
            FILE_RATCHET.get(name(path), LONGEST_FILE)]
    assert not long, long


def test_no_function_is_longer_than_the_limit():
    long = [f"{name(path)}:{first}: {lines}" for path in sources("src")
            for first, lines in functions(path.read_text())
            if lines > FUNCTION_RATCHET.get(name(path), LONGEST_FUNCTION)]
    assert not long, long


def test_a_function_that_is_too_long_would_be_found():
    body = "    call();\n" * LONGEST_FUNCTION
    text = f"namespace x {{\n\nint long_one(int a,\n             int b) {{\n{body}}}\n\n}}\n"
    assert list(functions(text)) == [(3, LONGEST_FUNCTION + 3)]


@pytest.mark.parametrize("enum", ["Cause", "EndReason"])
def test_every_word_of_the_program_is_in_the_documentation(enum):
    documentation = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    words = words_of(enum)
    assert len(words) > 4
    missing = [word for word in words if f"`{word}`" not in documentation]
    assert not missing, missing


def test_every_header_says_what_it_is_for():
    bare = [name(path) for path in sources("src")
            if path.suffix == ".h" and not path.read_text().startswith("//")]
    assert not bare, bare
