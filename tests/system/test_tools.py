"""Tools that the project did not write work on pgsteer as on HAProxy: hatop, Prometheus and its checker,
and the exporter that reads the CSV."""

import json
import subprocess
import urllib.request

import pytest
from harness.process import Process, free_port
from harness.runtime import Tools
from harness.screen import Screen
from harness.waits import wait_until


@pytest.fixture
def tools(cluster, folder, ending):
    """A router whose server s1 is up and s2 is where nobody listens."""
    node = cluster.primary
    return ending(Tools("pgsteer", folder,
                        [f"{node.address}:{node.port}", f"127.0.0.1:{free_port()}"],
                        options="check inter 100ms"))


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def test_hatop_shows_the_servers_and_can_disable_one(tools, folder, ending):
    wait_until("s2 is down", lambda: tools.runtime.stat()["one", "s2"]["status"] == "DOWN")
    screen = ending(Screen(folder, ["hatop", "-s", tools.socket, "-i", "1"]))
    wait_until("hatop shows the servers", lambda: screen.line_with("s1") and screen.line_with("s2"))
    text = screen.text()
    assert "pgsteer" in text.lower()
    assert " UP" in screen.line_with("s1"), text
    assert "DOWN" in screen.line_with("s2"), text
    assert ">>> one" in text and ">>> back" in text, text
    # Down to the first server, then F10: hatop's key for disabling it.
    for _ in range(20):
        if selected(tools, screen):
            break
    assert tools.runtime.stat()["one", "s1"]["status"] == "MAINT"
    wait_until("hatop shows it", lambda: "MAINT" in screen.line_with("s1"))


def selected(tools, screen):
    screen.press("Down")
    screen.press("F10")
    try:
        wait_until("a server is in maintenance",
                   lambda: tools.runtime.stat()["one", "s1"]["status"] == "MAINT", seconds=0.7)
        return True
    except AssertionError:
        return False


def test_promtool_finds_nothing_wrong_with_the_metrics(tools):
    text = fetch(f"http://127.0.0.1:{tools.ports[2]}/metrics")
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                             capture_output=True, timeout=30)
    # HAProxy's own names do not all follow the guide; what is wrong would be an error (status 1).
    own = [line for line in checked.stderr.splitlines() if "pgsteer_" in line]
    assert checked.returncode in (0, 3) and not own, checked.stderr
    assert "error" not in checked.stderr.lower().replace("errors_total", "")


def test_the_metrics_are_those_of_haproxys_exporter(tools, folder, ending):
    theirs = ending(Tools("haproxy", folder, ["127.0.0.1:1", "127.0.0.1:2"],
                          options="check inter 100ms"))

    def families(program):
        lines = fetch(f"http://127.0.0.1:{program.ports[2]}/metrics").splitlines()
        return {line.split(" ", 2)[2] for line in lines if line.startswith(("# HELP", "# TYPE"))}

    def labels(program):
        lines = fetch(f"http://127.0.0.1:{program.ports[2]}/metrics").splitlines()
        return {line.rsplit(" ", 1)[0] for line in lines
                if line.startswith("haproxy_") and "version=" not in line and "proxy=\"stats\"" not in line}
    http = ("http_", "zlib", "intercepted", "requests_rate_max")
    wanted = {name for name in families(theirs) if not any(word in name for word in http)}
    assert len(wanted) > 200
    assert wanted <= families(tools)
    series = {name for name in labels(theirs) if not any(word in name for word in http)}
    # Servers without an answer yet have no such thing.
    missing = {name for name in series - labels(tools) if "check_code" not in name}
    assert not missing


def test_prometheus_scrapes_the_metrics_and_answers_a_query(tools, folder, ending):
    port, home = free_port(), folder.make("prometheus")
    config = folder.write("prometheus.yml", f"""
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: pgsteer
    static_configs:
      - targets: ['127.0.0.1:{tools.ports[2]}']
""")
    ending(Process("prometheus", ["prometheus", f"--config.file={config}",
                                  f"--storage.tsdb.path={home}/data",
                                  f"--web.listen-address=127.0.0.1:{port}"], folder))

    def query(text):
        try:
            answer = fetch(f"http://127.0.0.1:{port}/api/v1/query?query=" +
                           urllib.request.quote(text))
        except OSError:
            return []
        return json.loads(answer)["data"]["result"]
    found = wait_until("it has scraped",
                       lambda: query('haproxy_server_status{server="s1",proxy="one",state="UP"}'),
                       seconds=30)
    assert found[0]["value"][1] == "1"
    assert query("up")[0]["value"][1] == "1"
    assert query('pgsteer_backend_waiting_clients{proxy="back"}')[0]["value"][1] == "0"


@pytest.mark.parametrize("source", ["page", "socket"])
def test_the_exporter_reads_the_csv(tools, folder, ending, source):
    port = free_port()
    uri = (f"http://127.0.0.1:{tools.ports[2]}/;csv" if source == "page"
           else f"unix:{tools.socket}")
    ending(Process("exporter", ["prometheus-haproxy-exporter", f"--haproxy.scrape-uri={uri}",
                                f"--web.listen-address=127.0.0.1:{port}"], folder))

    def metrics():
        try:
            return fetch(f"http://127.0.0.1:{port}/metrics").splitlines()
        except OSError:
            return []
    wait_until("it is up", lambda: "haproxy_up 1" in metrics())
    wait_until("both servers are as they are",
               lambda: {'haproxy_server_up{backend="one",server="s1"} 1',
                        'haproxy_server_up{backend="one",server="s2"} 0'} <= set(metrics()))
    errors = [line for line in metrics()
              if line.startswith("haproxy_exporter_csv_parse_failures_total")]
    assert errors and errors[0].endswith(" 0"), errors
