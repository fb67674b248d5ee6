"""Where pgsteer answers otherwise than HAProxy, each with the decision behind it. The corpus' test takes
no other difference. `key` begins with what was looked at (test_corpus.py)."""

from harness.nodes import DEAD
from harness.twin import CLOSED, HELD


def waits(site, key, haproxy, pgsteer):
    """docs/architecture.md, `no-server`: a client waits rather than fails while no server is fit. HAProxy
    ends it at once."""
    return key[0] == "clients" and set(haproxy) == {CLOSED} and set(pgsteer) == {HELD}


def vouched_for(site, key, haproxy, pgsteer):
    """docs/decisions.md: a dead agent does not take its PostgreSQL out of service. So it is where a node
    had told its role; HAProxy takes the node out."""
    return of_nodes(site, key, pgsteer, lambda node: node.silent and node.role != DEAD and tells(site, node))


def fenced(site, key, haproxy, pgsteer):
    """docs/decisions.md: one primary, by the highest timeline, where nodes tell it. HAProxy uses both."""
    return of_nodes(site, key, haproxy, lambda node: node.stale and node.primary and tells(site, node))


def tells(site, node):
    """Does pgsteer hear the node's role? In the body of Patroni's answers, which OPTIONS and HEAD lack."""
    return "OPTIONS" not in site.text and "HEAD" not in site.text and any(
        endpoint.kind.startswith("patroni") for endpoint in node.endpoints)


def of_nodes(site, key, served, concerned):
    """Is this about a node that is `concerned`? `served`: what that program says that uses such nodes."""
    what, section, *name = key
    if what in ("status", "check"):
        node = site.node_of.get((section, name[0]))
        return concerned(node) if node else any(map(concerned, site.nodes_of(section)))
    if what == "session":
        return any(concerned(node) for node in site.nodes if served_by(node, name[0]))
    return what == "clients" and any(concerned(node) for node in site.nodes
                                     for outcome in served if served_by(node, outcome))


def served_by(node, outcome):
    return outcome.rpartition(":")[0] == node.name or outcome.startswith(f"{node.name}:")


ALL = (waits, vouched_for, fenced)


def explained(*what):
    return any(difference(*what) for difference in ALL)
