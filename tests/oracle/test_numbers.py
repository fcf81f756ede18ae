"""Predictions, attention and every method agree with Transformers and autograd."""

import numpy as np
import pytest

from oracle import methods, tolerances
from oracle.random_models import DECODERS, KIN, MASKED, SHAPES, TOKEN_HEADS
from oracle.texts import PAIRS, PROSE
from support.proto import pb

OTHER_TEXT = "Is the dog nice?"


def class_target(score=pb.SCORE_LOGIT, **which):
    return pb.Target(score=score, **{"class": pb.Class(**which)})


def contrast(score=pb.SCORE_LOGIT, **classes):
    return pb.Target(score=score, contrast=pb.Contrast(**{k: pb.Class(index=i) for k, i in classes.items()}))


ENCODER = {
    "default": None,
    "mean": pb.Target(mean_output=pb.MeanOutput()),
    "similarity": pb.Target(similarity=pb.Similarity(text=OTHER_TEXT)),
}
REGRESSION = {"default": None, "class 0": class_target(index=0), "mean": ENCODER["mean"]}
CLASSIFIER = {
    "default": None,
    "predicted log_prob": pb.Target(predicted_class=pb.PredictedClass(), score=pb.SCORE_LOG_PROB),
    "class 1": class_target(index=1),
    "class 0 log_prob": class_target(pb.SCORE_LOG_PROB, index=0),
    "class 1 prob": class_target(pb.SCORE_PROB, index=1),
    "contrast": contrast(),
    "contrast 1 - 0": contrast(target=1, foil=0),
    "contrast 0 - runner-up prob": contrast(pb.SCORE_PROB, target=0),
    "mean": ENCODER["mean"],
}
TARGETS = {"minilm": {k: ENCODER[k] for k in ("mean", "similarity")}, "demo": CLASSIFIER}
for shape in SHAPES:
    TARGETS[shape.name] = {0: ENCODER, 1: REGRESSION}.get(shape.labels, CLASSIFIER)
# What lies behind the head's output is the same code for all.
for shape in KIN:
    TARGETS[shape.name] = {k: (CLASSIFIER if shape.labels else ENCODER)[k]
                           for k in ("default", "contrast" if shape.labels else "similarity")}
for shape in MASKED:
    TARGETS[shape.name] = {"at 1": pb.Target(position=1), "contrast at 2": pb.Target(contrast=pb.Contrast(), position=2),
                           "log_prob of 7 at 1": pb.Target(score=pb.SCORE_LOG_PROB, position=1, **{
                               "class": pb.Class(index=7)})}
for shape in DECODERS:
    is_classifier = shape.labels or shape.language_model
    TARGETS[shape.name] = {k: (CLASSIFIER if is_classifier else ENCODER)[k] for k in (
        ("default", "contrast", "class 0 log_prob") if is_classifier else ("default", "similarity"))}
for shape in TOKEN_HEADS:
    TARGETS[shape.name] = {
        "tokens": {"class 1 at 2": pb.Target(position=2, **{"class": pb.Class(index=1)}),
                   "contrast of log_prob at 1": pb.Target(position=1, contrast=pb.Contrast(), score=pb.SCORE_LOG_PROB)},
        "answers": {"default": None, "prob of 1 to 2": pb.Target(answer=pb.Answer(begin_token=1, end_token=3),
                                                                 score=pb.SCORE_PROB)}}[shape.head]
CASES = [(model, name) for model, targets in TARGETS.items() for name in targets]


def texts_of(model):
    """MiniLM answers all texts; the others some, and pairs."""
    if model == "minilm":
        return [(text, None) for text in PROSE]
    return [(text, None) for text in PROSE[:4]] + PAIRS[:2]


def request_for(model, text, pair, target):
    content = {"text": text, "truncation": pb.TRUNCATION_LONGEST_FIRST} | ({} if pair is None else {"text_pair": pair})
    return pb.ExplainRequest(model=model, input=pb.Input(**content), target=target,
                             methods=[case.request for case in methods.ALL], attention=pb.AttentionSelection())


def compare_prediction(check, answer, single, double):
    floor = relative(single.value, double.value, double.value_scale)
    yield check("target value", answer.prediction.target.value, single.value,
                max(tolerances.TARGET_VALUE, tolerances.FLOORS * floor), single.value_scale, floor)
    if answer.prediction.HasField("answer"):
        got = np.stack([answer.prediction.answer.begin_logits, answer.prediction.answer.end_logits], -1)
        yield check("logits", got, single.logits, tolerances.LOGITS, np.abs(single.logits).max(),
                    relative(single.logits, double.logits))
        return
    if single.token_logits is not None:
        got = np.reshape(answer.prediction.token_classes.logits, single.token_logits.shape)
        assert list(answer.prediction.token_classes.predicted_indices) == single.token_logits.argmax(-1).tolist()
        yield check("logits of all tokens", got, single.token_logits, tolerances.LOGITS,
                    np.abs(single.token_logits).max(), relative(single.token_logits, double.token_logits))
    if single.logits is None:
        yield check("embedding", answer.embedding, single.embedding, tolerances.EMBEDDING,
                    np.abs(single.embedding).max(), relative(single.embedding, double.embedding))
    else:
        # Of a language model the best ones.
        of = list(answer.prediction.classes.indices) or slice(None)
        assert np.argmax(single.logits[of]) == answer.prediction.classes.predicted_index
        assert np.max(single.logits) == np.max(single.logits[of])
        yield check("logits", answer.logits, single.logits[of], tolerances.LOGITS, np.abs(single.logits).max(),
                    relative(single.logits, double.logits))


def compare_methods(check, answer, single, again, double):
    for index, case in enumerate(methods.ALL):
        scale = case.scale(case, double)
        floor = max(relative(case.reference(fp32), case.reference(double), scale) for fp32 in (single, again))
        yield check(case.name, answer.scores(index), case.reference(single), case.allowed(floor), scale, floor)


def explained(answer, target):
    """The target in full: which answer was explained."""
    resolved = answer.prediction.target
    if target is None and answer.prediction.HasField("answer"):
        return pb.Target(answer=pb.Answer(begin_token=resolved.begin_token, end_token=resolved.end_token))
    return target or pb.Target()


def relative(got, want, scale=None):
    """0 of nothing but zeros: what a token cannot see (a window that does not reach so far)."""
    difference, scale = np.max(np.abs(np.asarray(got) - want)), np.abs(want).max() if scale is None else scale
    return difference / scale if difference else 0.0


@pytest.mark.parametrize("model, target_name", CASES)
def test_an_explanation_agrees_with_transformers(client, references, nudged, encode, agreement, model, target_name):
    target = TARGETS[model][target_name]
    agreement.describe(model, client.model(model))
    other_ids = encode(model, OTHER_TEXT)[0]

    wrong = []
    for text, pair in texts_of(model):
        answer = client.explain(request_for(model, text, pair, target))
        ids, type_ids = encode(model, text, pair)
        assert answer.ids == ids
        arguments = (ids, type_ids, explained(answer, target), other_ids)
        single, double, again = (r.run(*arguments) for r in (*references(model), nudged(model)))
        resolved = answer.prediction.target
        assert (resolved.class_index, resolved.foil_index) == (double.class_index, double.foil_index)

        def check(*arguments):
            return agreement.check(model, *arguments)

        attention = np.stack([answer.attention[layer] for layer in range(len(answer.attention))])
        floor = max(np.abs(fp32.attention - double.attention).max() for fp32 in (single, again))
        wrong += [check("attention (absolute)", attention, single.attention, tolerances.attention(floor), 1.0, floor)]
        wrong += [*compare_prediction(check, answer, single, double),
                  *compare_methods(check, answer, single, again, double)]

    wrong = [sentence for sentence in wrong if sentence]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("model", ["demo", "seven-classes", "multi-label", "regression"])
def test_probabilities_are_those_of_the_task(client, references, encode, model):
    text = PROSE[2]
    ids, type_ids = encode(model, text)
    logits = references(model)[1].run(ids, type_ids, pb.Target()).logits
    want = {"regression": [], "multi-label": 1 / (1 + np.exp(-logits))}.get(
        model, np.exp(logits) / np.exp(logits).sum())

    answer = client.stub.Predict(pb.PredictRequest(model=model, input=pb.Input(text=text)), timeout=30)

    got = answer.prediction.classes.probabilities
    assert len(got) == len(want)
    np.testing.assert_allclose(got, want, atol=tolerances.PROBABILITY_ABSOLUTE)
    assert answer.prediction.classes.predicted_index == logits.argmax()


@pytest.mark.parametrize("model", ["minilm", "two-classes"])
def test_chosen_attention_is_a_part_of_all_attention(client, model):
    text, selection = PROSE[3], pb.AttentionSelection(layers=[-1, 0], heads=[2, 0])

    def ask(selection):
        return client.explain(pb.ExplainRequest(model=model, input=pb.Input(text=text), attention=selection))

    whole, chosen = ask(pb.AttentionSelection()), ask(selection)
    mean = ask(pb.AttentionSelection(layers=[0], mean_over_heads=True))
    half = ask(pb.AttentionSelection(encoding=pb.ENCODING_FLOAT16))

    last = max(whole.attention)
    assert sorted(chosen.attention) == [0, last]
    for layer, maps in chosen.attention.items():
        assert sorted(chosen.heads[layer]) == [0, 2]
        want = whole.attention[layer][chosen.heads[layer]]
        np.testing.assert_allclose(maps, want, atol=tolerances.ATTENTION_ABSOLUTE)
    np.testing.assert_allclose(mean.attention[0][0], whole.attention[0].mean(0), atol=tolerances.ATTENTION_ABSOLUTE)
    assert mean.attention[0].shape[0] == 1
    for layer, maps in half.attention.items():
        assert maps.dtype == np.float16
        np.testing.assert_allclose(maps, whole.attention[layer], atol=tolerances.ATTENTION_FLOAT16_ABSOLUTE)


def test_word_scores_are_the_sums_of_their_tokens(client):
    asked = [methods.saliency("word", "l2").request, methods.gradient_x_input("word").request]
    text = "Unbelievably naïve shopkeepers, mispricing things"
    request = pb.ExplainRequest(model="minilm", input=pb.Input(text=text), methods=asked)
    tokens = client.explain(request)
    request.granularity = pb.GRANULARITY_WORD
    words = client.explain(request)

    for index in range(2):
        units = words.attributions[index].units
        assert len(units) < len(tokens.ids)
        sums = [tokens.scores(index)[u.begin_token:u.end_token].sum() for u in units]
        np.testing.assert_allclose(words.scores(index), sums, rtol=1e-5, atol=1e-9)
