"""A reader that takes nothing loses its stream, and nobody else loses anything."""

import time

import grpc

from integration.waiting import until
from support.client import Client
from support.paths import DEMO, minilm
from support.proto import pb
from support.server import Server
from support.texts import LONG


def large():
    return pb.ExplainRequest(model="minilm", input=pb.Input(text=LONG, truncation=pb.TRUNCATION_LONGEST_FIRST),
                             attention=pb.AttentionSelection())


def short():
    return pb.ExplainRequest(model="demo", input=pb.Input(text="She has missed three payments."))


def test_a_stalled_stream_is_cut_and_its_memory_freed():
    with Server({"demo": DEMO, "minilm": minilm()}, "--stall-seconds", 1) as server, Client(server.address) as stalled:
        call = stalled.stub.Explain(large(), timeout=60)
        many = stalled.stub.ExplainMany(iter([pb.ExplainManyRequest(id="a", request=large())]), timeout=60)
        next(call), next(many)
        assert server.metric("limpid_answer_bytes") > 100_000_000

        with Client(server.address) as other:
            while server.metric("limpid_streams") > 0:
                assert other.explain(short()).parts[-1] == "summary"

        for stream in (call, many):
            try:
                list(stream)
                raise AssertionError("the stream was whole")
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.CANCELLED
        until(lambda: server.metric("limpid_answer_bytes") == 0, "the end of the answers")
        assert server.metric("limpid_dropped_total", stage="write", cause="slow_reader") >= 1
        assert any("took no message for 1000 ms" in line.get("error", "") for line in server.log_lines())


def test_a_slow_reader_who_goes_on_reading_gets_everything():
    with Server({"demo": DEMO, "minilm": minilm()}, "--stall-seconds", 1) as server, Client(server.address) as client:
        parts = []
        for part in client.stub.Explain(large(), timeout=60):
            parts.append(part)
            if len(parts) % 20 == 0:
                time.sleep(0.5)
        assert parts[-1].WhichOneof("part") == "summary"
        assert sum(len(part.attention.data) for part in parts) == 6 * 12 * 512 * 512 * 4
