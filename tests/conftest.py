"""Fixtures of all Python tests: models, one running server, a client."""

from pathlib import Path

import pytest

from support.client import Client
from support.paths import ANSWERS, DEMO, LABELS, STORY, minilm
from support.server import Server

HERE = Path(__file__).parent


def pytest_addoption(parser):
    parser.addoption("--texts", type=int, default=8, help="texts on which methods of many rows meet their references")
    parser.addoption("--configurations", type=int, default=40, help="random model configurations to hold against Transformers")


def pytest_collection_modifyitems(items):
    """A test's folder is its marker."""
    for item in items:
        item.add_marker(item.path.relative_to(HERE).parts[0])


@pytest.fixture(scope="session")
def model_folders(tmp_path_factory):
    """{name: folder} of what the tests' server loads; the demo model is the default."""
    from oracle import random_models  # loads PyTorch
    trained = {"demo": DEMO, "credit-story": STORY, "credit-labels": LABELS, "credit-answers": ANSWERS, "minilm": minilm()}
    return trained | random_models.make_all(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def server(model_folders):
    with Server(model_folders, "--reflection", "on") as running:
        yield running


@pytest.fixture(scope="session")
def client(server):
    with Client(server.address) as connected:
        yield connected
