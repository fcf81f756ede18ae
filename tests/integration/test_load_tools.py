"""ghz, the load generator that operators know, with nothing but the address: closed loop, fixed rate, streams."""

import json
import subprocess

from support.paths import tool

SERVICE = "limpid.v1.Explainer"
TEXT = {"text": "She has missed three payments."}


def ghz(server, rpc, data, *arguments) -> dict:
    done = subprocess.run([tool("ghz"), "--insecure", "--call", f"{SERVICE}/{rpc}", "-d", json.dumps(data),
                           "-O", "json", *map(str, arguments), server.address],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_all_ok(report, count):
    assert report["count"] == count
    assert report["statusCodeDistribution"] == {"OK": count}, report["errorDistribution"]
    assert 0 < report["average"] <= report["slowest"]


def test_predictions_in_a_closed_loop(server):
    data = {"model": "demo", "input": TEXT}
    assert_all_ok(ghz(server, "Predict", data, "-n", 400, "-c", 8, "--connections", 4), 400)


def test_explanations_are_streams_for_it_too(server):
    data = {"model": "demo", "input": TEXT, "methods": [{"saliency": {}}], "attention": {}}
    assert_all_ok(ghz(server, "Explain", data, "-n", 200, "-c", 8), 200)


def test_a_stream_of_many_requests(server):
    data = [{"id": f"r{i}", "request": {"model": "demo", "input": TEXT}} for i in range(20)]
    assert_all_ok(ghz(server, "ExplainMany", data, "-n", 20, "-c", 2), 20)


def test_a_fixed_rate(server):
    data = {"model": "demo", "input": TEXT}
    assert_all_ok(ghz(server, "Tokenize", data, "-r", 50, "-n", 100), 100)
