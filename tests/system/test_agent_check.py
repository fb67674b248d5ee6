"""`agent-check`: what an agent says moves a server as it does in HAProxy."""

import re

import pytest

from harness.process import free_port
from harness.proxy import KINDS, Proxy
from harness.scripted import Scripted, answers, says
from harness.waits import holds_for, wait_until

# What the agent does, and what becomes of its server, which is fit by its check.
AGENTS = {
    "up": (says(b"up\n"), None),
    "down": (says(b"down #disk full\n"), "is DOWN"),
    "fail": (says(b"fail\r\n"), "is DOWN"),
    "stopped": (says(b"75% stopped\n"), "is DOWN"),
    "drain": (says(b"drain\n"), "enters drain state"),
    "maint": (says(b"maint\n"), "is going DOWN for maintenance"),
    "ready": (says(b"ready up 50%\n"), None),
    "nonsense": (says(b"hello\n"), None),
    "no_line": (says(b"down"), None),
    "silent": (says(end="wait"), None),
    "gone": (None, None),
    "asked": (answers(b"down\n", end="close"), "is DOWN"),
}
LINE = re.compile(r"Server (\S+)/s (is DOWN|enters drain state|is going DOWN for maintenance)")


def config(port, server, agents):
    text = f"""
global
    log stdout format raw local0
defaults
    mode tcp
    log global
    timeout connect 1s
    timeout client 1s
    timeout server 1s
    timeout check 700ms
frontend one
    bind 127.0.0.1:{port}
    default_backend up
"""
    for name in AGENTS:
        send = "agent-send hello" if name == "asked" else ""
        text += f"backend {name}\n    server s 127.0.0.1:{server} check inter 300ms agent-check "
        text += f"agent-port {agents[name]} agent-inter 200ms {send}\n"
    return text


def told(proxy):
    return dict(LINE.findall(proxy.process.output()))


@pytest.fixture(scope="module")
def results(folder):
    server = Scripted(says(end="wait"))
    scripted = {name: Scripted(talk) for name, (talk, _) in AGENTS.items() if talk}
    agents = {name: scripted[name].port if name in scripted else free_port() for name in AGENTS}
    expected = {name for name, (_, moved) in AGENTS.items() if moved}
    results = {}
    for kind in KINDS:
        port = free_port()
        proxy = Proxy(kind, folder, config(port, server.port, agents), [port])
        try:
            wait_until(f"{kind} has told what the agents moved",
                       lambda proxy=proxy: set(told(proxy)) >= expected)
            holds_for("nothing else is moved", lambda proxy=proxy: set(told(proxy)) == expected)
            results[kind] = told(proxy)
        finally:
            print(proxy.process.output())
            proxy.stop()
    for other in [server, *scripted.values()]:
        other.close()
    return results


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_moves_its_server_as_in_haproxy(results, name):
    assert results["haproxy"].get(name) == AGENTS[name][1]
    assert results["pgsteer"].get(name) == AGENTS[name][1]
