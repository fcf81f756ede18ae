"""SIGTERM: what is under way finishes, nothing new begins, exit code 0. Also while the server starts, and twice."""

import itertools
import queue
import signal
import threading

import grpc
import pytest
from grpc_health.v1 import health_pb2

from integration.waiting import until
from support.client import Client, gather
from support.paths import DEMO, minilm
from support.proto import pb
from support.server import Server
from support.texts import LONG

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVING = health_pb2.HealthCheckResponse.SERVING
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


REFUSED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
NUM_CLIENTS = 8


class Asker(threading.Thread):
    """Asks until it is refused; keeps how each request ended: "whole", a refusal's code, or what should not be."""

    def __init__(self, address, many):
        super().__init__()
        self.address, self.ask, self.outcomes = address, self.ask_many if many else self.ask_one, []
        self.start()

    def run(self):
        with Client(self.address) as client:
            while not set(self.outcomes) - {"whole"}:
                self.ask(client)

    def request(self):
        return pb.ExplainRequest(model="demo", input=pb.Input(text="She has missed three payments."),
                                 methods=[pb.Method(saliency=pb.Saliency())])

    def ask_one(self, client):
        try:
            parts = client.explain(self.request()).parts
            self.outcomes.append("whole" if parts[-1] == "summary" else f"ended with {parts[-1]}")
        except grpc.RpcError as error:
            self.outcomes.append(error.code())

    def ask_many(self, client):
        """A window of eight on one stream, without an end of its own; the stream's code stands for what it left open."""
        to_send, ids, left = queue.Queue(), itertools.count(), set()

        def send():
            left.add(identity := str(next(ids)))
            to_send.put(pb.ExplainManyRequest(id=identity, request=self.request()))

        for _ in range(8):
            send()
        try:
            for message in client.stub.ExplainMany(iter(to_send.get, None), timeout=120):
                if message.WhichOneof("outcome") == "failure":
                    self.outcomes.append(next(c for c in grpc.StatusCode if c.value[0] == message.failure.code))
                elif message.response.WhichOneof("part") == "summary":
                    self.outcomes.append("whole")
                else:
                    continue
                left.discard(message.id)
                if self.outcomes[-1] == "whole":
                    send()
                elif not left:
                    to_send.put(None)
        except grpc.RpcError as error:
            self.outcomes += [error.code()] * len(left)
            left.clear()
        to_send.put(None)
        self.outcomes += ["lost"] * len(left)


def test_under_load_every_request_is_answered_or_refused():
    with Server({"demo": DEMO}, "--drain-notice-seconds", 0.3) as server:
        askers = [Asker(server.address, many=i % 2 == 1) for i in range(NUM_CLIENTS)]
        until(lambda: all(asker.outcomes for asker in askers), "an answer for each")

        server.terminate()
        assert server.wait() == 0
        for asker in askers:
            asker.join(60)

        assert not any(asker.is_alive() for asker in askers)
        outcomes = [outcome for asker in askers for outcome in asker.outcomes]
        assert set(outcomes) <= {"whole"} | REFUSED, set(outcomes)
        assert outcomes.count("whole") >= NUM_CLIENTS


def test_a_second_signal_ends_the_server_at_once():
    with Server({"demo": DEMO, "minilm": minilm()}, "--drain-seconds", 600) as server, Client(server.address) as client:
        never_read = client.stub.Explain(large(), timeout=120)
        next(never_read)
        server.terminate()
        until(lambda: is_refused(client), "a refusal")
        assert server.alive()

        server.terminate()

        assert server.wait() == -signal.SIGTERM


def many_models():
    """So many that loading takes a while."""
    return {f"minilm-{i}": minilm() for i in range(6)}


def test_a_starting_server_is_alive_and_refuses():
    with Server(many_models(), wait=False) as server, Client(server.address) as client:
        assert server.health("liveness") == SERVING
        assert server.health() == NOT_SERVING == server.health("limpid.v1.Explainer")
        with pytest.raises(grpc.RpcError) as caught:
            client.stub.ListModels(pb.ListModelsRequest(), timeout=30)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE and "starting" in caught.value.details()
        assert server.metric("limpid_ready") == 0
        assert server.metric("limpid_admission_rejected_total", reason="starting") == 1

        until(lambda: server.health() == SERVING, "readiness")
        assert len(client.stub.ListModels(pb.ListModelsRequest(), timeout=30).models) == 6
        assert server.metric("limpid_ready") == 1 and server.metric("limpid_uptime_seconds") > 0


def test_a_signal_during_the_start_ends_it_cleanly():
    with Server(many_models(), "--drain-notice-seconds", 60, wait=False) as server:
        assert server.health() == NOT_SERVING
        assert server.stop() == 0
        messages = [line["message"] for line in server.log_lines()]
        assert "serving" not in messages and messages[-1] == "stopped"
        assert not server.port_file.exists()
