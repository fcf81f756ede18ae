"""SIGTERM: what is under way finishes, nothing new begins, exit code 0."""

import queue
import signal

import grpc
import pytest
from grpc_health.v1 import health_pb2

from integration.waiting import until
from support.client import Client, gather
from support.paths import DEMO, minilm
from support.proto import pb
from support.server import Server

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING
LONG = "The committee read the file again and asked for one more paper. " * 70
PREDICT = pb.PredictRequest(model="demo", input=pb.Input(text="She has missed three payments."))


def is_refused(client):
    try:
        client.stub.Predict(PREDICT, timeout=30)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.UNAVAILABLE, error.details()
        return True
    return False


def large():
    """75 MB of maps: while nobody reads them, the request is under way."""
    return pb.ExplainRequest(model="minilm", attention=pb.AttentionSelection(),
                             input=pb.Input(text=LONG, truncation=pb.TRUNCATION_LONGEST_FIRST))


def test_a_request_under_way_is_finished_and_new_ones_are_refused():
    with Server({"demo": DEMO, "minilm": minilm()}) as server, Client(server.address) as client:
        under_way = client.stub.Explain(large(), timeout=120)
        first = next(under_way)

        server.terminate()
        until(lambda: server.health() == NOT_SERVING, "readiness's end")
        assert server.health("limpid.v1.Explainer") == NOT_SERVING and server.health("liveness") == SERVING
        until(lambda: is_refused(client), "a refusal")
        assert server.metric("limpid_draining") == 1 and server.alive()

        answer = gather([first, *under_way])
        assert answer.parts[-1] == "summary" and len(answer.attention) == 6
        assert server.wait() == 0


def test_the_requests_of_a_stream_of_many_are_finished():
    with Server({"demo": DEMO, "minilm": minilm()}) as server, Client(server.address) as client:
        to_send = queue.Queue()
        call = client.stub.ExplainMany(iter(to_send.get, None), timeout=120)
        to_send.put(pb.ExplainManyRequest(id="before", request=large()))
        first = next(call)

        server.terminate()
        until(lambda: is_refused(client), "a refusal")
        to_send.put(pb.ExplainManyRequest(id="after", request=large()))
        to_send.put(None)
        messages = [first, *call]

        assert [m.response.WhichOneof("part") for m in messages if m.id == "before"][-1] == "summary"
        assert [m.failure.code for m in messages if m.id == "after"] == [grpc.StatusCode.UNAVAILABLE.value[0]]
        assert server.wait() == 0


def test_requests_that_take_too_long_are_cancelled():
    with Server({"demo": DEMO, "minilm": minilm()}, "--drain-seconds", 0.2) as server, Client(server.address) as client:
        never_read = client.stub.Explain(large(), timeout=120)
        next(never_read)

        assert server.stop() == 0

        with pytest.raises(grpc.RpcError) as caught:
            list(never_read)
        assert caught.value.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_server_stops_with_open_streams(stop):
    with Server({"demo": DEMO}) as server, Client(server.address) as client:
        to_send = queue.Queue()
        idle = client.stub.ExplainMany(iter(to_send.get, None), timeout=120)
        client.stub.Predict(PREDICT, timeout=30)

        server.process.send_signal(stop)

        assert server.wait() == 0
        assert idle.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
        to_send.put(None)
