"""GET /metrics is what Prometheus reads, and counts what happened."""

import re
import subprocess
import urllib.error
import urllib.request

import grpc
import pytest

from support.paths import tool
from support.proto import pb

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(\{(\w+="(\\.|[^"\\])*",?)*\})? (-?[\d.]+(e[+-]?\d+)?|\+Inf|-Inf|NaN)$', re.I)
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count"), "counter": ("",),
            "gauge": ("",)}
TEXT = "A secret sentence about Zebulon."


def explain(client, text=TEXT, **fields):
    return client.explain(pb.ExplainRequest(model="demo", input=pb.Input(text=text),
                                            methods=[pb.Method(saliency=pb.Saliency())], **fields))


def test_every_sample_belongs_to_a_declared_metric(server, client):
    explain(client)
    kinds, described = {}, set()
    for line in server.metrics().splitlines():
        if line.startswith("# HELP "):
            described.add(line.split()[2])
            assert len(line.split()) > 3, f"no help text: {line}"
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in kinds, f"{name} is declared twice"
            kinds[name] = kind
        else:
            name = SAMPLE.match(line)
            assert name, f"not a sample: {line}"
            assert any(name[1] == family + suffix for family, kind in kinds.items() for suffix in SUFFIXES[kind]), line
    assert set(kinds) == described
    for name, kind in kinds.items():
        assert re.match(r"(limpid|process|exposer)_[a-z0-9_]+$", name), name  # exposer_: the HTTP server's own
        assert (kind == "counter") == name.endswith("_total"), name


def test_promtool_finds_nothing_to_say(server):
    done = subprocess.run([tool("promtool"), "check", "metrics"], input=server.metrics(), capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_requests_tokens_and_refusals_are_counted(server, client):
    def counts():
        return {
            "started": server.metric("limpid_grpc_requests_started_total", rpc="Explain"),
            "ok": server.metric("limpid_grpc_requests_total", rpc="Explain", code="OK"),
            "invalid": server.metric("limpid_grpc_requests_total", rpc="Explain", code="INVALID_ARGUMENT"),
            "timed": server.metric("limpid_grpc_request_duration_seconds_count", rpc="Explain"),
            "tokens": server.metric("limpid_tokens_total", model="demo"),
            "explanations": server.metric("limpid_explanations_total", model="demo", method="saliency"),
            "forward": server.metric("limpid_model_passes_total", model="demo", direction="forward"),
            "backward": server.metric("limpid_model_passes_total", model="demo", direction="backward"),
        }

    before = counts()
    tokens = len(explain(client).ids)
    with pytest.raises(grpc.RpcError):
        explain(client, "")
    after = counts()

    grown = {name: after[name] - before[name] for name in before}
    assert grown == {"started": 2, "ok": 1, "invalid": 1, "timed": 2, "tokens": tokens, "explanations": 1, "forward": 1,
                     "backward": 1}


def test_state_and_limits_are_exported(server, client):
    assert server.metric("limpid_ready") == 1 and server.metric("limpid_draining") == 0
    assert server.metric("limpid_inflight_requests") == 0
    assert server.metric("limpid_config_limit", name="max_text_bytes") == client.model("demo").limits.max_text_bytes
    assert server.metric("limpid_model_info", model="demo") == 1
    assert server.metric("process_resident_memory_bytes") > 1e6


def test_no_text_of_a_caller_is_in_the_metrics(server, client):
    explain(client)
    assert "Zebulon" not in server.metrics()


def test_other_paths_are_not_found(server):
    no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError) as caught:
        no_proxy.open(f"http://127.0.0.1:{server.metrics_port}/secrets", timeout=30)
    assert caught.value.code == 404


def test_quality_is_counted_by_whether_it_beats_chance(server, client):
    def measured():
        return server.metric("limpid_explanation_quality_total", model="demo", method="saliency", metric="deletion")

    before = measured()
    answer = explain(client, quality=pb.Quality(metrics=[pb.Quality.METRIC_DELETION, pb.Quality.METRIC_MAX_SENSITIVITY]))

    beats = answer.quality()[pb.Quality.METRIC_DELETION].beats_random
    assert measured() == before + 1
    assert server.metric("limpid_explanation_quality_total", metric="deletion", beats_random=str(beats).lower()) >= 1
    # Random orders have no sensitivity.
    assert server.metric("limpid_explanation_quality_total", metric="max_sensitivity") == 0
