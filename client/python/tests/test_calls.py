"""Every method of both clients, with the real server."""

import asyncio

import both
import numpy as np
import pytest
from limpid import (AsyncClient, Attribution, AttentionChunk, InvalidRequest, LimpidError, Method, Prediction, QualityReport,
                    Summary, Target)

TEXTS = ["Income is stable, but two payments were missed.", "Savings grew.", "No savings, three missed payments and a loan."]
FROM_HIDDEN_STATES = ["layer_gradient_x_activation", "layer_integrated_gradients"]


@pytest.fixture(params=both.KINDS)
def caller(request, server):
    return both.Caller(request.param, server.address, model="demo")


def test_an_explanation(caller, text):
    answer = caller.explain(text, methods=["saliency", Method("integrated_gradients", tolerance=1e-3), "head_importance"],
                            attention=True)

    tokens = len(answer.prediction.tokens)
    assert answer.prediction.label == "declined" and answer.prediction.probability > 0.99
    assert answer["saliency"].scores.shape == (tokens,) and answer["saliency"].scores.dtype == np.float32
    assert answer["integrated_gradients"].card.completeness.is_certified
    assert answer["head_importance"].heads.shape == (2, 4)
    assert answer.attention.values.shape == (2, 4, tokens, tokens)
    assert answer.summary.model.name == "demo" and len(answer.summary.model.weights_sha256) == 64
    assert [unit.begin_token for unit in answer[0].units] == list(range(tokens))


def test_parts_come_in_the_order_of_the_contract(caller, text):
    parts = caller.explain_stream(text, methods=["saliency", "occlusion"], attention=True, quality=["comprehensiveness"])

    kinds = [type(part) for part in parts if not isinstance(part, AttentionChunk)]
    assert kinds == [Prediction, Attribution, QualityReport, Attribution, QualityReport, Summary]
    assert [part.chunk_index for part in parts if isinstance(part, AttentionChunk)] == [0, 1]


def test_many_come_in_the_order_of_the_texts(caller):
    texts = TEXTS * 30
    answers = caller.explain_many(texts, methods="saliency", granularity="word", in_flight=16)

    assert [answer.source.texts[0] for answer in answers] == texts
    alone = [caller.explain(text, methods="saliency", granularity="word") for text in TEXTS]
    for answer, expected in zip(answers, alone * 30):
        np.testing.assert_allclose(answer[0].scores, expected[0].scores, rtol=0, atol=1e-5 * expected[0].scores.max())


def test_one_of_many_has_options_of_its_own_and_may_fail_alone(caller):
    items = [{"text": TEXTS[0], "target": "approved"}, "", TEXTS[1], {"text": TEXTS[2], "methods": "no_such_method"}]
    answers = caller.explain_many(items, methods="saliency", on_error="return")

    assert answers[0].prediction.target.class_index == 1
    assert answers[2].prediction.target.class_index == answers[2].prediction.classes.predicted_index
    assert [type(answer) for answer in (answers[1], answers[3])] == [InvalidRequest, InvalidRequest]
    with pytest.raises(InvalidRequest, match="input.text"):
        caller.explain_many(items, methods="saliency")


def test_none_of_many(caller):
    assert caller.explain_many([]) == []


def test_prediction_tokens_and_cost(caller, text):
    prediction = caller.predict(text)
    assert prediction.classes.probabilities.sum() == pytest.approx(1)
    assert caller.tokenize(text).tokens == prediction.tokens

    cost = caller.estimate_cost(text, methods="saliency", attention=True)
    assert cost.tokens == len(prediction.tokens) and cost.admitted and cost.refusal is None
    assert cost.answer_bytes >= 2 * 4 * cost.tokens**2 * 4


def test_models(caller):
    assert [model.name for model in caller.models()] == ["demo", "minilm", "gpt2"]
    assert caller.model() == caller.models()[0]
    assert caller.model("minilm").task == "embedding"


def test_every_method_of_the_models_card_can_be_asked_by_its_name(client, text):
    card = client.model("demo")
    answer = client.explain(text, model="demo", methods=[name for name in card.methods if name != "token_interactions"][:16])
    rest = client.explain(text, model="demo", methods=[a for a in card.methods if a != "token_interactions"][16:])

    for attribution in [*answer, *rest]:
        assert attribution.heads is not None or np.isfinite(attribution.scores).all()
    assert len(answer) + len(rest) == len(card.methods) - 1


def test_two_texts_compared(client):
    answer = client.explain("a cat sleeps", model="minilm", methods="token_interactions",
                            target=Target.similarity("a dog rests quietly"))

    matrix = answer[0].matrix
    assert matrix.values.shape == (len(answer.prediction.tokens), len(matrix.other_tokens))
    assert matrix.values.sum() == pytest.approx(answer.prediction.target.value, rel=1e-4)
    assert answer.prediction.embedding.values.shape == (384,)


def test_ids_in_place_of_a_text(client, text):
    ids = [token.id for token in client.tokenize(text, model="demo").tokens]
    of_ids = client.explain(np.array(ids), model="demo", methods="gradient_x_input", target=Target.contrast("approved"))
    of_text = client.explain(text, model="demo", methods="gradient_x_input", target=Target.contrast("approved", "declined"))

    np.testing.assert_array_equal(of_ids[0].scores, of_text[0].scores)
    assert of_ids[0].pieces[1] == "income" and of_text[0].pieces[1] == "Income"


def test_a_condition_that_does_not_hold(client, text):
    answer = client.explain(text, model="demo", methods="saliency", condition={"predicted": ["approved"]})
    assert len(answer) == 0 and answer.summary.condition_unmet


def test_frames(client, text):
    answer = client.explain(text, model="demo", methods=["saliency", "head_importance"])

    frame = answer.to_frame()
    assert len(frame) == len(answer.prediction.tokens) + 8
    row = frame[frame.piece == "payments"].iloc[0]
    assert text[int(row.begin_char):int(row.end_char)] == "payments"
    assert list(answer.prediction.to_frame().columns) == ["label", "logit", "probability"]


def test_more_calls_at_once_than_a_connection_takes(server):
    async def ask():
        async with AsyncClient(server.address) as client:
            return await asyncio.gather(*(client.predict("Savings grew.") for _ in range(300)))

    assert len(asyncio.run(ask())) == 300


def test_a_stream_that_is_left_early_is_cancelled_at_the_server(server, client):
    before = server.metric("limpid_dropped_total", cause="cancelled")
    for _ in client.explain_many(["Savings grew slowly. " * 40] * 200, model="minilm", methods="saliency"):
        break
    for _ in range(200):
        if server.metric("limpid_dropped_total", cause="cancelled") > before:
            return
        client.predict("Savings grew.")
    raise AssertionError("the server still works on it")


@pytest.mark.parametrize("options, field, words", [
    ({"methods": "salency"}, "methods[0]", "there is no method 'salency'"),
    ({"granularity": "wrod"}, "granularity", "none of token, word"),
    ({"frobnicate": 1}, "frobnicate", "no such option"),
    ({"methods": Method("saliency", reduction="sum")}, "methods[0].saliency.reduction", "no sign"),
    ({"target": "perhaps"}, "target.class.label", "declined, approved"),
    ({"methods": "occlusion", "spans": [(0, "end")]}, "spans[0].end_byte", "str"),
])
def test_a_wrong_option_is_named_by_client_or_server(client, text, options, field, words):
    with pytest.raises(InvalidRequest) as caught:
        client.explain(text, model="demo", **options)
    assert caught.value.fields == (field,) and words in str(caught.value)
    assert isinstance(caught.value, ValueError) and isinstance(caught.value, LimpidError)


def test_a_method_with_an_option_it_does_not_have_is_refused_where_it_is_written():
    with pytest.raises(InvalidRequest, match="step: no such option; there is attach_point, baselines"):
        Method("integrated_gradients", step=3)
