"""Each refusal carries a machine-readable reason, and says whether another try makes sense."""

import grpc
import pytest

from support.client import Client
from support.errors import refusal_of
from support.paths import DEMO, minilm
from support.proto import pb
from support.server import Server
from support.texts import LONG


def explain(text="She has missed three payments.", model="", **fields):
    content = pb.Input(text=text, truncation=fields.pop("truncation", pb.TRUNCATION_LONGEST_FIRST))
    return pb.ExplainRequest(model=model, input=content, methods=[pb.Method(saliency=pb.Saliency())], **fields)


def refused(client, request, timeout=60):
    with pytest.raises(grpc.RpcError) as caught:
        list(client.stub.Explain(request, timeout=timeout))
    return refusal_of(caught.value)


def test_an_unknown_model(client):
    refusal = refused(client, explain(model="nobody"))
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "MODEL_NOT_FOUND")
    assert refusal.pushback_ms is None


def test_a_wrong_field_is_named(client):
    bad = explain()
    bad.methods[0].saliency.reduction = pb.REDUCTION_SUM
    refusal = refused(client, bad)
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.fields == ["methods[0].saliency.reduction"]
    assert refusal.pushback_ms is None


@pytest.mark.parametrize("request_of", [
    lambda: explain(LONG, truncation=pb.TRUNCATION_ERROR), lambda: explain("x" * 70000),
    lambda: pb.ExplainRequest(input=pb.Input(token_ids=pb.TokenIds(ids=[5] * 5000)))], ids=["tokens", "bytes", "ids"])
def test_a_request_over_a_limit_of_the_model_or_the_server(client, request_of):
    refusal = refused(client, request_of())
    assert (refusal.code, refusal.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_TOO_LARGE")


def test_a_deadline_that_cannot_be_met():
    # One text of 512 tokens takes some hundred milliseconds, which the warm-up has shown.
    with Server({"minilm": minilm()}) as server, Client(server.address) as client:
        refusal = refused(client, explain(LONG), timeout=0.02)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "DEADLINE_UNMEETABLE")
        assert int(refusal.metadata["estimate_ms"]) > 20
        assert refusal.pushback_ms == 1, "another replica may have time"
        assert server.metric("limpid_admission_rejected_total", reason="deadline") == 1
        assert server.metric("limpid_model_passes_total", model="minilm", direction="forward") == 0


def test_an_overload_names_quota_and_time():
    with Server({"minilm": minilm()}, "--max-queue-tokens", 600) as server, Client(server.address) as client:
        calls = [client.stub.Explain(explain(LONG), timeout=60) for _ in range(12)]
        refusals = []
        for call in calls:
            try:
                list(call)
            except grpc.RpcError as error:
                refusals.append(refusal_of(error))
        assert 0 < len(refusals) < 12
        for refusal in refusals:
            assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
            assert refusal.quota == ["max_queue_tokens"] and refusal.metadata["limit"] == "600"
            assert refusal.retry_seconds * 1000 <= refusal.pushback_ms <= refusal.retry_seconds * 1500 + 1


def test_answers_that_would_not_fit_in_memory_wait_outside():
    """37 MB of maps each: two fit."""
    request = explain(LONG, attention=pb.AttentionSelection(layers=[0, 1, 2]))
    with Server({"minilm": minilm()}, "--max-answer-bytes", 80_000_000) as server, Client(server.address) as client:
        first = [client.stub.Explain(request, timeout=60) for _ in range(2)]
        for call in first:
            next(call)  # both are inside, and their maps are more than their streams hold unread
        refusal = refused(client, request)
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
        assert refusal.quota == ["max_answer_bytes"] and refusal.pushback_ms > 0
        for call in first:
            list(call)
        assert [part.WhichOneof("part") for part in client.stub.Explain(request, timeout=60)][-1] == "summary"


def test_one_clients_own_limits():
    with Server({"minilm": minilm()}, "--max-client-requests", 1) as server, Client(server.address) as client:
        first = client.stub.Explain(explain(LONG, attention=pb.AttentionSelection()), timeout=60)
        next(first)  # it is inside, and its maps are more than the stream holds unread
        refusal = refused(client, explain())
        assert (refusal.code, refusal.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "CLIENT_LIMIT")
        assert refusal.pushback_ms > 0
        list(first)
    with Server({"demo": DEMO}, "--max-client-tokens-per-second", 5) as server, Client(server.address) as client:
        list(client.stub.Explain(explain(), timeout=60))
        refusal = refused(client, explain())
        assert refusal.reason == "CLIENT_LIMIT" and "5 tokens a second" in refusal.text
        assert refusal.retry_seconds > 0.1


def test_a_request_of_a_stream_carries_them_too(client):
    messages = [pb.ExplainManyRequest(id="a", request=explain(model="nobody"))]
    [answer] = client.stub.ExplainMany(iter(messages), timeout=60)
    assert answer.failure.reason == "MODEL_NOT_FOUND"
    assert answer.failure.retry_after_ms == -1
