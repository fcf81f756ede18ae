"""Texts of the models that know sums of money: what is planted stands where it says, and what tells sums apart is it alone."""

import re
import sys

import pytest

from support.paths import DEMO

sys.path.insert(0, str(DEMO.parent))
import credit_sums  # noqa: E402

AMOUNT = re.compile(r"[\d,]+ euros")


@pytest.fixture(scope="module")
def texts():
    return credit_sums.held_out(500, seed=3)


def test_spans_cut_sums_and_evidence_out_of_characters_and_bytes(texts):
    for text in texts:
        cut = [(text.question.text, span) for span in text.question.evidence]
        cut += [(text.text, span) for one in text.sums.values() for span in (one.amount, *one.evidence)]
        for whole, span in cut:
            assert whole[span.begin_char:span.end_char] == span.text
            assert whole.encode()[span.begin_byte:span.end_byte].decode() == span.text


def test_every_sum_of_a_text_has_a_role_and_evidence(texts):
    for text in texts:
        assert sorted(one.amount.text for one in text.sums.values()) == sorted(AMOUNT.findall(text.text))
        assert len(text.sums) >= 2 and text.question.role in text.sums
        assert all(one.evidence for one in text.sums.values()) and text.question.evidence


def sentences(texts):
    return {sentence for text in texts for sentence in re.split(r"(?<=\.) ", text.text) if AMOUNT.search(sentence)}


def test_held_out_sentences_with_a_sum_do_not_occur_in_training(texts):
    assert not sentences(texts) & sentences(credit_sums.training(5000, seed=3))


def test_a_sum_does_not_tell_its_role(texts):
    by_role = {role: {text.sums[role].amount.text for text in texts if role in text.sums} for role in credit_sums.ROLES}
    assert len(set.intersection(*by_role.values())) > 0.8 * len(set.union(*by_role.values()))


def test_a_seed_gives_the_same_texts(texts):
    assert credit_sums.held_out(20, seed=3) == texts[:20]
    assert credit_sums.held_out(20, seed=4) != texts[:20]
