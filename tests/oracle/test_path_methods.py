"""Integrated gradients of inputs and layers, and SmoothGrad: what their certificates and samples are worth."""

import numpy as np
import pytest
import torch

from oracle import path_integrals, tolerances
from oracle.methods import ATTACH
from oracle.path_integrals import completeness_error, gauss_legendre
from oracle.reference import OUTPUT, WORD
from oracle.scalar import Layer, Scalar
from oracle.texts import PROSE
from support.proto import pb

MODELS = ("demo", "minilm", "two-classes")
TEXTS = sorted(PROSE, key=len)[:4]
TEXT = TEXTS[3]
# Enough for 1e-5 and better in fp64, from every baseline.
NODES = gauss_legendre(96)
PAD = pb.Baseline(token=pb.BASELINE_TOKEN_PAD)
GAUSS = pb.IntegratedGradients.QUADRATURE_GAUSS_LEGENDRE
FORMS = {"mean": pb.SmoothGrad.FORM_MEAN, "squared": pb.SmoothGrad.FORM_SQUARED,
         "variance": pb.SmoothGrad.FORM_VARIANCE}


def integrated(**options):
    return pb.Method(integrated_gradients=pb.IntegratedGradients(**options))


def layered(**options):
    return pb.Method(layer_integrated_gradients=pb.LayerIntegratedGradients(**options))


def smooth(**options):
    return pb.Method(smooth_grad=pb.SmoothGrad(**options))


def ask(model, text, *methods, **options):
    return pb.ExplainRequest(model=model, methods=methods, input=pb.Input(
        text=text, truncation=pb.TRUNCATION_LONGEST_FIRST), **options)


@pytest.fixture
def scalar_of(references, encode):
    """scalar_of(model, text): F in fp64."""
    return lambda model, text: Scalar(references(model)[1], *encode(model, text))


def relative_error(got, want):
    return np.abs(got - want).sum() / np.abs(want).sum()


# ---------------------------------------------------------------- certificates

@pytest.mark.parametrize("attach, kind, token", [("word", "pad", pb.BASELINE_TOKEN_PAD),
                                                 ("word", "mask", pb.BASELINE_TOKEN_MASK),
                                                 ("output", "zero", pb.BASELINE_TOKEN_ZERO)])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_certified_is_true(client, scalar_of, tables, model, attach, kind, token):
    """Both errors are within the tolerance, and so is the distance to many nodes in fp64."""
    place, tolerances_asked = ATTACH[attach], (1e-2, 1e-3)
    rows, errors = {one: [] for one in tolerances_asked}, {one: [] for one in tolerances_asked}
    for text in TEXTS:
        scalar = scalar_of(model, text)
        start = path_integrals.baseline(scalar, kind, place)
        want = path_integrals.integrated_gradients(scalar, start, NODES, place).numpy()
        difference = path_integrals.difference(scalar, start, place)
        answer = client.explain(ask(model, text, *(integrated(
            attach_point=place, baselines=[pb.Baseline(token=token)], tolerance=one, steps=512)
            for one in tolerances_asked)))
        for index, tolerance in enumerate(tolerances_asked):
            card, got = answer.attributions[index].card, answer.scores(index)
            completeness = card.completeness
            assert completeness.is_certified
            assert max(completeness.error, completeness.refinement_error) <= tolerance * (1 + 1e-6)
            # F itself is known to fp32, and no difference is taken for less than a thousandth of it.
            largest = max(abs(completeness.value), abs(completeness.baseline_value))
            size, rounding = max(abs(difference), 1e-3 * largest), tolerances.TARGET_VALUE * largest
            assert abs(completeness.value - completeness.baseline_value - difference) <= rounding
            assert abs(completeness.error - abs(got.sum() - difference) / size) <= 1e-6 + rounding / size
            errors[tolerance].append(relative_error(got, want) / tolerance)
            rows[tolerance].append(card.rows)
    lines = [f"{one:.0e}: {np.mean(rows[one]):5.1f} rows, true error at most {max(errors[one]):.2f} of that"
             for one in tolerances_asked]
    tables.append((f"certified integrated gradients: {model}, {attach}, {kind}", lines))
    assert max(max(errors[one]) for one in tolerances_asked) <= 1, lines


def test_too_few_nodes_are_not_certified(client, scalar_of):
    text = TEXTS[-1]
    scalar = scalar_of("minilm", text)
    start = path_integrals.baseline(scalar, "pad")

    answer = client.explain(ask("minilm", text, integrated(baselines=[PAD], steps=8)))

    card = answer.attributions[0].card
    assert card.rows == 8 and card.samples == 9
    assert not card.completeness.is_certified
    assert card.completeness.error == pytest.approx(
        completeness_error(torch.tensor(answer.scores(0)), path_integrals.difference(scalar, start)), rel=1e-3)


def test_gauss_legendre_reports_its_error(client, scalar_of):
    scalar = scalar_of("minilm", TEXT)
    start = path_integrals.baseline(scalar, "pad")

    answer = client.explain(ask("minilm", TEXT, integrated(baselines=[PAD], quadrature=GAUSS, steps=6)))

    want = completeness_error(path_integrals.integrated_gradients(scalar, start, gauss_legendre(6)),
                              path_integrals.difference(scalar, start))
    assert want > 1e-3
    assert answer.attributions[0].card.completeness.error == pytest.approx(want, rel=1e-2)


def test_refinements_come_nearer_until_the_last(client, scalar_of):
    scalar = scalar_of("minilm", TEXT)
    want = path_integrals.integrated_gradients(
        scalar, path_integrals.baseline(scalar, "pad"), NODES).numpy()

    answer = client.explain(ask("minilm", TEXT, integrated(baselines=[PAD], tolerance=1e-4, send_refinements=True)))

    errors = [relative_error(np.array(part.scores), want) for part in answer.refinements]
    errors.append(relative_error(answer.scores(0), want))
    assert len(errors) >= 4
    assert errors[-1] < 1e-4
    assert all(later < 2 * earlier for earlier, later in zip(errors, errors[1:])), errors
    assert all(not part.card.completeness.is_certified for part in answer.refinements)


# ---------------------------------------------------------------- baselines

def test_several_baselines_are_the_mean_of_single_ones(client):
    baselines = [PAD, pb.Baseline(token=pb.BASELINE_TOKEN_MASK), pb.Baseline(text="A quite different sentence.")]
    for quadrature in (GAUSS, pb.IntegratedGradients.QUADRATURE_CLENSHAW_CURTIS):
        options = dict(quadrature=quadrature, steps=32, tolerance=1e-6)
        methods = [integrated(baselines=given, **options) for given in (baselines, *([one] for one in baselines))]
        answer = client.explain(ask("minilm", TEXT, *methods))
        alone = np.mean([answer.scores(i) for i in (1, 2, 3)], 0)

        np.testing.assert_allclose(answer.scores(0), alone, atol=1e-5 * np.abs(alone).max())
        worst = max(answer.attributions[i].card.completeness.error for i in (1, 2, 3))
        assert answer.attributions[0].card.completeness.error == pytest.approx(worst, rel=1e-2)
        assert answer.attributions[0].card.baseline == "PAD, MASK, TEXT"


@pytest.mark.parametrize("attach", ATTACH)
def test_a_text_stands_in_token_by_token(client, scalar_of, encode, attach):
    other = "the rain"
    scalar, place = scalar_of("minilm", TEXT), ATTACH[attach]
    ids = list(encode("minilm", TEXT)[0])
    words = encode("minilm", other)[0][1:-1]
    ids[1:-1] = (words + [scalar.token("pad")] * len(ids))[:len(ids) - 2]
    want = path_integrals.integrated_gradients(
        scalar, path_integrals.baseline(scalar, ids, place), gauss_legendre(32), place).numpy()

    options = dict(attach_point=place, quadrature=GAUSS, steps=32)
    answer = client.explain(ask("minilm", TEXT, integrated(baselines=[pb.Baseline(text=other)], **options),
                                integrated(baselines=[pb.Baseline(token_ids=pb.TokenIds(ids=ids))], **options)))

    np.testing.assert_allclose(answer.scores(0), want, atol=tolerances.TEXT_METHOD_WORST * np.abs(want).max())
    np.testing.assert_allclose(answer.scores(0), answer.scores(1), atol=1e-6 * np.abs(want).max())


# ---------------------------------------------------------------- axioms

def test_a_token_that_is_its_own_baseline_gets_nothing(client, encode):
    ids = list(encode("minilm", TEXT)[0])
    base = [pb.Baseline(token_ids=pb.TokenIds(ids=[*ids[:3], *[ids[1]] * (len(ids) - 3)]))]

    answer = client.explain(ask("minilm", TEXT, integrated(baselines=base), integrated(baselines=base, quadrature=GAUSS)))

    for scores in (answer.scores(0), answer.scores(1)):
        assert not scores[:3].any() and not scores[-1]
        assert np.abs(scores[3:-1]).min() > 0


@pytest.mark.parametrize("method", [integrated(quadrature=GAUSS, steps=24), integrated(steps=16, tolerance=1e-6),
                                    layered(steps=16, tolerance=1e-6)])
def test_a_contrast_is_the_difference_of_its_classes(client, method):
    first, second = (pb.Class(index=i) for i in (0, 1))
    targets = [pb.Target(contrast=pb.Contrast(target=first, foil=second)),
               *(pb.Target(**{"class": one}) for one in (first, second))]

    of_contrast, of_first, of_second = (
        client.explain(ask("two-classes", TEXT, method, target=target)).scores(0) for target in targets)

    scale = max(np.abs(of_first).max(), np.abs(of_second).max())
    np.testing.assert_allclose(of_contrast, of_first - of_second, atol=1e-5 * scale)


# ---------------------------------------------------------------- layers

@pytest.mark.parametrize("model", MODELS)
def test_layer_integrated_gradients_agree_with_their_reference(client, scalar_of, model):
    last = client.model(model).num_layers
    layers = (0, last // 2, last)
    for text in TEXTS[:2]:
        scalar = scalar_of(model, text)
        ids = torch.where(scalar.special, scalar.ids, scalar.token("pad")).tolist()
        answer = client.explain(ask(model, text, *(layered(layer=layer, baseline=PAD, tolerance=1e-3, steps=512)
                                                   for layer in layers)))
        for index, layer in enumerate(layers):
            want = path_integrals.layer_integrated_gradients(scalar, layer, ids, NODES).numpy()
            card = answer.attributions[index].card
            assert card.layer == layer and card.completeness.is_certified
            assert relative_error(answer.scores(index), want) < 1e-3, (text, layer)


def test_the_first_layer_reads_what_the_embeddings_give(client):
    """Both paths are the same, so the scores are."""
    answer = client.explain(ask("minilm", TEXT, layered(layer=0, baseline=PAD),
                                integrated(attach_point=OUTPUT, baselines=[PAD])))

    want = answer.scores(1)
    np.testing.assert_allclose(answer.scores(0), want, atol=1e-5 * np.abs(want).max())
    assert answer.attributions[0].card.samples == answer.attributions[1].card.samples


def test_a_layers_baseline_may_be_no_token(client, scalar_of):
    """The hidden states of a run whose word embeddings are zero."""
    scalar, layer = scalar_of("minilm", TEXT), Layer(3)
    zero = scalar.at(WORD) * scalar.special[:, None]
    start = scalar.at(layer, word=zero)
    want = path_integrals.integrated_gradients(scalar, start, NODES, layer).numpy()

    answer = client.explain(ask("minilm", TEXT, layered(
        layer=3, baseline=pb.Baseline(token=pb.BASELINE_TOKEN_ZERO), tolerance=1e-4)))

    assert relative_error(answer.scores(0), want) < 1e-4


# ---------------------------------------------------------------- SmoothGrad

@pytest.mark.parametrize("attach", ATTACH)
def test_without_noise_to_speak_of_it_is_the_gradient(client, attach):
    options = dict(attach_point=ATTACH[attach], noise_level=1e-6, samples=20)
    answer = client.explain(ask(
        "minilm", TEXT, smooth(**options), smooth(form=FORMS["squared"], **options),
        smooth(form=FORMS["variance"], **options),
        pb.Method(saliency=pb.Saliency(attach_point=ATTACH[attach]))))

    gradient = answer.scores(3)
    np.testing.assert_allclose(answer.scores(0), gradient, atol=1e-3 * gradient.max())
    np.testing.assert_allclose(answer.scores(1), gradient ** 2, atol=2e-3 * (gradient ** 2).max())
    assert answer.scores(2).max() < 1e-6 * (gradient ** 2).max()


@pytest.mark.parametrize("model", ["demo", "minilm"])
def test_samples_agree_with_the_references_own(client, scalar_of, model):
    """Both are means over draws of their own: they differ by no more than four standard errors of that."""
    text, draws, group = TEXTS[1], 128, 8
    scalar = scalar_of(model, text)
    noise = path_integrals.noise_scale(scalar, 0.05) * torch.randn(
        draws, *scalar.at(WORD).shape, dtype=torch.float64, generator=torch.manual_seed(6))
    g = scalar.gradients(WORD, scalar.at(WORD) + noise)
    answer = client.explain(ask(model, text, *(smooth(noise_level=0.05, samples=draws, form=form, seed=3)
                                               for form in FORMS.values())))
    for index, form in enumerate(FORMS):
        # Jackknife: the same without a group of draws.
        without = torch.stack([path_integrals.smoothed(torch.cat([g[:i], g[i + group:]]), form)
                               for i in range(0, draws, group)]).numpy()
        error = np.sqrt((1 - group / draws) * ((without - without.mean(0)) ** 2).sum(0))
        want = path_integrals.smoothed(g, form).numpy()
        assert np.all(np.abs(answer.scores(index) - want) < 4 * np.sqrt(2) * error), form


def test_a_seed_gives_the_same_alone_and_beside_others(client):
    request = ask("minilm", TEXT, smooth(seed=1), smooth(seed=1, form=FORMS["variance"]), smooth(seed=2))
    alone = client.explain(request)
    crowd = {text: ask("minilm", text, smooth(seed=1), integrated()) for text in TEXTS if text != TEXT}

    answers, failures, _ = client.explain_many({"same": request, **crowd})

    assert not failures
    for index in range(3):
        want = alone.scores(index)
        np.testing.assert_allclose(answers["same"].scores(index), want, atol=tolerances.BATCH * np.abs(want).max())
    assert np.abs(alone.scores(0) - alone.scores(2)).max() > 1e-3 * alone.scores(0).max()
    assert alone.attributions[0].card.seed == 1 and alone.attributions[0].card.samples == 32


def test_path_methods_are_the_same_alone_and_beside_others(client):
    methods = [integrated(baselines=[PAD]), layered(baseline=PAD)]
    alone = {text: client.explain(ask("minilm", text, *methods)) for text in TEXTS}

    answers, failures, _ = client.explain_many({text: ask("minilm", text, *methods) for text in TEXTS})

    assert not failures
    for text, want in alone.items():
        for index in range(2):
            assert answers[text].attributions[index].card.samples == want.attributions[index].card.samples
            np.testing.assert_allclose(answers[text].scores(index), want.scores(index),
                                       atol=2e-5 * np.abs(want.scores(index)).max())
