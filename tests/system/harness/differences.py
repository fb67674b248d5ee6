"""Where pgsteer answers otherwise than HAProxy, each with the decision behind it. The corpus' test takes
no other difference. `key` begins with what was looked at (test_corpus.py)."""

from harness.nodes import DEAD
from harness.twin import CLOSED, HELD, RESET


def waits(site, key, haproxy, pgsteer):
    """docs/architecture.md, `no-server`: a client waits rather than fails while no server is fit. HAProxy
    ends it at once."""
    return key[0] == "clients" and renamed(haproxy, CLOSED, HELD) == pgsteer


def renamed(outcomes, old, new):
    if isinstance(outcomes, dict):
        return {new if name == old else name: count for name, count in outcomes.items()}
    return type(outcomes)(new if name == old else name for name in outcomes)


def vouched_for(site, key, haproxy, pgsteer):
    """docs/decisions.md: a dead agent does not take its PostgreSQL out of service. So it is where a node
    had told its role; HAProxy takes the node out."""
    return of_nodes(site, key, pgsteer, lambda node: node.silent and node.role != DEAD and tells(site, node))


def fenced(site, key, haproxy, pgsteer):
    """docs/decisions.md: one primary, by the highest timeline, where nodes tell it. HAProxy uses both."""
    def pretends(node):
        return node.stale and node.primary and tells(site, node)
    if key[0] == "clients" and set(haproxy) == {RESET}:  # its guard against two primaries
        return any(map(pretends, site.nodes)) and not of_nodes(site, key, pgsteer, pretends)
    return of_nodes(site, key, haproxy, pretends)


def demoted(site, key, haproxy, pgsteer):
    """docs/architecture.md, `old-timeline`: a primary's sessions are cut once a newer timeline is known. HAProxy
    cuts with on-marked-down alone."""
    return key[0] == "session" and pgsteer == "cut" and of_nodes(
        site, key, haproxy, lambda node: node.was_primary and not node.primary and tells(site, node))


def never_up(site, key, haproxy, pgsteer):
    """docs/architecture.md, "unknown is never UP": a 404 lets a server keep its sessions (disable-on-404),
    if it was UP. HAProxy's servers are UP from the start."""
    return key[0] in ("status", "check") and (haproxy, pgsteer) in (("NOLB", "DOWN"), ("L7OKC", "L7STS")) \
        and of_nodes(site, key, haproxy, lambda node: not node.ever_primary)


def unreachable(site, key, haproxy, pgsteer):
    """docs/architecture.md, `unreachable`: a server that cannot be connected to gets no sessions until it
    can. HAProxy tries one that it does not check for every client that its turn comes to."""
    return key[0] == "clients" and any(node.role == DEAD for node in site.unchecked) and \
        set(haproxy) & {HELD, CLOSED} and set(pgsteer) <= set(haproxy) | {HELD}


def tells(site, node):
    """Does pgsteer hear the node's role? In the body of Patroni's answers, which OPTIONS and HEAD lack."""
    return "OPTIONS" not in site.text and "HEAD" not in site.text and any(
        endpoint.kind.startswith("patroni") for endpoint in node.endpoints)


def of_nodes(site, key, served, concerned):
    """Is this about a node that is `concerned`? `served`: what that program says that uses such nodes."""
    what, section, *name = key
    if what in ("status", "check", "code"):
        node = site.node_of.get((section, name[0]))
        return concerned(node) if node else any(map(concerned, site.nodes_of(section)))
    if what == "session":
        return any(concerned(node) for node in site.nodes if served_by(node, name[0]))
    return what == "clients" and any(concerned(node) for node in site.nodes
                                     for outcome in served if served_by(node, outcome))


def served_by(node, outcome):
    return outcome.rpartition(":")[0] == node.name or outcome.startswith(f"{node.name}:")


ALL = (waits, vouched_for, fenced, demoted, never_up, unreachable)


def explained(*what):
    return any(difference(*what) for difference in ALL)
