"""One server for all faults, so that what one leaves behind would show in the next."""

import pytest

from faults.steady import make_busy
from support.client import Client
from support.paths import DEMO, minilm
from support.server import Server


@pytest.fixture(scope="session")
def server():
    with Server({"demo": DEMO, "minilm": minilm()}) as running:
        make_busy(running)
        yield running


@pytest.fixture(scope="session")
def client(server):
    with Client(server.address) as connected:
        yield connected
