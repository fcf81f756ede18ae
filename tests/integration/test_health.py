"""The standard health service, and the probe that Kubernetes uses."""

import subprocess

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.paths import tool

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
