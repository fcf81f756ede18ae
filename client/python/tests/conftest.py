"""Fixtures of the Python client's tests: the package from the source tree, and a running server."""

import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
REPO = PACKAGE.parents[1]

subprocess.run([sys.executable, PACKAGE / "generate.py"], check=True)
sys.path[:0] = [str(PACKAGE / "src"), str(REPO / "tests")]

from limpid import Client  # noqa: E402
from oracle.random_models import DECODERS, make  # noqa: E402
from support.paths import DEMO, minilm  # noqa: E402
from support.server import Server  # noqa: E402


@pytest.fixture(scope="session")
def gpt2(tmp_path_factory):
    """Folder of a random language model."""
    return make(next(shape for shape in DECODERS if shape.name == "gpt2"), tmp_path_factory.mktemp("models") / "gpt2")


@pytest.fixture(scope="session")
def server(gpt2):
    with Server({"demo": DEMO, "minilm": minilm(), "gpt2": gpt2}) as running:
        yield running


@pytest.fixture(scope="session")
def client(server):
    with Client(server.address) as connected:
        yield connected


@pytest.fixture(scope="session")
def text():
    return "Income is stable, but two payments were missed."
