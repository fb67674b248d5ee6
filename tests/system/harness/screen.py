"""A program in a tmux of its own: its terminal can be typed into, resized and read."""

import shlex
import subprocess
from pathlib import Path


class Screen:
    """A program in a tmux of its own, so that its terminal can be read."""

    def __init__(self, folder, command, width=150, height=45, after="sleep 30"):
        self.socket = folder.make("tmux") / "s"
        self.run("new-session", "-d", "-x", str(width), "-y", str(height),
                 f"trap : INT; TERM=screen {shlex.join(map(str, command))} 2>&1; echo ENDED $?; {after}")

    def run(self, *words):
        return subprocess.run(["tmux", "-S", str(self.socket), "-f", "/dev/null", *words],
                              check=True, capture_output=True, text=True, timeout=20).stdout

    def text(self):
        return self.run("capture-pane", "-p")

    def press(self, *keys):
        self.run("send-keys", *keys)

    def resize(self, width, height):
        self.run("resize-window", "-x", str(width), "-y", str(height))

    def child(self):
        """The process id of the program itself."""
        shell = self.run("list-panes", "-F", "#{pane_pid}").strip()
        return int(Path(f"/proc/{shell}/task/{shell}/children").read_text().split()[0])

    def line_with(self, *words):
        return next((line for line in self.text().splitlines()
                     if all(word in line for word in words)), "")

    def stop(self):
        subprocess.run(["tmux", "-S", str(self.socket), "kill-server"], capture_output=True,
                       timeout=20)
