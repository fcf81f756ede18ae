"""The demo model's data: where the evidence is planted is where it says, and held-out evidence is new."""

import sys

import pytest

from support.paths import DEMO

sys.path.insert(0, str(DEMO.parent))
import credit_text  # noqa: E402


@pytest.fixture(scope="module")
def texts():
    return credit_text.held_out(500, seed=3)


def test_spans_cut_the_evidence_out_of_characters_and_bytes(texts):
    for text in texts:
        assert text.evidence
        for span in text.evidence + text.counter:
            assert text.text[span.begin_char:span.end_char] == span.text
            assert text.text.encode()[span.begin_byte:span.end_byte].decode() == span.text


def test_held_out_evidence_does_not_occur_in_training(texts):
    seen = {span.text for text in credit_text.training(5000, seed=3) for span in text.evidence + text.counter}
    assert not seen & {span.text for text in texts for span in text.evidence + text.counter}


def test_the_words_of_held_out_texts_occur_in_training(texts):
    known = {word for text in credit_text.training(5000, seed=3) for word in text.text.lower().split()}
    unknown = {word for text in texts for word in text.text.lower().split()} - known
    assert len(unknown) < 0.05 * len(known)


def test_both_labels_come_as_often_and_evidence_is_the_smaller_part(texts):
    approved = sum(text.label == "approved" for text in texts)
    assert 200 < approved < 300
    evidence = sum(len(span.text) for text in texts for span in text.evidence)
    assert evidence < 0.4 * sum(len(text.text) for text in texts)


def test_texts_without_evidence_have_no_label():
    for text in credit_text.without_evidence(50, seed=3):
        assert text.label is None and not text.evidence and not text.counter


def test_a_seed_gives_the_same_texts(texts):
    assert credit_text.held_out(20, seed=3) == texts[:20]
    assert credit_text.held_out(20, seed=4) != texts[:20]
