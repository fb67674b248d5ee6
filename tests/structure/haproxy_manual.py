"""Every word of HAProxy's language that its manual describes, one a line:

    SECTION KEYWORD             global, peers, userlist, ring ...: a line of that section
    proxy KEYWORD: WHERE...     with the sections of the matrix (4.1)
    bind|server OPTION          5.1, 5.2
    fetch|converter NAME        7.3
    RULES: ACTION               tcp-request connection, http-response ...

`python3 haproxy_manual.py FILE` writes them; tests compare FILE with the manual that is installed.
"""
import gzip
import pathlib
import re
import sys

MANUAL = pathlib.Path("/usr/share/doc/haproxy/configuration.txt.gz")
SECTIONS = {"3.4": "userlist", "3.5": "peers", "3.6": "mailers", "3.7": "program",
            "3.8": "http-errors", "3.9": "ring", "3.10": "log-forward", "5.3.2": "resolvers",
            "6.2.1": "cache", "10.1.1": "fcgi-app"}
PLACES = ["defaults", "frontend", "listen", "backend"]
RULES = re.compile(r"(tcp-request (?:connection|session|content)|tcp-response content|"
                   r"http-request|http-response|http-after-response) ([a-z][\w-]*)")


class Manual:
    def __init__(self, path: pathlib.Path = MANUAL):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            self.lines = file.read().split("\n")
        self.starts = []
        for number, line in enumerate(self.lines[:-1]):
            title = re.match(r"(\d+(?:\.\d+)*)\.? +\S", line)
            if title and re.fullmatch(r"-{3,}", self.lines[number + 1]):
                self.starts.append((title.group(1), number + 2))

    def section(self, number: str) -> list[str]:
        names = [name for name, _ in self.starts]
        place = names.index(number)
        end = self.starts[place + 1][1] - 2 if place + 1 < len(names) else None
        return self.lines[self.starts[place][1]:end]

    def entries(self, number: str) -> list[str]:
        """The lines that introduce a keyword: at the margin, in lower case or a digit, and first
        of their paragraph or below another of them."""
        found, inside = [], True
        for line in self.section(number):
            inside = not line.strip() or (inside and bool(re.match(r"[a-z0-9]", line)))
            if inside and line.strip():
                found.append(line)
        return found

    def matrix(self) -> list[str]:
        rows = []
        for line in self.section("4.1"):
            row = re.match(r"([a-z][\w -]*?)\s+(?:\(\S+\)\s+)?([X-])(?: \(!\))?\s+([X-])\s+([X-])\s+"
                           r"([X-])\s*$", line)
            if row:
                marks = [row.group(place) for place in (2, 3, 4, 5)]
                where = [place for place, mark in zip(PLACES, marks) if mark == "X"]
                rows.append(f"proxy {row.group(1)}: {' '.join(where)}")
        return rows

    def rules(self) -> list[str]:
        found = [RULES.match(line) for line in self.section("4.2")]
        return [f"{match.group(1)}: {match.group(2)}" for match in found if match]

    def words(self) -> list[str]:
        words = [f"global {match.group(1)}" for line in self.section("3")
                 if (match := re.match(r"   - (\S+)", line))]
        for number, section in SECTIONS.items():
            for line in self.entries(number):
                first, second, *_ = line.removeprefix("no ").split() + [""]
                paired = first in ("option", "timeout", "hold") and second[:1].isalpha()
                if first != section:
                    words.append(f"{section} {first} {second}" if paired else f"{section} {first}")
        for number, kind in (("5.1", "bind"), ("5.2", "server")):
            words += [f"{kind} {line.split()[0]}" for line in self.entries(number)]
        for number in ("7.3.2", "7.3.3", "7.3.4", "7.3.5", "7.3.6", "7.3.7"):
            words += [f"fetch {re.match(r'[a-z0-9_.+-]+', line).group()}"
                      for line in self.entries(number)]
        words += [f"converter {re.match(r'[a-z0-9_.-]+', line).group()}"
                  for line in self.entries("7.3.1")]
        return sorted(set(words + self.matrix() + self.rules()))


if __name__ == "__main__":
    pathlib.Path(sys.argv[1]).write_text("\n".join(Manual().words()) + "\n", encoding="utf-8")
