"""The tiny models that label sums of money and that answer questions about them: what says which sum is which was
planted, and explanations put it on top.

Ranked are all words but special tokens and the sum's own: that a label or an answer hangs on its place says nothing about
why. Evidence for other sums in the text counts as a miss. For an answer the words of the question that ask for this sum are
evidence too. The target is what the model said, and a text that it gets wrong stays in.
"""

import sys

import numpy as np
import pytest

from oracle.planted import CHANCE, Findings, within
from support.paths import DEMO
from support.proto import pb

sys.path.insert(0, str(DEMO.parent))
from credit_sums import held_out  # noqa: E402

TEXTS = 120
SEED = 7
MODELS = ("credit-labels", "credit-answers")
WORDS = {"unit": pb.GRANULARITY_WORD}
METHODS = {
    # Not gradient_x_input: next to nothing at the word embeddings, whose length the norm that follows does not see.
    "saliency": pb.Method(saliency={}),
    "integrated_gradients": pb.Method(integrated_gradients={}),
    "occlusion": pb.Method(occlusion=WORDS),
    "kernel_shap": pb.Method(kernel_shap=WORDS),
}
NEAREST = "nearest to the sum"
SEQUENCE_OF_TEXT = {"credit-labels": 0, "credit-answers": 1}


@pytest.fixture(scope="module")
def texts():
    return held_out(TEXTS, SEED)


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    return request.param


@pytest.fixture(scope="module")
def answers(client, texts, model):
    def input_of(text):
        if model == "credit-answers":
            return pb.Input(text=text.question.text, text_pair=text.text)
        return pb.Input(text=text.text)

    # One after the other: many at once fill the queue, and the rest would be refused.
    return [client.explain(pb.ExplainRequest(model=model, input=input_of(text), methods=METHODS.values(),
                                             granularity=pb.GRANULARITY_WORD)) for text in texts]


def role_at(text, token):
    """Of the sum that a token of the credit text belongs to."""
    return next((role for role, one in text.sums.items() if within(token, [one.amount])), None)


def explained(text, answer):
    """The sum whose label or answer is explained."""
    role = role_at(text, answer.prediction.tokens[answer.prediction.target.begin_token])
    assert role, f"it is no sum of {text.text!r}"
    return text.sums[role]


@pytest.fixture(scope="module")
def found(texts, model, answers, tables):
    findings = Findings(SEED)
    for text, answer in zip(texts, answers, strict=True):
        of_sum = explained(text, answer)
        units = answer.attributions[0].units
        in_text = [unit.sequence == SEQUENCE_OF_TEXT[model] for unit in units]
        is_sum = np.array([there and within(unit, [of_sum.amount]) for unit, there in zip(units, in_text)])
        words = np.array([i for i, unit in enumerate(units) if not unit.is_special and not is_sum[i]])
        is_evidence = np.array([within(units[i], of_sum.evidence if in_text[i] else text.question.evidence)
                                for i in words])
        distance = np.abs(words[:, None] - np.flatnonzero(is_sum)).min(1)
        scores = {name: answer.scores(index)[words] for index, name in enumerate(METHODS)}
        findings.add(scores | {NEAREST: 1 / distance}, is_evidence)
    tables.append((f"planted evidence of sums, {model}, {len(texts)} held-out texts", findings.table()))
    return findings.means()


def test_the_model_is_right_about_held_out_texts(texts, model, answers):
    right = 0
    for text, answer in zip(texts, answers, strict=True):
        prediction = answer.prediction
        if model == "credit-answers":
            said, asked = prediction.answer, text.sums[text.question.role].amount
            right += (said.begin_char, said.end_char) == (asked.begin_char, asked.end_char)
        else:
            labels = prediction.classes.labels
            said = [labels[index] for index in prediction.token_classes.predicted_indices]
            right += all(label == (role_at(text, token) or "O")
                         for label, token in zip(said, prediction.tokens) if not token.is_special)
    assert right >= 0.95 * len(texts)


def test_neither_chance_nor_nearness_finds_the_planted_words(found):
    assert found[CHANCE][0] < 0.2 and found[NEAREST][0] < 0.5


@pytest.mark.parametrize("method", METHODS)
def test_planted_words_explain_which_sum_it_is(found, method):
    hits, precision, _ = found[method]
    assert hits > 0.75 and precision > found[CHANCE][1] + 0.25, found
