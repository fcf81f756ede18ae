"""Methods of more than one row agree with their references on autograd, in fp32 beside fp64."""

import numpy as np
import pytest
import torch

from oracle import context_mixing, path_integrals, text_methods, tolerances
from oracle.random_models import KIN
from oracle.scalar import Scalar
from oracle.texts import PROSE
from support.proto import pb

MODELS = ("demo", "minilm", "two-classes")
TEXTS = sorted(PROSE, key=len)[:8]
# Few words: the exact forms take a row for each set of them.
SHORT = [PROSE[1], "not good, not bad", "No."]


def explain(client, model, text, methods):
    return client.explain(pb.ExplainRequest(model=model, methods=methods, input=pb.Input(
        text=text, truncation=pb.TRUNCATION_LONGEST_FIRST)))


def compare(client, references, encode, agreement, model, text, methods):
    """What is wrong, in sentences."""
    ids, type_ids = encode(model, text)
    scalars = [Scalar(reference, ids, type_ids) for reference in references(model)]
    value = abs(scalars[1].run(ids=scalars[1].ids[None]).item())
    for method in methods:
        single, double = (np.asarray(method.reference(scalar), np.float64) for scalar in scalars)
        scale = max(np.abs(double).max(), value if method.is_difference else 0)
        floor = np.abs(single - double).max() / scale
        answer = explain(client, model, text, [method.request])
        # Beside the truth: that the reference's fp32 lies on its other side is not the server's error.
        yield agreement.check(model, method.name, answer.scores(0), double, tolerances.text_method(floor), scale, floor)


@pytest.mark.parametrize("group", ["LEAVE_ONE_OUT", "PATHS", "LAYERS", "MIXING"])
@pytest.mark.parametrize("model", MODELS)
def test_a_method_agrees_with_its_reference(client, references, encode, agreement, prose, model, group):
    methods = getattr(text_methods, group)
    most = text_methods.MOST_TOKENS.get(group)
    if most is not None:
        prose = [text for text in prose if len(encode(model, text)[0]) <= most]
    wrong = [sentence for text in prose
             for sentence in compare(client, references, encode, agreement, model, text, methods) if sentence]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("model", [shape.name for shape in KIN])
def test_hidden_states_and_replaced_tokens_of_each_family(client, references, encode, agreement, model):
    """Pad and mask tokens in the place of others, as ids and as embeddings; what enters every layer and its gradient."""
    # Behind ModernBERT's last norm the products cancel to less than fp32 holds (its own rounding is 9e-3 of them).
    layers = range(client.model(model).num_layers + (0 if model == "modernbert-first" else 1))
    methods = (*text_methods.FAMILY, *map(text_methods.layer_gradient_x_activation, layers))
    wrong = [sentence for text in SHORT for sentence in
             compare(client, references, encode, agreement, model, text, methods) if sentence]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("model", ["modernbert", "mistral-bare"])
def test_a_window_counts_tokens_that_an_attention_mask_hides(client, references, encode, agreement, model):
    """Of texts that are longer than the windows of all layers together."""
    wrong = [sentence for text in TEXTS[4:7] for sentence in compare(
        client, references, encode, agreement, model, text, [text_methods.occlusion("token", "attention")]) if sentence]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("model", MODELS)
def test_relevance_agrees_where_it_is_built_in(client, needs_lrp, references, encode, agreement, prose, model):
    wrong = [sentence for text in prose for sentence in
             compare(client, references, encode, agreement, model, text, text_methods.RELEVANCE) if sentence]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("pair", [(0, 3), (3, 0), (2, 2)])
def test_the_interactions_of_two_texts_sum_to_their_cosine(client, references, encode, agreement, pair):
    first, second = TEXTS[pair[0]], TEXTS[pair[1]]
    hidden = [references("minilm")[0].model(torch.tensor([encode("minilm", text)[0]]))[0][0] for text in (first, second)]
    want = context_mixing.token_interactions(*hidden).numpy()

    answer = client.explain(pb.ExplainRequest(
        model="minilm", input=pb.Input(text=first), target=pb.Target(similarity=pb.Similarity(text=second)),
        methods=[pb.Method(token_interactions=pb.TokenInteractions())]))

    matrix = answer.attributions[0].matrix
    got = np.array(matrix.values).reshape(want.shape)
    assert [token.id for token in matrix.other_tokens] == encode("minilm", second)[0]
    assert abs(got.sum() - answer.prediction.target.value) < tolerances.TEXT_METHOD
    assert not agreement.check("minilm", "token_interactions", got, want, tolerances.TEXT_METHOD, np.abs(want).max())
    np.testing.assert_allclose(answer.scores(0), got.sum(1), atol=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_an_exact_method_agrees_with_its_reference(client, references, encode, agreement, model):
    wrong = [sentence for text in SHORT
             for sentence in compare(client, references, encode, agreement, model, text, text_methods.EXACT) if sentence]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("model", MODELS)
def test_the_exact_form_is_the_limit_of_the_quadrature(client, references, encode, model):
    """Enguehard's integral along each token's own path, by 128 nodes."""
    text = TEXTS[2]
    scalar = Scalar(references(model)[1], *encode(model, text))
    want = path_integrals.sequential_by_quadrature(
        scalar, path_integrals.baseline(scalar, "mask"), path_integrals.gauss_legendre(128)).numpy()

    got = explain(client, model, text, [pb.Method(sequential_integrated_gradients={})]).scores(0)

    np.testing.assert_allclose(got, want, atol=1e-3 * np.abs(want).max())


def test_the_same_alone_and_beside_others(client):
    method = pb.Method(occlusion=pb.Occlusion())
    alone = {text: explain(client, "minilm", text, [method]).scores(0) for text in TEXTS}
    requests = {text: pb.ExplainRequest(model="minilm", input=pb.Input(text=text), methods=[method]) for text in TEXTS}

    answers, failures, _ = client.explain_many(requests)

    assert not failures
    for text, want in alone.items():
        np.testing.assert_allclose(answers[text].scores(0), want, atol=1e-5 * np.abs(want).max())
