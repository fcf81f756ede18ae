"""The machine that a benchmark ran on, in words, and the file that keeps its ratios."""

import json
import os
import platform
from pathlib import Path


def describe() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    fields = {key.strip(): value.strip() for key, value in (line.split(":", 1) for line in lines if ":" in line)}
    flags = fields.get("flags", "").split()
    vectors = "AVX-512" if "avx512f" in flags else "AVX2" if "avx2" in flags else "no AVX2"
    return f"{fields.get('model name', platform.machine())}, {os.cpu_count()} cores, {vectors}"


def describe_with_pytorch() -> str:
    import torch
    return f"{describe()}, PyTorch {torch.__version__} on {torch.get_num_threads()} threads"


def save(path: Path, ratios: dict, **details):
    """Into the file beside what other benchmarks left there; dictionaries are joined."""
    results = json.loads(path.read_text()) if path.exists() else {}
    for name, value in ({"ratios": ratios} | details).items():
        results[name] = results.get(name, {}) | value if isinstance(value, dict) else value
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=1) + "\n")
