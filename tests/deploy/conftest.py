"""A server under a little load, scraped."""

import contextlib
import threading

import grpc
import pytest

from support.client import Client
from support.paths import DEMO
from support.proto import pb
from support.server import Server

TEXT = "Income is stable, but two payments were missed."


def ask(client):
    """Something of everything, a refusal included."""
    client.explain(pb.ExplainRequest(input=pb.Input(text=TEXT), methods=[pb.Method(saliency=pb.Saliency())],
                                     quality=pb.Quality(metrics=[pb.Quality.METRIC_COMPREHENSIVENESS])))
    client.stub.Predict(pb.PredictRequest(input=pb.Input(text=TEXT)), timeout=30)
    with contextlib.suppress(grpc.RpcError):
        client.explain(pb.ExplainRequest(input=pb.Input(text="")))


@pytest.fixture(scope="session")
def demo_server():
    """Calls come in as long as the fixture lives."""
    with Server({"demo": DEMO}, "--canary-seconds", "1") as server, Client(server.address) as client:
        ask(client)
        ended = threading.Event()

        def load():
            while not ended.wait(0.1):
                ask(client)

        thread = threading.Thread(target=load)
        thread.start()
        try:
            yield server
        finally:
            ended.set()
            thread.join()


@pytest.fixture(scope="session")
def scraped(demo_server):
    return demo_server.metrics()
