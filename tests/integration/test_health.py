"""The standard health service, and the probe that Kubernetes uses."""

import subprocess

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from integration.waiting import until
from support.client import Client
from support.paths import DEMO, minilm, tool
from support.proto import pb
from support.server import Server

SERVING = health_pb2.HealthCheckResponse.SERVING
NAMES = ["", "limpid.v1.Explainer", "liveness"]


@pytest.mark.parametrize("name", NAMES)
def test_the_server_is_serving_under_each_name(server, name):
    assert server.health(name) == SERVING


def test_an_unknown_name_is_not_found(server):
    with pytest.raises(grpc.RpcError) as caught:
        server.health("limpid.v1.Nothing")
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_a_watch_says_at_once_how_it_stands(client):
    watch = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest(), timeout=30)
    assert next(watch).status == SERVING
    watch.cancel()


@pytest.mark.parametrize("name", NAMES)
def test_grpc_health_probe_says_serving(server, name):
    probe = tool("grpc_health_probe")
    done = subprocess.run([probe, f"-addr={server.address}", f"-service={name}"], capture_output=True, text=True,
                          timeout=30)
    assert done.returncode == 0 and "status: SERVING" in done.stdout + done.stderr


def test_the_canary_asks_again_and_again_and_counts_as_nobodys_request():
    with Server({"demo": DEMO}, "--canary-seconds", 0.1) as server:
        seen = set()

        def took_different_times():
            seen.add(server.metric("limpid_canary_seconds", model="demo"))
            return len(seen) > 3

        until(took_different_times, "a few canaries")
        assert server.health() == SERVING
        assert server.metric("limpid_canary_failures_total", model="demo") == 0
        assert server.metric("limpid_explanations_total") == 0
        assert server.metric("limpid_grpc_requests_started_total") == 0
        assert server.metric("limpid_batch_age_seconds") < 60


def test_a_batch_longer_than_the_watchdog_allows_ends_liveness_and_readiness():
    with Server({"minilm": minilm()}, "--watchdog-seconds", 0.1, "--threads", 1, "--max-batch-tokens", 1 << 16,
                "--max-queue-seconds", 60) as server:
        with Client(server.address) as client:
            watch = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest(service="liveness"),
                                                                     timeout=120)
            assert next(watch).status == SERVING
            text = pb.Input(text="The committee read the file again. " * 70, truncation=pb.TRUNCATION_LONGEST_FIRST)
            request = pb.ExplainRequest(input=text, methods=[pb.Method(saliency=pb.Saliency())])
            # The first goes alone; what waits meanwhile is one batch of seconds.
            answers = client.explain_at_once([request] * 24)

            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
            assert next(watch).status == SERVING
            assert all(answer.parts[-1] == "summary" for answer in answers)
            watch.cancel()
        until(lambda: server.health() == SERVING, "readiness")
        messages = [line["message"] for line in server.log_lines()]
        assert "the device hangs" in messages and "the device answers again" in messages
