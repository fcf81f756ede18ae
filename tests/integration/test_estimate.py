"""EstimateCost: what a request would take, without running it."""

import grpc
import pytest

from support.client import Client
from support.paths import DEMO, minilm
from support.proto import pb
from support.server import Server
from support.texts import LONG


def explain(text=LONG, model="minilm", **fields):
    content = pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST)
    return pb.ExplainRequest(model=model, input=content, methods=[pb.Method(saliency=pb.Saliency())], **fields)


def estimate(client, request, timeout=60):
    return client.stub.EstimateCost(pb.EstimateCostRequest(request=request), timeout=timeout)


@pytest.mark.parametrize("fields", [{}, {"attention": pb.AttentionSelection()},
                                    {"attention": pb.AttentionSelection(top_k=8)}], ids=["scores", "maps", "top-k"])
def test_it_names_what_the_answer_then_reports(client, fields):
    request = explain(**fields)
    expected = estimate(client, request)
    summary = client.explain(request).summary

    assert expected.admitted and not expected.HasField("refusal")
    assert (expected.tokens, expected.rows_forward, expected.rows_backward) == (
        summary.tokens, summary.rows_forward, summary.rows_backward)
    assert expected.answer_bytes >= summary.attention_bytes
    assert expected.peak_bytes > expected.answer_bytes
    ratio = expected.compute_ms / summary.timings.compute_ms
    print(f"expected {expected.compute_ms:.1f} ms, took {summary.timings.compute_ms:.1f} ms: {ratio:.2f}")
    # An order of magnitude, on a machine that others use.
    assert 0.1 < ratio < 10


def test_rows_that_a_method_asks_for_later_are_in_it(client):
    request = explain(model="demo")
    request.methods.add(occlusion=pb.Occlusion())
    expected, answer = estimate(client, request), client.explain(request)
    assert (expected.tokens, expected.rows_forward, expected.rows_backward) == (
        answer.summary.tokens, answer.summary.rows_forward, answer.summary.rows_backward)
    card = answer.attributions[1].card
    assert answer.summary.rows_forward == 1 + card.rows and card.rows == card.units == len(answer.ids) - 2


def test_a_row_of_another_length_is_in_it(client):
    request = explain("No.", target=pb.Target(similarity=pb.Similarity(text="A much longer text. " * 9)))
    request.methods.add(token_interactions={})
    expected, summary = estimate(client, request), client.explain(request).summary
    assert (expected.tokens, expected.rows_forward, expected.rows_backward) == (
        summary.tokens, summary.rows_forward, summary.rows_backward) and expected.rows_forward == 3


def test_a_condition_costs_one_more_forward_row(client):
    request = explain("She has missed three payments.", "demo", condition=pb.Condition(min_probability=0.0))
    expected = estimate(client, request)
    assert (expected.rows_forward, expected.rows_backward) == (2, 1)
    assert client.explain(request).summary.rows_forward == 2


def test_it_says_why_a_request_would_be_refused(client):
    expected = estimate(client, explain(), timeout=0.03)
    assert not expected.admitted
    assert expected.refusal.reason == "DEADLINE_UNMEETABLE" and expected.refusal.retry_after_ms == 1


def test_a_wrong_request_is_refused_as_explain_would(client):
    with pytest.raises(grpc.RpcError) as caught:
        estimate(client, explain(""))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "input.text" in caught.value.details()


def test_nothing_is_computed_for_an_estimate():
    with Server({"demo": DEMO, "minilm": minilm()}) as server, Client(server.address) as client:
        estimate(client, explain())
        assert server.metric("limpid_model_passes_total", model="minilm", direction="forward") == 0
