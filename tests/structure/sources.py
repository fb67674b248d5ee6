"""The project's source files as the structure tests see them: text, includes, functions."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^#include "(\w+)/', re.M)
NO_FUNCTION = re.compile(r"^(if|for|while|switch|else|do|try|catch|return|namespace|struct|class|enum|"
                         r"union|case|extern|\}|\[)\b")


def sources(*tops):
    return sorted(path for top in tops for path in (ROOT / top).rglob("*")
                  if path.suffix in (".h", ".cpp"))


def name(path):
    return str(path.relative_to(ROOT))


def functions(text):
    """(first line, number of lines) of each function body; relies on clang-format's layout, where a
    body's closing brace stands under the first line of its declaration."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if not line.endswith("{") or line.lstrip().startswith("//"):
            continue
        first = declaration_start(lines, number)
        declaration = " ".join(part.strip() for part in lines[first:number + 1])
        if "(" not in declaration or NO_FUNCTION.match(declaration) or "= [" in declaration:
            continue
        indent = len(lines[first]) - len(lines[first].lstrip())
        end = next((n for n in range(number + 1, len(lines))
                    if re.match(rf" {{{indent}}}\}}", lines[n])), None)
        if end is not None:
            yield first + 1, end - first + 1


def declaration_start(lines, number):
    """Goes up from the line with the brace to the line after the last statement."""
    while number > 0:
        above = lines[number - 1].strip()
        if not above or above[-1] in ";{}:" or above.startswith(("//", "#")) or above.endswith("*/"):
            break
        number -= 1
    return number


def cmake_arrows():
    """pgsteer_folder(NAME USES ...): folder -> folders it may use."""
    rows = re.findall(r"pgsteer_folder\((\w+) USES ([^)]*)\)", (ROOT / "CMakeLists.txt").read_text())
    return {folder: {word for word in uses.split() if "::" not in word} for folder, uses in rows}


def documented_arrows():
    """The same from the table of docs/architecture.md: | `NAME/` | job | may use |."""
    rows = re.findall(r"^\| `(\w+)/` \|.*\| ([^|]*) \|$", (ROOT / "docs/architecture.md").read_text(),
                      re.M)
    return {folder: set(re.findall(r"[a-z]+", uses)) for folder, uses in rows if folder != "cli"}


def words_of(enum):
    """What word(ENUM) answers for each enumerator."""
    for path in sources("src/routing"):
        text = path.read_text()
        found = re.findall(rf'case {enum}::\w+:\s*return "([^"]+)";', text)
        if found:
            return found
    return []
