"""A real Prometheus loads the rules and scrapes a server under load: every panel of the dashboard has data."""

import contextlib
import json
import math
import urllib.error
import urllib.parse
import urllib.request

import pytest

from deploy import promql
from integration.waiting import until
from support.daemon import daemon
from support.paths import tool
from support.server import free_port

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 900ms, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: limpid
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@pytest.fixture(scope="module")
def prometheus(demo_server, tmp_path_factory):
    """ask(path, **parameters) -> the answer's data."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(rules=promql.RULES, port=demo_server.metrics_port))
    command = [tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
               f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(path, **parameters):
        url = f"http://127.0.0.1:{port}/api/v1/{path}?" + urllib.parse.urlencode(parameters)
        with no_proxy.open(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def is_ready():
        with contextlib.suppress(urllib.error.HTTPError):
            return no_proxy.open(f"http://127.0.0.1:{port}/-/ready", timeout=10).status == 200

    with daemon(command, port, folder / "log"):
        until(is_ready, "Prometheus")
        yield ask


def has_data(prometheus, query):
    found = prometheus("query", query=promql.as_grafana_asks(query))["result"]
    return any(not math.isnan(float(series["value"][1])) for series in found)


@pytest.mark.parametrize("query", promql.panel_queries().values(), ids=promql.panel_queries())
def test_every_panel_has_data(prometheus, query):
    until(lambda: has_data(prometheus, query), query)


@pytest.mark.parametrize("name", sorted(promql.recorded()))
def test_every_recording_rule_records(prometheus, name):
    until(lambda: has_data(prometheus, name), name)


def test_every_rule_can_be_evaluated_and_no_alert_fires(prometheus):
    def rules():
        return [rule for group in prometheus("rules")["groups"] for rule in group["rules"]]

    until(lambda: all(rule["health"] != "unknown" for rule in rules()), "an evaluation of every rule")
    assert {rule["name"]: rule["lastError"] for rule in rules() if rule["health"] != "ok"} == {}
    assert len(rules()) == len(promql.rules())
    assert [rule["name"] for rule in rules() if rule.get("state") == "firing"] == []
