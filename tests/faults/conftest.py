"""One server for all faults, so that what one leaves behind would show in the next."""

import pytest

from faults import clients
from faults.messages import long
from faults.steady import is_idle
from integration.waiting import until
from support.client import Client
from support.paths import DEMO, minilm
from support.server import Server


def make_busy(server):
    """Full batches and many large answers at a time: the memory that a server keeps from then on is there afterwards."""
    with Client(server.address) as client:
        for _ in range(2):
            client.explain_at_once([long()] * 60)
            with clients.unread_streams(client, 8):
                pass
            until(lambda: is_idle(server), "an idle server after the warm-up")


@pytest.fixture(scope="session")
def server():
    with Server({"demo": DEMO, "minilm": minilm()}) as running:
        make_busy(running)
        yield running


@pytest.fixture(scope="session")
def client(server):
    with Client(server.address) as connected:
        yield connected
