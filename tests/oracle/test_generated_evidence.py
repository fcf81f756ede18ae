"""The tiny GPT-2 decides credit texts as it goes on with them, and the explanation of the token that decides puts the
planted evidence on top.

Explained is why this decision and not the other: the difference of their logits. Ranked are the words of the credit
text; the question behind it ("Decision", ":") is left out, since any answer is read from its last token. Words are
ranked by their scores as they are; the evidence's share is that of the sum of |score|. The target is what the model
said, and a text that it gets wrong stays in.
"""

import sys

import numpy as np
import pytest
import tokenizers

from oracle.planted import CHANCE, Findings, within
from oracle.test_generation import generate
from support.paths import STORY
from support.proto import pb

sys.path.insert(0, str(STORY.parent))
from credit_text import LABELS, held_out  # noqa: E402

MODEL = "credit-story"
QUESTION = " Decision:"
ANSWER_TOKENS = 3  # the decision, ".", the end
TEXTS = 120
SEED = 7
METHODS = {
    "gradient_x_input": pb.Method(gradient_x_input={}),
    "saliency": pb.Method(saliency={}),
    "occlusion": pb.Method(occlusion={"unit": pb.GRANULARITY_WORD, "replacement": pb.REPLACEMENT_ATTENTION}),
}


@pytest.fixture(scope="module")
def texts():
    """Those that fit, with question and answer."""
    tokenizer = tokenizers.Tokenizer.from_file(str(STORY / "tokenizer.json"))
    return [text for text in held_out(TEXTS, SEED)
            if len(tokenizer.encode(text.text + QUESTION)) + ANSWER_TOKENS <= 128]


def answer(client, text, **given):
    return generate(client, pb.GenerateRequest(model=MODEL, input=pb.Input(text=text.text + QUESTION), **given))


def token(label):
    return pb.Class(label=f" {label}")


def other(label):
    return LABELS[1 - LABELS.index(label)]


@pytest.fixture(scope="module")
def decisions(client, texts):
    """What the model says of each text, to its end."""
    said = []
    for text in texts:
        _, _, _, summary = answer(client, text, max_new_tokens=8)
        assert summary.generation.finish_reason == pb.Generation.FINISH_REASON_END
        assert summary.generation.tokens == ANSWER_TOKENS
        said.append(summary.generation.text.removeprefix(" ").removesuffix("."))
    return said


@pytest.fixture(scope="module")
def found(client, texts, decisions, tables):
    findings = Findings(SEED)
    for text, decision in zip(texts, decisions):
        target = pb.Target(contrast=pb.Contrast(foil=token(other(decision))))
        _, _, attributions, _ = answer(client, text, max_new_tokens=1, target=target, methods=METHODS.values(),
                                       granularity=pb.GRANULARITY_WORD)
        units = attributions[0][0].units
        words = [i for i, unit in enumerate(units) if unit.end_char <= len(text.text)]
        findings.add({name: np.array(one.scores)[words] for name, one in zip(METHODS, attributions[0], strict=True)},
                     np.array([within(units[i], text.evidence) for i in words]))
    tables.append((f"planted evidence of generated decisions, {len(texts)} held-out texts", findings.table()))
    return findings.means()


def test_the_model_goes_on_with_the_right_decision(texts, decisions):
    assert np.mean([said == text.label for said, text in zip(decisions, texts)]) >= 0.95


def test_random_scores_do_not_find_the_evidence(found):
    hit, precision, part = found[CHANCE]
    assert hit < 0.4 and precision < 0.5 and part < 0.4


@pytest.mark.parametrize("method, hits, precision, part", [
    ("gradient_x_input", 0.7, 0.35, 0.35), ("saliency", 0.85, 0.35, 0.4), ("occlusion", 0.9, 0.35, 0.65)])
def test_the_token_that_decides_is_explained_by_the_evidence(found, method, hits, precision, part):
    assert np.all(found[method] >= (hits, precision, part)), found[method]


@pytest.mark.parametrize("by", ["label", "index"])
def test_a_contrast_with_target_and_foil_exchanged_has_the_other_sign(client, texts, by):
    tokenizer = tokenizers.Tokenizer.from_file(str(STORY / "tokenizer.json"))
    classes = {label: token(label) if by == "label" else pb.Class(index=tokenizer.token_to_id(f"Ġ{label}"))
               for label in LABELS}

    for text in texts[:10]:
        def explained(target, foil):
            contrast = pb.Contrast(target=classes[target], foil=classes[foil])
            one = client.explain(pb.ExplainRequest(model=MODEL, input=pb.Input(text=text.text + QUESTION),
                                                   target=pb.Target(contrast=contrast), granularity=pb.GRANULARITY_WORD,
                                                   methods=[METHODS["gradient_x_input"], METHODS["occlusion"]]))
            return one.prediction.target.value, one.scores(0), one.scores(1)

        value, *of_label = explained(text.label, other(text.label))
        opposite, *of_other = explained(other(text.label), text.label)
        assert value > 0 and opposite == pytest.approx(-value, abs=1e-4)
        for one, exchanged in zip(of_label, of_other):
            np.testing.assert_allclose(exchanged, -one, atol=1e-4 * np.abs(one).max())
