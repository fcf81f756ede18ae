"""Every edit that a search reports does what it says, by Transformers: the ids are run again, and so are their parts.

Texts are held-out ones of the demo model, their decision the predicted class.
"""

import itertools
import sys

import grpc
import numpy as np
import pytest
import torch

from oracle import tolerances
from oracle.reference import WORD
from oracle.scalar import Scalar
from support.errors import refusal_of
from support.paths import DEMO
from support.proto import pb

sys.path.insert(0, str(DEMO.parent))
from credit_text import held_out  # noqa: E402

TEXTS, SAMPLE, SEED = 200, 40, 29
WANTED_FLIPS, WANTED_EDITS = 0.9, 2
PROBABILITY, MARGIN = 1e-4, 1e-3
AT_ONCE = 8  # texts: each counts with all its passes in the server's queue
FOUND = pb.Edits.OUTCOME_FOUND
MAX_ROWS, CANDIDATES = 512, 8  # the defaults


class Case:
    """One text and a search's answer."""

    def __init__(self, text, answer):
        self.text, self.answer = text, answer
        self.tokens, self.ids = answer.prediction.tokens, answer.ids
        self.edits = answer.attributions[0].edits
        self.found = self.edits.outcome == FOUND

    def changed(self, edits):
        """The text's ids with some of the edits."""
        ids = [[token] for token in self.ids]
        for edit in edits:
            unit = edit.unit
            for t in range(unit.begin_token, unit.end_token):
                ids[t] = [] if edit.replacement_id < 0 or t > unit.begin_token else [edit.replacement_id]
        return list(itertools.chain.from_iterable(ids))

    def parts(self):
        """The text's ids with each proper part of the edits."""
        edits = list(self.edits.edits)
        sizes = range(len(edits))
        return [self.changed(part) for size in sizes for part in itertools.combinations(edits, size)]

    def one_word_less(self):
        """The ids after the edits, without one word more: for each word left."""
        gone = {edit.unit.begin_token for edit in self.edits.edits}
        words = {}
        for t, token in enumerate(self.tokens):
            if not token.is_special:
                words.setdefault(token.word, []).append(t)
        units = [pb.Unit(begin_token=tokens[0], end_token=tokens[-1] + 1) for tokens in words.values()]
        return [self.changed([*self.edits.edits, pb.Edit(unit=unit, replacement_id=-1)])
                for unit in units if unit.begin_token not in gone]


@pytest.fixture(scope="module")
def texts():
    return held_out(TEXTS, SEED)


@pytest.fixture(scope="module")
def logits(references):
    """logits(rows): Transformers' of each row of ids, [rows, C]; rows of one length run together, none is padded. The
    demo model's texts have one segment."""
    model = references("demo")[0].model

    @torch.no_grad()
    def run(rows):
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # for rows this small, more only wait for each other
        found = np.zeros((len(rows), model.config.num_labels))
        by_length = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        for _, same in itertools.groupby(by_length, key=lambda i: len(rows[i])):
            same = list(same)
            found[same] = model(torch.tensor([list(rows[i]) for i in same]))[0].numpy()
        torch.set_num_threads(threads)
        return found

    return run


@pytest.fixture(scope="module")
def search(client, texts):
    """search(method, count): the cases of the first `count` texts; `of_text` makes each text's own method."""
    def run(method, count=SAMPLE, of_text=None):
        methods = [method if of_text is None else of_text(text) for text in texts[:count]]
        requests = {str(i): pb.ExplainRequest(model="demo", input=pb.Input(text=texts[i].text), methods=[made])
                    for i, made in enumerate(methods)}
        answers = {}
        for part in range(0, count, AT_ONCE):
            some, failures, _ = client.explain_many({key: requests[key] for key in list(requests)[part:part + AT_ONCE]})
            assert not failures
            answers |= some
        return [Case(text, answers[str(i)]) for i, text in enumerate(texts[:count])]

    return run


@pytest.fixture(scope="module")
def hot_flips(search):
    return search(pb.Method(hot_flip=pb.HotFlip()), TEXTS)


@pytest.fixture(scope="module")
def counterfactuals(search):
    return search(pb.Method(counterfactual=pb.Counterfactual()))


@pytest.fixture(scope="module")
def deletions(search):
    return search(pb.Method(counterfactual=pb.Counterfactual(no_substitutions=True)))


@pytest.fixture(scope="module")
def word_flips(search):
    return search(pb.Method(hot_flip=pb.HotFlip(words_only=True)))


@pytest.fixture(scope="module")
def kept_flips(search):
    """What decides the text may not be touched."""
    def keep(text):
        spans = sorted((span.begin_byte, span.end_byte) for span in text.evidence + text.counter)
        limits = pb.EditLimits(keep=[pb.Span(begin_byte=begin, end_byte=end) for begin, end in spans])
        return pb.Method(hot_flip=pb.HotFlip(limits=limits))

    return search(None, of_text=keep)


@pytest.fixture(scope="module")
def reductions(search):
    return search(pb.Method(input_reduction=pb.InputReduction()))


@pytest.fixture(scope="module")
def flips(hot_flips, counterfactuals, deletions, word_flips, kept_flips):
    return {"hot_flip": hot_flips, "hot_flip words_only": word_flips, "hot_flip, evidence kept": kept_flips,
            "counterfactual": counterfactuals, "counterfactual no_substitutions": deletions}


def everything(flips):
    return list(itertools.chain.from_iterable(flips.values()))


def test_hot_flip_turns_nine_decisions_of_ten_with_two_substitutions(flips, reductions, tables):
    lines = [f"{'search':<34} {'texts':>6} {'found':>7} {'minimal':>8} {'median edits':>13} {'median passes':>14}"]
    for name, cases in (flips | {"input_reduction": reductions}).items():
        found = [case for case in cases if case.found]
        lines.append(f"{name:<34} {len(cases):>6} {len(found) / len(cases):>7.1%} "
                     f"{sum(case.edits.is_minimal for case in found) / len(cases):>8.1%} "
                     f"{np.median([len(case.edits.edits) for case in found]):>13g} "
                     f"{np.median([case.answer.summary.rows_forward for case in cases]):>14g}")
    tables.append((f"searches for edits, held-out texts of the demo model, at most {MAX_ROWS} passes each", lines))

    found = [case for case in flips["hot_flip"] if case.found]
    assert len(found) >= WANTED_FLIPS * TEXTS
    assert np.median([len(case.edits.edits) for case in found]) <= WANTED_EDITS


def test_transformers_says_the_same_of_the_edited_ids(flips, reductions, logits):
    cases = everything(flips) + reductions
    for case, row in zip(cases, logits([case.edits.token_ids for case in cases])):
        probabilities = torch.tensor(row).softmax(0).numpy()
        np.testing.assert_allclose(case.edits.probabilities, probabilities, atol=PROBABILITY)
        assert case.edits.class_after == row.argmax()
        before = case.edits.class_before
        assert case.edits.margin_after == pytest.approx(row[before] - row[1 - before], abs=MARGIN)
        assert before == case.answer.prediction.classes.predicted_index


def test_every_reported_flip_is_one(flips, logits):
    cases = everything(flips)
    for case, row in zip(cases, logits([case.changed(case.edits.edits) for case in cases])):
        assert case.found == (row.argmax() != case.edits.class_before)


def test_ids_and_text_are_the_input_with_the_edits(flips, reductions):
    for case in everything(flips) + reductions:
        assert list(case.edits.token_ids) == case.changed(case.edits.edits)
        assert len(case.edits.type_ids) == len(case.edits.token_ids)
        text, at, edited = case.text.text.encode(), 0, b""
        for edit in case.edits.edits:
            edited += text[at:edit.unit.begin_byte] + edit.replacement.removeprefix("##").encode()
            at = edit.unit.end_byte
        assert case.edits.text.encode() == edited + text[at:]


def test_no_proper_part_of_a_minimal_flip_is_one(flips, logits):
    several = [case for case in everything(flips) if case.edits.is_minimal and len(case.edits.edits) > 1]
    assert len(several) >= 20
    parts = [(case, part) for case in several for part in case.parts()]
    for (case, _), row in zip(parts, logits([part for _, part in parts])):
        assert row.argmax() == case.edits.class_before


def test_passes_are_within_the_budget_and_the_estimate(client, search, flips, reductions):
    small = search(pb.Method(hot_flip=pb.HotFlip(limits=pb.EditLimits(max_rows=40))))
    for cases, budget in [(cases, MAX_ROWS) for cases in (*flips.values(), reductions)] + [(small, 40)]:
        for case in cases:
            assert case.answer.attributions[0].card.rows <= budget
            # The request's first pass runs beside.
            assert case.answer.summary.rows_forward <= budget + 1
    assert any(case.edits.outcome == pb.Edits.OUTCOME_BUDGET_SPENT for case in small)
    for method in (pb.Method(hot_flip=pb.HotFlip()), pb.Method(input_reduction=pb.InputReduction())):
        case = search(method, 1)[0]
        request = pb.ExplainRequest(model="demo", input=pb.Input(text=case.text.text), methods=[method])
        estimate = client.stub.EstimateCost(pb.EstimateCostRequest(request=request), timeout=30)
        assert case.answer.summary.rows_forward <= estimate.rows_forward <= MAX_ROWS + 1


def test_what_is_kept_stays(kept_flips):
    for case in kept_flips:
        for span in case.text.evidence + case.text.counter:
            assert span.text in case.edits.text
            for edit in case.edits.edits:
                assert edit.unit.end_byte <= span.begin_byte or span.end_byte <= edit.unit.begin_byte


def test_words_only_puts_words_in_place_of_words(word_flips, search):
    only_words = search(pb.Method(counterfactual=pb.Counterfactual(words_only=True, no_deletions=True)))
    for case in word_flips + only_words:
        for edit in case.edits.edits:
            assert edit.replacement.isalpha()
            assert not any(case.tokens[t].text.startswith("##")
                           for t in (edit.unit.begin_token, edit.unit.begin_token + 1))


def test_pieces_come_in_place_of_pieces_and_nothing_special_anywhere(hot_flips):
    for case in hot_flips:
        for edit in case.edits.edits:
            old = case.tokens[edit.unit.begin_token]
            assert not old.is_special
            assert edit.replacement.startswith("##") == old.text.startswith("##")
            assert not edit.replacement.startswith("[")


def test_reductions_keep_the_decision_and_need_every_word_left(reductions, logits):
    assert all(case.found and case.edits.is_minimal for case in reductions)
    for case, row in zip(reductions, logits([case.changed(case.edits.edits) for case in reductions])):
        assert row.argmax() == case.edits.class_before
    less = [(case, ids) for case in reductions for ids in case.one_word_less()]
    assert len(less) >= SAMPLE / 2
    for (case, _), row in zip(less, logits([ids for _, ids in less])):
        assert row.argmax() != case.edits.class_before


def test_ids_are_searched_like_their_text(client, hot_flips):
    case = next(case for case in hot_flips if case.found)
    ids = pb.Input(token_ids=pb.TokenIds(ids=case.ids))
    answer = client.explain(pb.ExplainRequest(model="demo", input=ids, methods=[pb.Method(hot_flip=pb.HotFlip())]))
    edits = answer.attributions[0].edits
    assert list(edits.token_ids) == list(case.edits.token_ids)
    assert edits.text == "" and case.edits.text != ""


def test_each_text_of_a_pair_is_edited_in_its_place(client, texts):
    first, second = texts[0].text, texts[1].text
    for kept, length in ((0, len(first.encode())), (1, len(second.encode()))):
        limits = pb.EditLimits(keep=[pb.Span(end_byte=length, sequence=kept)], max_edits=1)
        answer = client.explain(pb.ExplainRequest(model="demo", input=pb.Input(text=first, text_pair=second),
                                                  methods=[pb.Method(hot_flip=pb.HotFlip(limits=limits))]))
        edits = answer.attributions[0].edits
        assert [edit.unit.sequence for edit in edits.edits] == [1 - kept]
        assert (edits.text == first, edits.text_pair == second) == (kept == 0, kept == 1)
        unit, word = edits.edits[0].unit, edits.edits[0].replacement.removeprefix("##")
        before = (first, second)[1 - kept].encode()
        changed = before[:unit.begin_byte] + word.encode() + before[unit.end_byte:]
        assert (edits.text, edits.text_pair)[1 - kept].encode() == changed


def best_estimates(run, words, tokens, spelled):
    """Autograd's first-order estimates of whole words in place of whole words [T, V], the best 8 of each token; others
    are infinite."""
    gradient, x = run.gradients[WORD], run.inputs[WORD]
    estimates = gradient @ words.T - (gradient * x).sum(-1, keepdims=True)
    is_piece = [token.text.startswith("##") for token in tokens] + [False]
    stands_alone = [not (token.is_special or is_piece[t] or is_piece[t + 1]) for t, token in enumerate(tokens)]
    estimates[:, [not word.isalpha() for word in spelled]] = np.inf
    estimates[~np.array(stands_alone)] = np.inf
    estimates[np.arange(len(tokens)), [token.id for token in tokens]] = np.inf
    estimates[estimates.argsort(1).argsort(1) >= CANDIDATES] = np.inf
    return estimates


def test_tries_what_autograd_estimates_as_best_and_scores_what_it_lost(client, references, hot_flips):
    """With passes for the best guesses alone, the scores are what these lose, and no other token has one."""
    fp32, fp64 = references("demo")
    # The least certain decision has gradients that are not lost in rounding.
    case = min(hot_flips, key=lambda case: case.edits.margin_before)
    text, tokens = pb.Input(text=case.text.text), case.tokens
    ids, types = [token.id for token in tokens], [0] * len(tokens)
    scalar = Scalar(fp32, ids, types, pb.Target(contrast=pb.Contrast()))
    words = fp64.bert.embeddings.word_embeddings.weight.numpy()
    estimates = best_estimates(fp64.run(ids, types, scalar.target), words, tokens,
                               [scalar.tokenizer.id_to_token(v) for v in range(len(words))])

    best = estimates.ravel().argsort(kind="stable")
    # As many as can be told apart: the next one is worse by more than the estimates' own rounding.
    gaps = np.diff(estimates.ravel()[best[:64]])
    count = int(40 + gaps[39:].argmax())
    assert gaps[count - 1] > 1e-5 * np.abs(estimates[np.isfinite(estimates)]).max()
    places, replacements = np.unravel_index(best[:count], estimates.shape)
    assert 3 < len(set(places)) < len(tokens) / 2
    rows = torch.tensor(ids).repeat(count, 1)
    rows[torch.arange(count), torch.tensor(places)] = torch.tensor(replacements)
    lost = (scalar.values(torch.tensor([ids])) - scalar.values(rows)).numpy()
    expected = np.zeros(len(ids))
    for token in set(places):
        expected[token] = lost[places == token].max()

    limits = pb.EditLimits(max_edits=1, max_rows=1 + count)
    method = pb.Method(hot_flip=pb.HotFlip(limits=limits, candidates=CANDIDATES, words_only=True))
    answer = client.explain(pb.ExplainRequest(model="demo", input=text, methods=[method]))
    np.testing.assert_allclose(answer.scores(), expected, atol=tolerances.LOGITS * np.abs(lost).max())


@pytest.mark.parametrize("method", ["hot_flip", "input_reduction", "counterfactual"])
def test_a_model_without_a_decision_is_refused(client, method):
    request = pb.ExplainRequest(model="minilm", input=pb.Input(text="Income is steady."), methods=[pb.Method()])
    getattr(request.methods[0], method).SetInParent()
    with pytest.raises(grpc.RpcError) as caught:
        client.explain(request)
    refusal = refusal_of(caught.value)
    assert refusal.code == grpc.StatusCode.INVALID_ARGUMENT
    assert refusal.text.startswith("model: gives embeddings") and f"methods[0].{method}" in refusal.text
