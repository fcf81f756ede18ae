"""What a stranger can learn or start: no paths or addresses in refusals, no other services, no code from model files."""

import pickle
import re
import shutil

import grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from faults import malformed
from support.client import Client
from support.paths import DEMO
from support.server import Server, run_to_end

# A folder, an address in memory, or a place in the source: "/a/b", "0x7f12", "file.cc:12".
INTERNAL = re.compile(r"/[\w.-]+/[\w.-]+|0x[0-9a-f]{4,}|\w\.(cc|h|rs|py):\d+|std::|absl::|c10")
SERVICES = {"limpid.v1.Explainer", "inference.GRPCInferenceService", "grpc.health.v1.Health",
            "grpc.reflection.v1alpha.ServerReflection"}


def test_no_refusal_tells_of_the_servers_inside(server):
    seen = set()
    with grpc.insecure_channel(server.address) as channel:
        for message in malformed.refusals(channel, 1500, seed=7):
            seen.add(re.sub(r"\d+", "N", message)[:80])
            assert not INTERNAL.search(message.replace("limpid.v1.", "")), message
            assert len(message.encode()) <= 1024
    print(f"\nfault words of refusals: {len(seen)} different ones, none with a path, an address or a source line")
    assert len(seen) > 10


def test_the_port_of_the_service_has_no_other_service():
    with Server({"demo": DEMO}, "--reflection", "on") as server, Client(server.address) as client:
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(reflection_pb2_grpc.ServerReflectionStub(client.channel).ServerReflectionInfo(iter([asked]),
                                                                                                    timeout=30))
        assert {service.name for service in answer.list_services_response.service} == SERVICES


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, trace):
        self.trace = str(trace)

    def __reduce__(self):
        return open, (self.trace, "w")


def test_a_pickle_in_a_model_folder_is_never_run(tmp_path):
    trace, folder = tmp_path / "trace", tmp_path / "model"
    shutil.copytree(DEMO, folder)
    (folder / "model.safetensors").unlink()
    for name in ("pytorch_model.bin", "model.pt", "model.safetensors.bin"):
        (folder / name).write_bytes(pickle.dumps(Payload(trace)))
    code, output = run_to_end({"demo": folder})
    assert code == 1 and "model.safetensors" in output and not trace.exists()

    (folder / "model.safetensors").write_bytes(pickle.dumps(Payload(trace)))
    code, output = run_to_end({"demo": folder})
    assert code == 1 and "safetensors" in output and not trace.exists()
