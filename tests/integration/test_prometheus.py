"""A real Prometheus scrapes the server, and a query gives what the clients know."""

import json
import urllib.parse
import urllib.request

import pytest

from integration.waiting import until
from support.daemon import daemon
from support.paths import tool
from support.proto import pb
from support.server import free_port

CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 400ms}}
scrape_configs:
  - job_name: limpid
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


@pytest.fixture(scope="module")
def prometheus(server, tmp_path_factory):
    """query(expression) -> the values found, by their labels."""
    folder, port = tmp_path_factory.mktemp("prometheus"), free_port()
    config = folder / "prometheus.yml"
    config.write_text(CONFIG.format(port=server.metrics_port))
    command = [tool("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
               f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def query(expression):
        url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        with no_proxy.open(url, timeout=10) as answer:
            return [float(found["value"][1]) for found in json.load(answer)["data"]["result"]]

    with daemon(command, port, folder / "log"):
        yield query


def test_it_scrapes_what_the_clients_did(server, client, prometheus):
    for _ in range(5):
        client.stub.Predict(pb.PredictRequest(model="demo", input=pb.Input(text="a text")), timeout=30)
    now = server.metric("limpid_grpc_requests_total", rpc="Predict", code="OK")

    until(lambda: prometheus('limpid_grpc_requests_total{rpc="Predict", code="OK"}') == [now], "the scraped count")
    assert prometheus('up{job="limpid"}') == [1]
    assert prometheus("limpid_ready") == [1]


def test_quantiles_can_be_asked_of_its_histograms(client, prometheus):
    client.stub.Predict(pb.PredictRequest(model="demo", input=pb.Input(text="a text")), timeout=30)
    quantile = 'histogram_quantile(0.99, sum by (le) (limpid_grpc_request_duration_seconds_bucket{rpc="Predict"}))'
    until(lambda: any(0 < value < 60 for value in prometheus(quantile)), "a quantile")
