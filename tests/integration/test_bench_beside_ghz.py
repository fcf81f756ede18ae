"""`limpid bench` and ghz measure the same latencies at the same rate.

The server is a sleeper: a call takes 100 ms, every twentieth 300 ms. So the truth is known, and neither this machine's load nor
the model decides.
"""

import itertools
import json
import subprocess
import time
from concurrent import futures

import grpc
import pytest
from google.protobuf import descriptor_pb2

from support.cli import limpid
from support.paths import tool
from support.proto import pb, rpc

RATE, SECONDS = 20, 10
QUICK_MS, SLOW_MS, EVERY = 100, 300, 20


class Sleeper(rpc.ExplainerServicer):
    def __init__(self):
        self.calls = itertools.count()

    def Predict(self, request, context):
        time.sleep((SLOW_MS if next(self.calls) % EVERY == 0 else QUICK_MS) / 1000)
        return pb.PredictResponse()


@pytest.fixture
def sleeper():
    server = grpc.server(futures.ThreadPoolExecutor(64))
    rpc.add_ExplainerServicer_to_server(Sleeper(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(0).wait()


@pytest.fixture
def protoset(tmp_path):
    """The contract and what it imports; ghz cannot read the file itself (it knows no optional fields)."""
    files = {}

    def add(descriptor):
        for needed in descriptor.dependencies:
            add(needed)
        descriptor.CopyToProto(files.setdefault(descriptor.name, descriptor_pb2.FileDescriptorProto()))

    add(pb.DESCRIPTOR)
    path = tmp_path / "limpid.protoset"
    path.write_bytes(descriptor_pb2.FileDescriptorSet(file=files.values()).SerializeToString())
    return path


def by_ghz(address, protoset):
    done = subprocess.run(
        [tool("ghz"), "--insecure", "--protoset", protoset, "--call", "limpid.v1.Explainer/Predict", "-d",
         json.dumps({"input": {"text": "a"}}), "-c", "32", "--connections", "1", "-r", str(RATE), "-n",
         str(RATE * SECONDS), "-O", "json", address],
        capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    return {f"p{entry['percentage']}": entry["latency"] / 1e6 for entry in report["latencyDistribution"]}


def by_bench(address, path):
    path.write_text('{"text": "a"}\n')
    done = limpid("bench", path, "--server", address, "--predict", "--rate", RATE, "--arrivals", "constant", "--repeat",
                  RATE * SECONDS, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["stages"][0]["latency_ms"]


def test_ghz_measures_the_same_latencies(sleeper, protoset, tmp_path):
    ours, theirs = by_bench(sleeper, tmp_path / "texts.jsonl"), by_ghz(sleeper, protoset)

    for quantile, truth in (("p50", QUICK_MS), ("p99", SLOW_MS)):
        print(f"{quantile}: limpid bench {ours[quantile]:.1f} ms, ghz {theirs[quantile]:.1f} ms, slept {truth} ms")
        assert ours[quantile] == pytest.approx(theirs[quantile], rel=0.1)
        assert ours[quantile] >= truth
