"""The contract's Python classes, made from proto/ when this module is imported.

    from support.proto import pb, rpc      # messages and service of limpid/v1/explain.proto
"""

import importlib
import sys
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

from support.paths import BUILD, REPO


def _compile() -> Path:
    sources = sorted([*(REPO / "proto").glob("limpid/v1/*.proto"), *(REPO / "proto").glob("google/*/*.proto"),
                      *(REPO / "proto").glob("open_inference/*.proto")])
    out = BUILD / "python-proto"
    made = out / "limpid" / "v1" / "explain_pb2_grpc.py"
    if not made.exists() or not (out / "google").exists() or made.stat().st_mtime < max(s.stat().st_mtime for s in sources):
        out.mkdir(parents=True, exist_ok=True)
        well_known = Path(grpc_tools.__file__).parent / "_proto"
        arguments = [f"-I{REPO / 'proto'}", f"-I{well_known}", f"--python_out={out}", f"--grpc_python_out={out}"]
        status = protoc.main(["protoc", *arguments, *map(str, sources)])
        assert status == 0, f"protoc ended with {status}"
    return out


sys.path.insert(0, str(_compile()))
model_pb = importlib.import_module("limpid.v1.model_pb2")
pb = importlib.import_module("limpid.v1.explain_pb2")
rpc = importlib.import_module("limpid.v1.explain_pb2_grpc")
admin_pb = importlib.import_module("limpid.v1.admin_pb2")
status_pb = importlib.import_module("google.rpc.status_pb2")
error_pb = importlib.import_module("google.rpc.error_details_pb2")
open_inference_pb = importlib.import_module("open_inference.grpc_predict_v2_pb2")
open_inference_rpc = importlib.import_module("open_inference.grpc_predict_v2_pb2_grpc")
admin_rpc = importlib.import_module("limpid.v1.admin_pb2_grpc")
