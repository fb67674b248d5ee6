#!/usr/bin/env python3
"""Makes the completions of bash, zsh and fish from the flags in docs/commands.md.

    packaging/completions.py FOLDER    writes FOLDER/{bash/pgsteer,zsh/_pgsteer,fish/pgsteer.fish}
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.dont_write_bytecode = True
from documents import Flag, commands  # noqa: E402

HELP = Flag(("-h", "--help"), "", "what the command and its flags do")
# What a shell can offer for a value, by the word that the documents have for it.
FILES, FOLDERS = {"FILE", "PATH", "SOCKET"}, {"FOLDER", "DIR"}
BY_FLAG = {"--user": "users", "--group": "groups", "-sf": "pids", "-st": "pids"}


def kind(flag):
    """Of the value that follows: files, folders, users, groups, pids, any; None: there is none."""
    if not flag.value:
        return None
    if flag.value in FILES:
        return "files"
    if flag.value in FOLDERS:
        return "folders"
    return BY_FLAG.get(flag.names[0], "any")


def short(text):
    """The first part of a meaning, for a menu."""
    return re.split(r"; |: | \(", text)[0]


def flags_by_command():
    return {name: (what, flags + [HELP]) for name, (what, flags) in commands().items()}


BASH_ACTIONS = {
    "files": "_filedir",
    "folders": "_filedir -d",
    "users": 'COMPREPLY=($(compgen -u -- "$cur"))',
    "groups": 'COMPREPLY=($(compgen -g -- "$cur"))',
    "pids": 'COMPREPLY=($(compgen -W "$(pgrep -x pgsteer)" -- "$cur"))',
    "any": ":",
}


def bash(table):
    names = [name for name in table if name != "router"]
    values, words = [], []
    for command, (_, flags) in table.items():
        for what, action in BASH_ACTIONS.items():
            these = [f"{command}:{n}" for flag in flags if kind(flag) == what for n in flag.names]
            if these:
                values.append(f"        {'|'.join(these)})\n            {action}\n            return ;;")
        listed = " ".join(n for flag in flags for n in flag.names)
        words.append(f"        {command}) words='{listed}' ;;")
    return f"""# bash completion for pgsteer, made from docs/commands.md
_pgsteer() {{
    local cur prev command=router words
    _get_comp_words_by_ref -n : cur prev
    case ${{COMP_WORDS[1]}} in
        {'|'.join(names)}) ((COMP_CWORD > 1)) && command=${{COMP_WORDS[1]}} ;;
    esac
    case $command:$prev in
{chr(10).join(values)}
    esac
    case $command in
{chr(10).join(words)}
    esac
    ((COMP_CWORD == 1)) && words="{' '.join(names)} help $words"
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -F _pgsteer pgsteer
"""


ZSH_ACTIONS = {"files": "_files", "folders": "_files -/", "users": "_users", "groups": "_groups",
               "pids": "_pids", "any": ""}


def zsh_quoted(text):
    return text.replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh(table):
    parts = []
    for command, (_, flags) in table.items():
        specs = []
        for flag in flags:
            value = "" if kind(flag) is None else \
                f":{zsh_quoted(flag.value)}:{ZSH_ACTIONS[kind(flag)]}"
            specs += [f"'*{name}[{zsh_quoted(short(flag.meaning))}]{value}'" for name in flag.names]
        lines = " \\\n                ".join(specs)
        parts.append(f"        {command})\n            _arguments \\\n                {lines} ;;")
    listed = "\n        ".join(f"'{name}:{zsh_quoted(what)}'" for name, (what, _) in table.items()
                               if name != "router")
    names = "|".join(name for name in table if name != "router")
    return f"""#compdef pgsteer
# zsh completion for pgsteer, made from docs/commands.md
_pgsteer() {{
    local command=router
    local -a names=(
        {listed}
        'help:the commands'
    )
    if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
        _describe command names
    fi
    case $words[2] in
        {names})
            ((CURRENT > 2)) && command=$words[2] && shift words && ((CURRENT--)) ;;
    esac
    case $command in
{chr(10).join(parts)}
    esac
}}
_pgsteer "$@"
"""


FISH_ACTIONS = {"files": "-r -F", "folders": "-x -a '(__fish_complete_directories)'",
                "users": "-x -a '(__fish_complete_users)'",
                "groups": "-x -a '(__fish_complete_groups)'", "pids": "-x -a '(__fish_complete_pids)'",
                "any": "-x"}


def fish_name(name):
    # Not -s for single letters: fish would put them together, which the router does not take apart.
    return f"-l {name[2:]}" if name.startswith("--") else f"-o {name[1:]}"


def fish_quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish(table):
    names = [name for name in table if name != "router"]
    lines = ["# fish completion for pgsteer, made from docs/commands.md", "complete -c pgsteer -f"]
    alone = "__fish_is_first_arg"
    for name in names:
        lines.append(f"complete -c pgsteer -n {alone} -a {name} -d {fish_quoted(table[name][0])}")
    lines.append(f"complete -c pgsteer -n {alone} -a help -d 'the commands'")
    for command, (_, flags) in table.items():
        seen = f"'not __fish_seen_subcommand_from {' '.join(names)}'" if command == "router" else \
            f"'__fish_seen_subcommand_from {command}'"
        for flag in flags:
            called = " ".join(map(fish_name, flag.names))
            action = FISH_ACTIONS.get(kind(flag), "")
            meaning = fish_quoted(short(flag.meaning))
            lines.append(f"complete -c pgsteer -n {seen} {called} {action} -d {meaning}")
    return "\n".join(lines) + "\n"


def main():
    folder, table = Path(sys.argv[1]), flags_by_command()
    for name, text in (("bash/pgsteer", bash(table)), ("zsh/_pgsteer", zsh(table)),
                       ("fish/pgsteer.fish", fish(table))):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
