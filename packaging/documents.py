"""Reads the project's documents: sections, tables, and the flags of each command.

The tables of docs/commands.md whose first column is "flag" say which flags a command has, what follows
them and what they do. Man pages, completions and the tests all read them here, so nothing is written twice.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADING = re.compile(r"^(#+) (.*)$")
CODE = re.compile(r"`([^`]*)`")


@dataclass(frozen=True)
class Flag:
    names: tuple  # ("-p", "--pid-file")
    value: str    # what follows, "FILE"; empty: nothing
    meaning: str  # plain text


def section(text, title):
    """The lines below the heading that begins with `title`, up to the next of its level or above."""
    taken, level, fenced = None, 0, False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        found = None if fenced else HEADING.match(line)
        if found and taken is not None and len(found[1]) <= level:
            break
        if found and taken is None and found[2].startswith(title):
            taken, level = [], len(found[1])
        elif taken is not None:
            taken.append(line)
    if taken is None:
        raise SystemExit(f"no section begins with '{title}'")
    return "\n".join(taken).strip() + "\n"


def cells(row):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", row.strip()[1:-1])]


def tables(text):
    """(header cells, rows of cells) of each table."""
    lines, found = text.splitlines(), []
    for number in range(len(lines) - 1):
        if lines[number].startswith("|") and re.match(r"^\|[ :|-]+\|$", lines[number + 1]):
            rows = []
            for line in lines[number + 2:]:
                if not line.startswith("|"):
                    break
                rows.append(cells(line))
            found.append((cells(lines[number]), rows))
    return found


def plain(text):
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text)
    return text.replace("`", "").replace("**", "")


def flags_of(text):
    """The flags in the tables of a command's section. `-p, --pid-file FILE`, in one pair of backticks, is
    one flag with two names."""
    flags = []
    for header, rows in tables(text):
        if header[0] != "flag":
            continue
        for row in rows:
            for code in CODE.findall(row[0]):
                names, _, value = code.replace(", ", ",").partition(" ")
                flags.append(Flag(tuple(names.split(",")), value, plain(row[-1])))
    return flags


def commands():
    """{command: (what it is, its flags)}; the router is the command "router"."""
    text = (ROOT / "docs/commands.md").read_text()
    found = {}
    for title in re.findall(r"^## pgsteer (.*)$", text, re.M):
        name, _, what = title.partition(": ")
        name = "router" if name.startswith("-") else name
        found[name] = (plain(what), flags_of(section(text, f"pgsteer {title}")))
    return found
