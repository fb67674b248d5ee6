"""The stats page beside HAProxy's: who may see it, who may change things, and what scripts that post to it
are answered. What people see of it is tested in a browser (tests/browser)."""

import base64
import http.client

import pytest

from harness.process import free_port
from harness.proxy import KINDS, Proxy

FILE = """
userlist staff
    group admin users joe
    group readonly
    user joe insecure-password secret
    user ann insecure-password sauce groups readonly
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
listen staffed
    bind 127.0.0.1:{staffed}
    stats enable
    stats uri /
    acl known http_auth(staff)
    stats http-request deny if {{ path_beg /no }}
    stats http-request auth realm People unless known
    stats admin if {{ http_auth_group(staff) admin }}
    stats scope .
listen open
    bind 127.0.0.1:{open}
    stats enable
    stats uri /s
    stats admin if LOCALHOST
listen closed
    bind 127.0.0.1:{closed}
    stats enable
    stats uri /s
    stats admin if FALSE
    stats auth me:secret
listen be
    mode tcp
    bind 127.0.0.1:{relay}
    server a 127.0.0.1:1
    server b 127.0.0.1:1
"""


class Pages:
    def __init__(self, kind, folder):
        self.ports = {name: free_port() for name in ("staffed", "open", "closed", "relay")}
        self.proxy = Proxy(kind, folder, FILE.format(**self.ports), self.ports.values())

    def stop(self):
        self.proxy.stop()

    def ask(self, page, path, body=None, user=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[page], timeout=10)
        sent = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        if user:
            sent["Authorization"] = "Basic " + base64.b64encode(user.encode()).decode()
        connection.request("GET" if body is None else "POST", path, body, {**sent, **dict(headers)})
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.getheader("Location"), text


@pytest.fixture(params=KINDS)
def pages(request, folder, ending):
    return ending(Pages(request.param, folder))


@pytest.mark.parametrize("page, path, user, status", [
    ("open", "/s", None, 200),
    ("staffed", "/", None, 401),
    ("staffed", "/", "joe:wrong", 401),
    ("staffed", "/", "joe:secret", 200),
    ("staffed", "/;csv", "ann:sauce", 200),
    ("closed", "/s", None, 401),
    ("closed", "/s", "me:secret", 200),
    ("closed", "/s", "me:secre", 401),
])
def test_who_may_see_a_page(pages, page, path, user, status):
    assert pages.ask(page, path, user=user)[0] == status


@pytest.mark.parametrize("body, word", [
    ("s=a&action=maint&b=be", "DONE"),
    ("s=a&b=be&action=ready", "DONE"),
    ("s=a&s=b&action=drain&b=%234", "DONE"),
    ("s=a&s=nobody&action=ready&b=be", "PART"),
    ("s=nobody&action=ready&b=be", "ERRP"),
    ("s=a&action=ready&b=nobody", "ERRP"),
    ("s=a&action=nothing&b=be", "ERRP"),
    ("action=ready&b=be", "NONE"),
    ("", "NONE"),
    ("s=a&action=shutdown&b=be", "DONE"),
])
def test_a_script_that_posts_is_answered_as_by_haproxy(pages, body, word):
    assert pages.ask("open", "/s", body)[:2] == (303, f"/s;st={word}")


def test_a_post_where_nobody_is_admin_changes_nothing(pages):
    order = "s=a&action=maint&b=be"
    assert pages.ask("closed", "/s", order, "me:secret")[:2] == (303, "/s;st=DENY")
    assert pages.ask("staffed", "/", order, "ann:sauce")[:2] == (303, "/;st=DENY")
    assert ",MAINT," not in pages.ask("open", "/s;csv")[2]


def test_the_scope_holds_for_the_csv(pages):
    names = {line.split(",")[0] for line in pages.ask("staffed", "/;csv", user="joe:secret")[2].splitlines()[1:]}
    assert names == {"staffed"}


def test_another_sites_form_changes_nothing(folder, ending):
    pages = ending(Pages("pgsteer", folder))
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"},
                    {"Referer": "http://evil.example/"}, {"Sec-Fetch-Site": "cross-site"}):
        assert pages.ask("open", "/s", "s=a&action=maint&b=be", headers=headers)[0] == 403, headers
    assert ",MAINT," not in pages.ask("open", "/s;csv")[2]


def test_an_endless_body_is_refused_by_its_length(folder, ending):
    pages = ending(Pages("pgsteer", folder))
    assert pages.ask("open", "/s", "s=" + "x" * 100_000)[0] == 413
