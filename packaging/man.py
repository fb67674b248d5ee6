#!/usr/bin/env python3
"""Makes the man pages: docs/man/NAME.SECTION.md, whose lines `<!-- from FILE: TITLE -->` stand for sections of
other documents, through go-md2man.

    packaging/man.py VERSION FOLDER
"""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
from documents import ROOT, cells, plain, section  # noqa: E402

INCLUDE = re.compile(r"^<!-- from (\S+): (.*) -->$")
TABLE_RULE = re.compile(r"^\|[ :|-]+\|$")


def without_links(line):
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", line)


def entry(header, row):
    """A row as a definition; what stands between the first and the last cell is said in brackets."""
    facts = [f"{name}: {cell}" if name != "class" else cell
             for name, cell in zip(header[1:-1], row[1:-1]) if cell not in ("", "–")]
    text = (f"({'; '.join(facts)}) " if facts else "") + row[-1]
    return [without_links(row[0]), f":   {without_links(text) or '-'}", ""]


def for_man(text, deepest="#"):
    """Headings become those of a man page, tables lists of definitions, links their text."""
    lines, out, number, fenced = text.splitlines(), [], 0, False
    while number < len(lines):
        line = lines[number]
        number += 1
        fenced ^= line.startswith("```")
        if fenced or line.startswith("```"):
            out.append(line)
        elif line.startswith("<!--"):
            continue
        elif line.startswith("|") and number < len(lines) and TABLE_RULE.match(lines[number]):
            header = cells(line)
            number += 1
            out.append("")
            while number < len(lines) and lines[number].startswith("|"):
                out += entry(header, cells(lines[number]))
                number += 1
        elif line.startswith("#"):
            out.append(f"\n{deepest} {plain(line.lstrip('# ')).upper() if deepest == '#' else line.lstrip('# ')}\n")
        else:
            out.append(without_links(line))
    return "\n".join(out)


def whole(page):
    """The page's text with what it takes from elsewhere."""
    out = []
    for line in page.read_text().splitlines():
        found = INCLUDE.match(line)
        if not found:
            out.append(line)
            continue
        text = (ROOT / found[1]).read_text()
        if found[2] == "all":  # below the document's own title
            out.append(for_man(text.split("\n", 1)[1]))
        else:
            out.append(for_man(section(text, found[2]), "##"))
    return "\n".join(out) + "\n"


def roff(markdown, name, number, version):
    kind = {"1": "User Commands", "5": "File Formats", "8": "System Administration"}[number]
    head = f'{name} {number} "" "pgsteer {version}" "{kind}"\n{"=" * 60}\n\n'
    made = subprocess.run(["go-md2man"], input=head + markdown, capture_output=True, text=True)
    if made.returncode != 0:
        raise SystemExit(f"go-md2man: {made.stderr}")
    lines, literal = [], False
    for line in made.stdout.replace("\\fB\\fC", "\\fB").splitlines():
        literal = line == ".nf" or (literal and line != ".fi")
        # In a literal block a line may begin with what is else a request.
        lines.append("\\&" + line if literal and line != ".nf" and line[:1] in (".", "'") else line)
    return "\n".join(lines) + "\n"


def main():
    version, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    for page in sorted((ROOT / "docs/man").glob("*.md")):
        name, number = page.stem.rsplit(".", 1)
        (folder / page.stem).write_text(roff(whole(page), name, number, version))


if __name__ == "__main__":
    main()
