"""A full server says so at once and when to come back; ids travel with every call."""

import grpc
import pytest

from integration.waiting import until
from support.client import Client, gather
from support.paths import minilm
from support.proto import pb
from support.server import Server
from support.texts import LONG


def long_request():
    return pb.ExplainRequest(input=pb.Input(text=LONG, truncation=pb.TRUNCATION_LONGEST_FIRST),
                             methods=[pb.Method(saliency=pb.Saliency())])


def outcome(call):
    """None, or the error."""
    try:
        assert gather(call).parts[-1] == "summary"
    except grpc.RpcError as error:
        return error
    return None


def test_a_full_queue_refuses_at_once_and_names_a_time_to_come_back():
    with Server({"minilm": minilm()}, "--max-queue-tokens", 2000) as server, Client(server.address) as client:
        calls = [client.stub.Explain(long_request(), timeout=120) for _ in range(40)]
        refused = [error for error in map(outcome, calls) if error]

        assert 0 < len(refused) < 40
        for error in refused:
            assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "queue" in error.details() and "2000" in error.details()
            assert int(dict(error.trailing_metadata())["grpc-retry-pushback-ms"]) > 0
        assert server.metric("limpid_admission_rejected_total", reason="tokens") == len(refused)
        until(lambda: server.metric("limpid_inflight_requests") == 0, "the end of all requests")
        assert server.metric("limpid_queue_tokens") == 0
        assert outcome(client.stub.Explain(long_request(), timeout=120)) is None


@pytest.mark.parametrize("sent", ["my-request-7", None])
def test_every_call_has_an_id_which_comes_back(client, sent):
    metadata = [("x-request-id", sent)] if sent else []
    call = client.stub.GetModel.future(pb.GetModelRequest(), timeout=30, metadata=metadata)
    call.result()
    answered = dict(call.trailing_metadata())["x-request-id"]
    assert answered == sent if sent else len(answered) == 32
