"""The demo model's explanations put the planted evidence on top.

A text counts as a hit if the word with the highest score lies whole within one of the spans that decide its label.
Special tokens are left out; evidence for the other label and the rest of the sentence count as misses; scores are taken
as they are, so a signed method's most negative word does not count; the target is what the model predicted, and a text
that it gets wrong stays in.
"""

import sys

import numpy as np
import pytest

from oracle import methods
from oracle.planted import CHANCE, rank, within
from support.paths import DEMO
from support.proto import pb

sys.path.insert(0, str(DEMO.parent))
from credit_text import held_out  # noqa: E402

TEXTS, OF_MANY_ROWS = 500, 100
SEED = 7
WANTED_HITS = 0.95
CASES = [case for case in methods.ALL if not case.request.HasField("head_importance")]
WORDS = {"unit": pb.GRANULARITY_WORD}
MANY_ROWS = {
    "smooth_grad": pb.Method(smooth_grad={}),
    "integrated_gradients": pb.Method(integrated_gradients={}),
    "layer_integrated_gradients": pb.Method(layer_integrated_gradients={}),
    "layer_gradient_x_activation": pb.Method(layer_gradient_x_activation={}),
    "sequential_integrated_gradients": pb.Method(sequential_integrated_gradients={}),
    "occlusion mask": pb.Method(occlusion=WORDS),
    "occlusion delete": pb.Method(occlusion=WORDS | {"replacement": pb.REPLACEMENT_DELETE}),
    "occlusion hierarchical": pb.Method(occlusion=WORDS | {"hierarchical": True}),
    "lime": pb.Method(lime=WORDS), "kernel_shap": pb.Method(kernel_shap=WORDS),
    "partition_shap": pb.Method(partition_shap=WORDS),
    "value_zeroing": pb.Method(value_zeroing={}),
}
# They look at no target, so they cannot say why this label and not the other.
UNAWARE = ("attention_rollout", "value_zeroing", CHANCE)


@pytest.fixture(scope="module")
def texts():
    return held_out(TEXTS, SEED)


def ask(client, texts, methods):
    return client.explain_at_once([
        pb.ExplainRequest(model="demo", input=pb.Input(text=text.text), methods=methods,
                          granularity=pb.GRANULARITY_WORD) for text in texts])


@pytest.fixture(scope="module")
def answers(client, texts):
    return ask(client, texts, [case.request for case in CASES])


def results(texts, answers, names):
    """{method: (share of hits, mean average precision, texts)}, chance with them."""
    rng = np.random.default_rng(SEED)
    found = {name: [] for name in [*names, CHANCE]}
    for text, answer in zip(texts, answers):
        units = answer.attributions[0].units
        words = np.array([i for i, unit in enumerate(units) if not unit.is_special])
        is_evidence = np.array([within(units[i], text.evidence) for i in words])
        for index, name in enumerate(names):
            found[name].append(rank(answer.scores(index)[words], is_evidence))
        found[CHANCE].append(rank(rng.random(len(words)), is_evidence))
    return {name: (*np.array(rows, float).mean(0), len(rows)) for name, rows in found.items()}


def test_the_model_decides_held_out_texts_rightly(texts, answers):
    predicted = [answer.prediction.classes.labels[answer.prediction.classes.predicted_index] for answer in answers]
    right = np.mean([label == text.label for label, text in zip(predicted, texts)])
    assert right >= 0.98


def test_methods_put_planted_evidence_on_top(client, texts, answers, tables):
    found = results(texts, answers, [case.name for case in CASES])
    some = texts[:OF_MANY_ROWS]
    # One after the other: a few at once fill the queue, and the rest would be refused.
    many = [answer for text in some for answer in ask(client, [text], list(MANY_ROWS.values()))]
    found = results(some, many, list(MANY_ROWS)) | found

    lines = [f"{'method':<40} {'texts':>5} {'top word is evidence':>20} {'average precision':>18}"]
    lines += [f"{name:<40} {texts:>5} {hit:>20.1%} {precision:>18.3f}"
              for name, (hit, precision, texts) in sorted(found.items(), key=lambda item: -item[1][0])]
    tables.append(("planted evidence, held-out texts of the demo model", lines))

    assert found[CHANCE][0] < 0.5, "the texts are mostly evidence: a hit says nothing"
    aware = {name: hit for name, (hit, *_) in found.items() if not name.startswith(UNAWARE)}
    for kind in ([case.name for case in CASES], MANY_ROWS):
        assert max(hit for name, hit in aware.items() if name in kind) >= WANTED_HITS, "\n".join(lines)
    assert min(aware.values()) > found[CHANCE][0], "\n".join(lines)
