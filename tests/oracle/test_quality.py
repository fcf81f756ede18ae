"""The quality block's numbers agree with their definitions, computed again from the scores of the same answer; and they
say of a wrong explanation that it is one."""

import functools

import numpy as np
import pytest
import torch

from oracle import coalitions, quality
from oracle.reference import WORD
from oracle.scalar import Scalar
from oracle.test_planted_evidence import held_out, rank, within
from oracle.texts import PROSE
from support.proto import pb

Q = pb.Quality
REPLACEMENTS = {"mask": pb.REPLACEMENT_MASK, "attention": pb.REPLACEMENT_ATTENTION, "delete": pb.REPLACEMENT_DELETE}
# The reference runs texts of unequal length one by one, and MiniLM is the largest.
CASES = [("minilm", "mask"), *((model, name) for model in ("demo", "two-classes") for name in REPLACEMENTS)]
METRICS = {Q.METRIC_COMPREHENSIVENESS: quality.comprehensiveness, Q.METRIC_SUFFICIENCY: quality.sufficiency,
           Q.METRIC_DELETION: quality.deletion, Q.METRIC_INSERTION: quality.insertion,
           Q.METRIC_LOG_ODDS: quality.log_odds}
CURVES = {Q.METRIC_DELETION: quality.deletion_curve, Q.METRIC_INSERTION: quality.insertion_curve}
LOWER_IS_BETTER = {Q.METRIC_SUFFICIENCY, Q.METRIC_LOG_ODDS, Q.METRIC_INFIDELITY}
GRADIENT_X_INPUT, OCCLUSION = pb.Method(gradient_x_input={}), pb.Method(occlusion={})
# Differences of values of F or p, which are right to 1e-5 of F; log p magnifies by 1 / p.
ALLOWED = 3e-5
TEXTS = sorted(PROSE, key=len)[2:4]
SEED, ORDERS, SAMPLES = 11, 2, 12
TEXTS_OF_DEMO = 60


def measure(client, model, text, methods=(GRADIENT_X_INPUT,), target=None, **options):
    return client.explain(pb.ExplainRequest(
        model=model, input=pb.Input(text=text), methods=methods, target=target, granularity=pb.GRANULARITY_WORD,
        quality=Q(**options)))


def words_of(answer, index=0):
    """([token indices] and the score of each word that is not special)."""
    pairs = zip(answer.attributions[index].units, answer.scores(index), strict=True)
    kept = [(list(range(unit.begin_token, unit.end_token)), score) for unit, score in pairs if not unit.is_special]
    return [unit for unit, _ in kept], [score for _, score in kept]


@pytest.mark.parametrize("model, replacement", CASES)
def test_metrics_are_what_their_definitions_say(client, references, encode, agreement, model, replacement):
    names = [metric for metric in METRICS if metric != Q.METRIC_LOG_ODDS or references(model)[0].is_classifier]
    wrong = []
    for text in TEXTS if model != "minilm" else TEXTS[:1]:
        answer = measure(client, model, text, replacement=REPLACEMENTS[replacement], random_orders=ORDERS, seed=SEED,
                         samples=SAMPLES, metrics=[*names, Q.METRIC_INFIDELITY, Q.METRIC_COMPLETENESS])
        values = answer.quality()
        assert answer.reports[0].replacement == REPLACEMENTS[replacement]
        scalar = Scalar(references(model)[1], *encode(model, text))
        units, scores = words_of(answer)
        game = coalitions.Game(scalar, units, replacement)
        chances = coalitions.Game(scalar.probability(), units, replacement)
        orders = list(quality.random_orders(len(units), ORDERS, SEED))
        check = functools.partial(check_value, agreement, model, replacement, wrong)

        for metric in names:
            measured = functools.partial(METRICS[metric], chances)
            size = max(1.0, abs(measured(scores)), *abs(coalitions.ends(chances)))
            check(values[metric], measured(scores), size, [measured(quality.scores_of(order)) for order in orders])
        for metric, curve in CURVES.items():
            np.testing.assert_allclose(values[metric].curve, curve(chances, scores), rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(values[metric].shares, np.arange(1, len(units) + 1) / len(units), rtol=1e-6)

        nothing, everything = coalitions.ends(game)
        magnified = max(1.0, abs(everything)) / abs(everything - nothing)
        want = quality.completeness(game, scores)
        check(values[Q.METRIC_COMPLETENESS], want, (1 + want) * magnified, None)
        kept = quality.kept_at_random(len(units), SAMPLES, SEED)
        measured = functools.partial(quality.infidelity, game, kept=kept)
        losses = everything - game(kept)
        check(values[Q.METRIC_INFIDELITY], measured(scores), max(1.0, abs(everything) / np.sqrt((losses ** 2).mean())),
              [measured(quality.dealt(scores, order)) for order in orders])
    assert not wrong, "\n".join(wrong)


def check_value(agreement, model, replacement, wrong, got, want, size, random):
    """Value, mean of the random orders, and whether it beats them all."""
    name = f"quality {Q.Metric.Name(got.metric)[7:].lower()} {replacement}"
    wrong += filter(None, [agreement.check(model, name, got.value, want, ALLOWED, size)])
    assert got.HasField("random_value") == (random is not None)
    if random is None:
        return
    wrong += filter(None, [agreement.check(model, f"{name}, random", got.random_value, np.mean(random), ALLOWED,
                                           max(size, *np.abs(random)))])
    margins = (want - np.array(random)) * (-1 if got.metric in LOWER_IS_BETTER else 1)
    if abs(margins.min()) > 10 * ALLOWED * size:
        assert got.beats_random == (margins.min() > 0), name


@pytest.mark.parametrize("text", ["Income is steady.", "Declined: late."])
def test_normalized_deletion_lies_within_the_bounds_of_all_orders(client, references, encode, text):
    answer = measure(client, "demo", text, metrics=[Q.METRIC_DELETION, Q.METRIC_NORMALIZED_DELETION],
                     replacement=pb.REPLACEMENT_MASK, beam_width=32)
    units, scores = words_of(answer)
    game = coalitions.Game(Scalar(references("demo")[1], *encode("demo", text)).probability(), units)

    # A beam may miss the widest bounds, so that it can only push the value away from the middle.
    low, high = quality.deletion_bounds(game)
    assert low - 1e-5 <= answer.quality()[Q.METRIC_DELETION].value <= high + 1e-5
    got = answer.quality()[Q.METRIC_NORMALIZED_DELETION].value
    assert abs(got - quality.normalized_deletion(game, scores)) < 0.05


def test_soft_metrics_agree_within_their_sampling_error(client, references, encode):
    samples, target = 32, pb.Target(similarity=pb.Similarity(text="The cat is sweet."))
    answer = measure(client, "minilm", TEXTS[0], target=target, samples=samples, seed=SEED,
                     metrics=[Q.METRIC_SOFT_COMPREHENSIVENESS, Q.METRIC_SOFT_SUFFICIENCY])
    units, scores = words_of(answer)
    other, _ = encode("minilm", target.similarity.text)
    scalar = Scalar(references("minilm")[0], *encode("minilm", TEXTS[0]), target, other)
    tokens = torch.zeros(len(scalar.ids))
    for unit, score in zip(units, scores):
        tokens[unit] = float(score)
    size = (len(tokens), scalar.at(WORD).shape[1])
    draws = [torch.rand(samples // 4, *size, generator=torch.manual_seed(part)) for part in range(8)]
    parts = np.array([quality.soft_scores(scalar, tokens, part) for part in draws])  # [8, 2]

    # A part has a quarter of the samples; the server's mean has the error of all, the mean of the parts that of twice as many.
    error = parts.std(0, ddof=1) * np.sqrt(1 / 4 + 1 / 8)
    got = [value.value for value in answer.reports[0].values]
    assert (np.abs(got - parts.mean(0)) <= 5 * error + 1e-4).all(), (got, parts.mean(0), error)


@pytest.mark.parametrize("model", ("demo", "minilm"))
def test_max_sensitivity_agrees_within_its_sampling_error(client, references, encode, model):
    """The largest of some draws is about the same for other draws: each sums noise over hundreds of elements."""
    def explain(x):
        return (x * scalar.gradients(WORD, x[None])[0]).sum(-1)

    answer = measure(client, model, TEXTS[0], metrics=[Q.METRIC_MAX_SENSITIVITY], samples=8, radius=0.02)
    scalar = Scalar(references(model)[1], *encode(model, TEXTS[0]))
    x = scalar.at(WORD)
    noise = 0.02 * (2 * torch.rand(8, *x.shape, dtype=x.dtype, generator=torch.manual_seed(4)) - 1)
    want = quality.max_sensitivity(explain, x, noise)

    assert 0.5 * want < answer.quality()[Q.METRIC_MAX_SENSITIVITY].value < 2 * want
    assert answer.summary.rows_backward == 1 + 8


def test_reports_are_told_what_they_cost_and_share_their_rows(client):
    text = PROSE[1]
    all_three = [Q.METRIC_COMPREHENSIVENESS, Q.METRIC_DELETION, Q.METRIC_LOG_ODDS]
    rows = {len(metrics): measure(client, "demo", text, metrics=metrics).reports[0].rows
            for metrics in (all_three[1:2], all_three)}
    assert rows[3] == rows[1], "the other two cut the same curve"

    answer = measure(client, "demo", text, [GRADIENT_X_INPUT, OCCLUSION])
    words = len(words_of(answer)[0])
    first, second = (answer.reports[index].rows for index in (0, 1))
    assert 1 <= first <= 4 * 5 + 1
    assert second <= 2 * 5, "the random orders and the text without words have run"
    spent = 1 + answer.attributions[1].card.rows + first + second
    assert spent - words <= answer.summary.rows_forward <= spent, "occlusion's rows of one-token words are shared too"


def test_the_estimate_covers_what_is_spent(client):
    request = pb.ExplainRequest(model="demo", input=pb.Input(text=PROSE[1]), methods=[GRADIENT_X_INPUT], quality=Q())
    estimate = client.stub.EstimateCost(pb.EstimateCostRequest(request=request))
    spent = client.explain(request).summary
    assert spent.rows_forward <= estimate.rows_forward <= 1.5 * spent.rows_forward


def test_the_same_request_is_measured_the_same(client):
    metrics = [metric for metric in Q.Metric.values() if metric not in (0, Q.METRIC_NORMALIZED_DELETION)]
    first, second = (measure(client, "demo", TEXTS[0], metrics=metrics, seed=3) for _ in range(2))
    for metric, value in first.quality().items():
        np.testing.assert_allclose(second.quality()[metric].value, value.value, rtol=1e-4, atol=1e-5)
    assert [value.metric for value in first.reports[0].values] == metrics, "in the order asked"


def test_a_wrong_explanation_is_called_worse(client, tables):
    """The planted evidence: methods that find it, and one that looks where the model does not: in the last layer only the
    first token's row of attention reaches the decision, so that another's scores are all 0. Every metric puts the methods
    in the order that the truth does."""
    methods = {"occlusion": OCCLUSION, "gradient_x_input": GRADIENT_X_INPUT, "rollout": pb.Method(attention_rollout={}),
               "blind": pb.Method(gradient_x_attention=pb.GradientXAttention(query_token=1))}
    metrics = [*METRICS, Q.METRIC_INFIDELITY]
    texts = held_out(TEXTS_OF_DEMO, 7)
    answers = [measure(client, "demo", text.text, methods.values(), metrics=metrics) for text in texts]
    mean, random, beaten = ({name: {} for name in methods} for _ in range(3))
    lines = [f"{'metric':<20} {'method':<18} {'mean':>8} {'random':>8} {'beats it':>9}"]
    for metric in metrics:
        for index, name in enumerate(methods):
            found = [answer.quality(index)[metric] for answer in answers]
            mean[name][metric] = np.mean([value.value for value in found])
            random[name][metric] = np.mean([value.random_value for value in found])
            beaten[name][metric] = np.mean([value.beats_random for value in found])
            lines.append(f"{Q.Metric.Name(metric)[7:].lower():<20} {name:<18} {mean[name][metric]:>8.3f} "
                         f"{random[name][metric]:>8.3f} {beaten[name][metric]:>9.0%}")
    precision = {name: np.mean([precision_of(answer, index, text) for answer, text in zip(answers, texts)])
                 for index, name in enumerate(methods)}
    lines += [f"{'average precision':<20} {name:<18} {value:>8.3f}" for name, value in precision.items()]
    tables.append((f"quality of explanations of {TEXTS_OF_DEMO} held-out texts of the demo model", lines))

    by_truth = sorted(methods, key=precision.get, reverse=True)
    assert by_truth[-1] == "blind"
    for metric in metrics:
        by_metric = sorted(methods, key=lambda name: mean[name][metric], reverse=metric not in LOWER_IS_BETTER)
        assert by_metric == by_truth, "\n".join(lines)
        assert beaten[by_truth[0]][metric] > 0.9 and beaten["blind"][metric] < 0.6, "\n".join(lines)


def precision_of(answer, index, text):
    """Of the ranking, the words of the planted evidence being the right ones."""
    attribution = answer.attributions[index]
    kept = [i for i, unit in enumerate(attribution.units) if not unit.is_special]
    is_evidence = np.array([within(attribution.units[i], text.evidence) for i in kept])
    return rank(answer.scores(index)[kept], is_evidence)[1]


def test_the_same_scores_turned_round_are_called_worse(client, references, encode):
    right, wrong = ({metric: [] for metric in METRICS} for _ in range(2))
    for text in held_out(6, SEED):
        answer = measure(client, "demo", text.text, [OCCLUSION], metrics=METRICS)
        units, scores = words_of(answer)
        scalar = Scalar(references("demo")[0], *encode("demo", text.text))
        chances = coalitions.Game(scalar.probability(), units)
        for metric, of in METRICS.items():
            right[metric].append(answer.quality()[metric].value)
            wrong[metric].append(of(chances, -np.array(scores)))
    for metric in METRICS:
        better = np.mean(right[metric]) - np.mean(wrong[metric])
        assert better * (-1 if metric in LOWER_IS_BETTER else 1) > 0.1, Q.Metric.Name(metric)


# Each needs a certain kind of model, target or build, or a short text.
CONDITIONAL = {"lrp", "value_zeroing", "attention_flow", "token_interactions", "hot_flip", "input_reduction", "counterfactual"}


@pytest.mark.parametrize("name", sorted({field.name for field in pb.Method.DESCRIPTOR.fields} - CONDITIONAL))
def test_every_method_is_measured_by_every_metric(client, name):
    metrics = [metric for metric in Q.Metric.values() if metric]
    method = pb.Method()
    getattr(method, name).SetInParent()
    answer = measure(client, "demo", "Income is steady.", [method], metrics=metrics, samples=2, beam_width=1)
    if answer.attributions[0].HasField("heads"):
        assert not answer.reports
        return
    # It adds noise itself.
    unknown = {Q.METRIC_MAX_SENSITIVITY} if name == "smooth_grad" else set()
    assert [value.metric for value in answer.reports[0].values] == [m for m in metrics if m not in unknown]
