"""What a caller may rely on while an answer streams: order, independence, cancellation, deadlines."""

import queue

import grpc
import numpy as np
import pytest

from integration.waiting import WAIT_SECONDS, until
from support.client import Client
from support.paths import DEMO
from support.proto import pb
from support.server import Server
from support.texts import LONG

METHODS = [pb.Method(attention_rollout=pb.AttentionRollout()), pb.Method(saliency=pb.Saliency()),
           pb.Method(head_importance=pb.HeadImportance()), pb.Method(gradient_x_input=pb.GradientXInput())]


def explain(text="She has missed three payments.", model="demo", **fields):
    content = pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST)
    return pb.ExplainRequest(model=model, input=content, **fields)


def large(model="minilm"):
    """75 MB of attention maps, more than any flow-control window holds."""
    return explain(LONG, model, attention=pb.AttentionSelection())


@pytest.mark.parametrize("model", ["demo", "minilm"])
def test_parts_come_in_the_order_of_the_contract(client, model):
    answer = client.explain(explain(LONG, model, methods=METHODS, attention=pb.AttentionSelection()))

    chunks = answer.parts.count("attention")
    # Attention leaves as it is computed, anywhere before the summary.
    short = [part for part in answer.parts if part != "attention"]
    assert short == ["prediction", *["attribution"] * 4, "summary"] and answer.parts[-1] == "summary"
    assert [a.method_index for a in answer.attributions] == [0, 1, 2, 3]
    assert [a.card.method for a in answer.attributions] == [
        "attention_rollout", "saliency", "head_importance", "gradient_x_input"]
    assert [(c.chunk_index, c.chunk_count) for c in answer.chunks] == [(i, chunks) for i in range(chunks)]
    places = [(c.layer, c.heads[0], c.query_begin) for c in answer.chunks]
    assert places == sorted(places)
    assert all(len(c.data) <= 1 << 20 for c in answer.chunks)
    assert answer.summary.attention_bytes == sum(len(c.data) for c in answer.chunks)
    assert (answer.summary.rows_forward, answer.summary.rows_backward) == (1, 1)
    assert answer.summary.tokens == len(answer.ids)
    assert answer.summary.model == client.model(model).identity


def test_every_answer_of_many_keeps_its_own_order(client):
    requests = {f"r{i}": explain(LONG[:40 * (1 + i % 7)], methods=METHODS[:i % 4]) for i in range(60)}

    answers, failures, ended = client.explain_many(requests)

    assert not failures and sorted(ended) == sorted(requests)
    for i in range(60):
        assert answers[f"r{i}"].parts == ["prediction", *["attribution"] * (i % 4), "summary"]


def test_a_refusal_does_not_wait_for_those_before_it(client):
    # Few enough that a sanitizer's slow build does not refuse them for their expected wait.
    requests = {f"long {i}": explain(LONG, "minilm", methods=METHODS) for i in range(4)} | {"bad": explain("")}

    answers, failures, ended = client.explain_many(requests)

    assert set(failures) == {"bad"} and len(answers) == 4
    assert ended[-1] != "bad"


def test_a_caller_may_wait_for_each_answer_before_the_next_request(client):
    to_send = queue.Queue()
    call = client.stub.ExplainMany(iter(to_send.get, None), timeout=WAIT_SECONDS)
    for key in ("first", "second", "first"):  # an id is free again once its answer has ended
        to_send.put(pb.ExplainManyRequest(id=key, request=explain(methods=METHODS[:1])))
        parts = [next(call) for _ in range(3)]
        assert [p.id for p in parts] == [key] * 3
        assert [p.response.WhichOneof("part") for p in parts] == ["prediction", "attribution", "summary"]
    to_send.put(None)
    assert list(call) == []


def test_an_id_under_way_cannot_be_used_again(client):
    messages = [pb.ExplainManyRequest(id="same", request=request) for request in (large(), explain())]
    kinds = [message.WhichOneof("outcome") for message in client.stub.ExplainMany(iter(messages), timeout=WAIT_SECONDS)]
    assert kinds.count("failure") == 1 and kinds[-1] == "response"


def test_a_cancelled_answer_frees_its_place(server, client):
    call = client.stub.Explain(large(), timeout=WAIT_SECONDS)
    next(call)
    assert server.metric("limpid_inflight_requests") == 1

    call.cancel()

    until(lambda: server.metric("limpid_inflight_requests") == 0, "the end of the cancelled request")
    assert client.explain(explain()).parts[-1] == "summary"


def test_a_cancelled_stream_of_many_frees_all_its_places(server, client):
    call = client.stub.ExplainMany(
        (pb.ExplainManyRequest(id=str(i), request=large()) for i in range(8)), timeout=WAIT_SECONDS)
    next(call)

    call.cancel()

    until(lambda: server.metric("limpid_inflight_requests") == 0, "the end of the cancelled requests")
    assert client.explain(explain()).parts[-1] == "summary"


def test_a_callers_deadline_ends_his_request(client):
    with pytest.raises(grpc.RpcError) as caught:
        list(client.stub.Explain(large(), timeout=0.005))
    # Refused at once if the server knows by then how long it would take; else cut short.
    assert caught.value.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
    assert "deadline" in caught.value.details().lower()
    assert client.explain(explain()).parts[-1] == "summary"


def test_the_servers_own_deadline_holds_for_callers_without_one():
    with Server({"demo": DEMO}, "--max-request-seconds", 0.001) as hasty, Client(hasty.address) as client:
        until(lambda: _ends_too_late(client), "a request that took longer than the server's deadline")


def _ends_too_late(client):
    """A fast machine may be done within the millisecond, but not always."""
    try:
        list(client.stub.Explain(explain(LONG, methods=METHODS)))
    except grpc.RpcError as error:
        assert error.code() in (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.DEADLINE_EXCEEDED)
        assert "deadline" in error.details()
        return True
    return False


def test_closing_a_stream_without_a_request_ends_it_well(client):
    assert list(client.stub.ExplainMany(iter(()), timeout=WAIT_SECONDS)) == []


@pytest.mark.parametrize("encoding", [pb.ENCODING_FLOAT32, pb.ENCODING_FLOAT16], ids=["fp32", "fp16"])
@pytest.mark.parametrize("mean", [False, True], ids=["heads", "mean"])
def test_the_largest_keys_are_those_of_the_whole_maps(client, mean, encoding):
    def ask(**fields):
        return client.explain(explain(attention=pb.AttentionSelection(mean_over_heads=mean, **fields)))

    whole, some = ask(), ask(top_k=5, encoding=encoding)
    assert sorted(some.attention) == sorted(whole.attention) and some.heads == whole.heads
    for layer, maps in whole.attention.items():
        positions = np.argsort(-maps, axis=-1, kind="stable")[..., :5]
        np.testing.assert_array_equal(some.key_positions[layer], positions)
        want = np.take_along_axis(maps, positions, -1).astype(some.attention[layer].dtype)
        np.testing.assert_array_equal(some.attention[layer], want)
    assert some.summary.attention_bytes == sum(len(c.data) + len(c.key_positions) for c in some.chunks)
    assert all(chunk.num_tokens == len(some.ids) for chunk in some.chunks)


def test_the_largest_keys_of_a_long_text_come_in_few_chunks(client):
    some = client.explain(explain(LONG, "minilm", attention=pb.AttentionSelection(top_k=8)))
    tokens = len(some.ids)
    assert some.summary.attention_bytes == 6 * 12 * tokens * 8 * 6 and len(some.chunks) == 6
    assert all(maps.shape == (12, tokens, 8) for maps in some.attention.values())
    assert all((np.diff(maps) <= 0).all() for maps in some.attention.values())
    # More keys than tokens: all of them, in the order of their size.
    every = client.explain(explain(attention=pb.AttentionSelection(layers=[0], top_k=60000)))
    assert (np.sort(every.key_positions[0]) == np.arange(len(every.ids))).all()


def test_a_mean_over_heads_is_one_map(client):
    answer = client.explain(explain(attention=pb.AttentionSelection(mean_over_heads=True)))
    assert all(chunk.mean_over_heads and list(chunk.heads) == [0, 1, 2, 3] for chunk in answer.chunks)
    assert all(maps.shape == (1, len(answer.ids), len(answer.ids)) for maps in answer.attention.values())
