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
from support.paths import DEMO
from support.proto import pb

sys.path.insert(0, str(DEMO.parent))
from credit_text import held_out  # noqa: E402

TEXTS = 500
SEED = 7
WANTED_HITS = 0.95
CASES = [case for case in methods.ALL if not case.request.HasField("head_importance")]
CHANCE = "chance (random scores)"


@pytest.fixture(scope="module")
def texts():
    return held_out(TEXTS, SEED)


@pytest.fixture(scope="module")
def answers(client, texts):
    return client.explain_at_once([
        pb.ExplainRequest(model="demo", input=pb.Input(text=text.text), methods=[case.request for case in CASES],
                          granularity=pb.GRANULARITY_WORD) for text in texts])


def within(unit, spans):
    return any(span.begin_byte <= unit.begin_byte and unit.end_byte <= span.end_byte for span in spans)


def rank(scores, is_evidence):
    """Is the highest score evidence, and the average precision of the whole ranking."""
    hits = is_evidence[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return hits[0], precision[hits].mean()


def results(texts, answers):
    """{method: [(hit, average precision) of each text]}"""
    rng = np.random.default_rng(SEED)
    found = {case.name: [] for case in CASES} | {CHANCE: []}
    for text, answer in zip(texts, answers):
        units = answer.attributions[0].units
        words = np.array([i for i, unit in enumerate(units) if not unit.is_special])
        is_evidence = np.array([within(units[i], text.evidence) for i in words])
        for index, case in enumerate(CASES):
            found[case.name].append(rank(answer.scores(index)[words], is_evidence))
        found[CHANCE].append(rank(rng.random(len(words)), is_evidence))
    return {name: np.array(rows, float).mean(0) for name, rows in found.items()}


def test_the_model_decides_held_out_texts_rightly(texts, answers):
    predicted = [answer.prediction.classes.labels[answer.prediction.classes.predicted_index] for answer in answers]
    right = np.mean([label == text.label for label, text in zip(predicted, texts)])
    assert right >= 0.98


def test_a_method_puts_planted_evidence_on_top(texts, answers, tables):
    found = results(texts, answers)

    lines = [f"{'method':<40} {'top word is evidence':>20} {'average precision':>18}"]
    lines += [f"{name:<40} {hit:>20.1%} {precision:>18.3f}"
              for name, (hit, precision) in sorted(found.items(), key=lambda item: -item[1][0])]
    tables.append((f"planted evidence, {TEXTS} held-out texts of the demo model", lines))

    # Rollout looks at no target, so it cannot say why this label and not the other.
    best = max(hit for name, (hit, _) in found.items() if name != CHANCE and not name.startswith("attention_rollout"))
    assert found[CHANCE][0] < 0.5, "the texts are mostly evidence: a hit says nothing"
    assert best >= WANTED_HITS, "\n".join(lines)
