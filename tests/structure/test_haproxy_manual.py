"""The list of HAProxy's words that the unit tests go by is that of its manual, where it is installed."""

import pytest
from haproxy_manual import MANUAL, Manual
from sources import ROOT

LIST = ROOT / "tests/unit/config/haproxy_2_6_keywords.txt"


def listed() -> list[str]:
    return LIST.read_text(encoding="utf-8").split("\n")[:-1]


@pytest.mark.skipif(not MANUAL.exists(), reason="Debian's haproxy-doc is not installed")
def test_the_list_is_that_of_the_manual():
    manual, kept = set(Manual().words()), set(listed())
    assert len(manual) > 1300
    assert not manual - kept and not kept - manual, (
        f"not in the list: {sorted(manual - kept)}; not in the manual: {sorted(kept - manual)}; "
        f"python3 tests/structure/haproxy_manual.py {LIST}")


def test_the_list_is_sorted_and_has_every_kind_of_word():
    words = listed()
    assert words == sorted(set(words))
    kinds = {word.split()[0] for word in words}
    assert kinds >= {"global", "proxy", "bind", "server", "resolvers", "userlist", "peers", "mailers", "program",
                     "http-errors", "ring", "log-forward", "cache", "fcgi-app", "fetch", "converter",
                     "tcp-request", "tcp-response", "http-request:", "http-response:"}
