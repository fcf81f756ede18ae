"""LIME and sampled KernelSHAP: against their references on the very coalitions that the server drew, and against the exact
Shapley values within their sampling error."""

import numpy as np
import pytest

from oracle import coalitions, drawn, tolerances
from oracle.scalar import Scalar
from oracle.texts import PROSE
from support.proto import pb

MODELS = ("demo", "minilm", "two-classes")
# Of 9 and 17 words.
TEXTS = PROSE[2:4]
SAMPLES, SEED = 120, 11


def lime(seed=SEED, **options):
    return pb.Method(lime=pb.Lime(unit=pb.GRANULARITY_WORD, replacement=pb.REPLACEMENT_MASK, samples=SAMPLES, seed=seed,
                                  **options))


def kernel_shap(samples=SAMPLES, seed=SEED):
    return pb.Method(kernel_shap=pb.KernelShap(unit=pb.GRANULARITY_WORD, replacement=pb.REPLACEMENT_MASK, samples=samples,
                                               seed=seed))


def request(model, text, *methods):
    return pb.ExplainRequest(model=model, input=pb.Input(text=text), methods=methods)


def by_words(answer, index, units):
    return [sum(answer.scores(index)[i] for i in unit) for unit in units]


def games(references, encode, model, text):
    """In fp32 and fp64."""
    scalars = [Scalar(reference, *encode(model, text)) for reference in references(model)]
    return [coalitions.Game(scalar, coalitions.word_units(scalar)) for scalar in scalars]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:16])
@pytest.mark.parametrize("model", MODELS)
def test_on_the_same_coalitions_as_the_reference(client, references, encode, agreement, model, text):
    pair = games(references, encode, model, text)
    units = len(pair[0])
    near, far = drawn.lime_masks(units, SAMPLES, SEED), drawn.shapley_masks(units, SAMPLES, SEED)
    solvers = {"lime": lambda game: coalitions.lime(game, near),
               "lime width 0.5 ridge 0.01": lambda game: coalitions.lime(game, near, width=0.5, ridge=0.01),
               "kernel_shap": lambda game: coalitions.kernel_shap(game, far)}
    answer = client.explain(request(model, text, lime(), lime(kernel_width=0.5, ridge=0.01), kernel_shap()))

    wrong = []
    for index, (name, solve) in enumerate(solvers.items()):
        single, double = (solve(game) for game in pair)
        scale = max(np.abs(double).max(), abs(coalitions.ends(pair[1])[1]))
        floor = np.abs(single - double).max() / scale
        wrong.append(agreement.check(model, f"{name}, {SAMPLES} samples", by_words(answer, index, pair[0].units), single,
                                     tolerances.text_method(floor), scale, floor))
    assert not any(wrong), wrong


@pytest.mark.parametrize("model", MODELS)
def test_kernel_shap_is_complete_and_within_its_sampling_error(client, references, encode, model):
    text, (game, _) = TEXTS[0], games(references, encode, model, TEXTS[0])
    exact = coalitions.kernel_shap(game)
    nothing, everything = coalitions.ends(game)
    seeds, samples = range(1, 17), 200
    answer = client.explain(request(model, text, *(kernel_shap(samples, seed) for seed in seeds)))
    scores = np.array([by_words(answer, index, game.units) for index in range(len(seeds))])

    np.testing.assert_allclose(scores.sum(1), everything - nothing, atol=2e-5 * max(abs(everything), abs(nothing)))
    for attribution in answer.attributions:
        assert attribution.card.form == "sampled"
        assert attribution.card.completeness.error < 1e-4
    # The mean of 16 runs, within five of its standard errors.
    error = scores.std(0, ddof=1) / np.sqrt(len(seeds))
    assert (np.abs(scores.mean(0) - exact) < 5 * error + 1e-5 * np.abs(exact).max()).all()


def test_the_same_seed_gives_the_same_alone_and_beside_others(client):
    requests = {f"{text[:8]} {seed}": request("minilm", text, lime(seed), kernel_shap(seed=seed))
                for text in TEXTS for seed in (1, 2)}
    alone = {name: client.explain(asked) for name, asked in requests.items()}

    beside, failures, _ = client.explain_many(requests)

    assert not failures
    for name, want in alone.items():
        for index in (0, 1):
            largest = np.abs(want.scores(index)).max()
            np.testing.assert_allclose(beside[name].scores(index), want.scores(index), atol=1e-4 * largest)
    for text in TEXTS:
        for index in (0, 1):
            first, second = (alone[f"{text[:8]} {seed}"].scores(index) for seed in (1, 2))
            assert np.abs(np.subtract(first, second)).max() > 1e-3 * np.abs(first).max()


def test_a_part_of_the_tree_is_complete_and_more_of_it_is_nearer(client, references, encode):
    text, (game, _) = TEXTS[0], games(references, encode, "demo", TEXTS[0])
    want = coalitions.partition_shap(game, coalitions.balanced_tree(0, len(game)))
    nothing, everything = coalitions.ends(game)
    budgets = (1, 11, 29, 8192)
    answer = client.explain(request("demo", text, *(
        pb.Method(partition_shap=pb.PartitionShap(unit=pb.GRANULARITY_WORD, max_evaluations=budget)) for budget in budgets)))

    errors = []
    for index, budget in enumerate(budgets):
        scores = by_words(answer, index, game.units)
        assert answer.attributions[index].card.rows <= budget
        np.testing.assert_allclose(sum(scores), everything - nothing, atol=2e-5 * max(abs(everything), abs(nothing)))
        errors.append(np.abs(scores - want).sum())
    assert errors[0] > errors[2] > errors[3]
    assert errors[3] < 1e-4 * np.abs(want).sum()
    assert [attribution.card.form for attribution in answer.attributions] == ["part of the tree"] * 3 + ["whole tree"]
