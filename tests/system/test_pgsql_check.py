"""`option pgsql-check` against PostgreSQL: the same verdict as HAProxy's, and PostgreSQL's own words."""

import re

import pytest

from harness.postgres import Node
from harness.process import free_port
from harness.proxy import KINDS, Proxy
from harness.waits import wait_until

# A user, its line of pg_hba.conf, and what pgsteer says more than HAProxy's 'FATAL'.
USERS = {
    "trusted": ("trust", ""),
    "scram": ("scram-sha-256", ""),
    "digest": ("md5", ""),
    "plain": ("password", ""),
    "rejected": ("reject", 'FATAL: pg_hba.conf rejects connection for host "127.0.0.1"'),
    "unlisted": (None, 'FATAL: no pg_hba.conf entry for host "127.0.0.1"'),
    # PostgreSQL says that it let the client in before it looks for the role and its database.
    "norole": ("trust", ""),
}

LINE = re.compile(r"Health check for server (\S+)/s (succeeded|failed), reason: ([^,]*)(.*), check d")


@pytest.fixture(scope="module")
def node(folder):
    node = Node("checked", "127.0.0.1", free_port(), folder)
    node.initialise()
    lines = ["local all postgres trust", "host all postgres 127.0.0.1/32 trust"]
    lines += [f"host all {user} 127.0.0.1/32 {method}"
              for user, (method, _) in USERS.items() if method]
    (node.data / "pg_hba.conf").write_text("\n".join(lines) + "\n")
    node.start()
    for user in USERS:
        if user != "norole":
            node.sql(f"create role {user} login password 'x'")
    yield node
    node.stop()


def config(node, port):
    text = f"""
global
    log stdout format raw local0
defaults
    mode tcp
    log global
    option log-health-checks
    timeout connect 2s
    timeout client 1s
    timeout server 1s
    timeout check 2s
frontend one
    bind 127.0.0.1:{port}
    default_backend trusted
"""
    for user in USERS:
        text += f"backend {user}\n    option pgsql-check user {user}\n"
        text += f"    server s {node.address}:{node.port} check inter 1s\n"
    return text


def told(proxy):
    return {name: (how, words, info)
            for name, how, words, info in LINE.findall(proxy.process.output())}


@pytest.fixture(scope="module")
def results(folder, node):
    results = {}
    for kind in KINDS:
        port = free_port()
        proxy = Proxy(kind, folder, config(node, port), [port])
        try:
            wait_until(f"{kind} has told of all checks",
                       lambda proxy=proxy: proxy.process.must_run() and len(told(proxy)) == len(USERS))
            results[kind] = told(proxy)
        finally:
            proxy.stop()
    return results


@pytest.mark.parametrize("user", USERS)
def test_pgsql_check_has_haproxys_verdict(results, user):
    assert results["pgsteer"][user][:2] == results["haproxy"][user][:2]


@pytest.mark.parametrize("user", USERS)
def test_pgsql_check_shows_what_postgresql_says(results, user):
    how, _, info = results["pgsteer"][user]
    said = USERS[user][1]
    if how == "succeeded":
        assert info == results["haproxy"][user][2] == ', code: 0, info: "PostgreSQL server is ok"'
    else:
        assert said.replace('"', "'") in info
