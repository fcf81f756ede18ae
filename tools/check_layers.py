#!/usr/bin/env python3
"""Who may include whom (ARCHITECTURE.md): prints each include that the layout forbids; exit code 1 if there is one.

The linker's view is in the CMake targets, whose links are private; this is the same table for humans, and it also sees
headers that would compile by accident.
"""

import re
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
SERVER = REPO / "server"

ENGINE_DOOR = {"engine/engine.h", "engine/row.h"}
# Room -> rooms it may include beside itself; "engine_door" is the part of engine without LibTorch.
MAY = {
    "base": set(),
    "telemetry": {"base"},
    "text": {"base"},
    "engine": {"base"},
    "schedule": {"engine_door", "base", "telemetry"},
    "explain": {"schedule", "text", "engine_door", "base"},
    "methods": {"explain", "engine_door", "text", "base"},
    "quality": {"methods", "explain", "engine_door", "text", "base"},
    "lifecycle": {"explain", "schedule", "engine_door", "base", "telemetry"},
    "rpc": {"lifecycle", "quality", "methods", "explain", "schedule", "text", "engine_door", "base", "telemetry"},
    "playground": {"base", "telemetry"},
}
LIBTORCH = re.compile(r"^(ATen|c10|torch|caffe2)/")
PROTOBUF = re.compile(r"^(google/protobuf|grpcpp|grpc|limpid/v1)/|\.pb\.h$")
EIGEN = re.compile(r"^Eigen/")
LOGGING = re.compile(r"^(spdlog|prometheus)/")
# Third-party headers -> rooms that may see them.
THIRD_PARTY = [(LIBTORCH, {"engine"}), (PROTOBUF, {"rpc", "methods", "quality", "playground"}),
               (LOGGING, {"telemetry", "schedule", "rpc"}), (EIGEN, {"methods"})]


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if match := re.match(r'\s*#include\s+[<"]([^>"]+)[>"]', line):
            yield number, match.group(1)


def forbidden(path):
    name = path.relative_to(SERVER).as_posix()
    room = name.split("/")[0]
    for number, header in includes(path):
        where = f"server/{name}:{number}: {header}"
        for pattern, rooms in THIRD_PARTY:
            if pattern.search(header) and (room not in rooms or name in ENGINE_DOOR):
                yield f"{where}: not in {'a door header' if name in ENGINE_DOOR else room}"
        other = header.split("/")[0]
        if other not in MAY or other == room:
            continue
        if other == "engine" and header in ENGINE_DOOR:
            other = "engine_door"
        if other not in MAY[room]:
            yield f"{where}: {room} may not include {other}"


def main():
    files = [p for room in MAY for pattern in ("*.h", "*.cc") for p in sorted((SERVER / room).rglob(pattern))]
    assert files, "no sources found"
    wrong = [line for path in files for line in forbidden(path)]
    for path in sorted((REPO / "client").rglob("*.[hc]*")):
        wrong += [f"{path.relative_to(REPO)}:{n}: {h}: the client may not include server code"
                  for n, h in includes(path) if h.split("/")[0] in MAY and (SERVER / h).exists()]
    print("\n".join(wrong) if wrong else f"layers: {len(files)} files keep to the layout")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
