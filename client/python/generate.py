#!/usr/bin/env python3
"""Makes src/limpid/v1/*_pb2.py and their types from the contract, if they are not there or older than it.

setup.py runs it for every wheel; run it by hand to work in the source tree. Needs grpcio-tools.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SERVICE, MESSAGES = "limpid/v1/explain.proto", "limpid/v1/model.proto"


def contract() -> Path:
    """The repository's, or the copy that a source distribution carries."""
    carried = HERE / "proto"
    return carried if carried.exists() else HERE.parents[1] / "proto"


def main() -> None:
    source, out = contract(), HERE / "src"
    made = out / "limpid" / "v1" / "explain_pb2_grpc.py"  # protoc writes it last
    if made.exists() and made.stat().st_mtime > max((source / name).stat().st_mtime for name in (SERVICE, MESSAGES)):
        return
    protoc = [sys.executable, "-m", "grpc_tools.protoc", f"-I{source}"]
    subprocess.run([*protoc, f"--python_out={out}", f"--pyi_out={out}", SERVICE, MESSAGES], check=True)
    subprocess.run([*protoc, f"--grpc_python_out={out}", SERVICE], check=True)


if __name__ == "__main__":
    main()
