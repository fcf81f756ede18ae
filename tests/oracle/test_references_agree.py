"""The references of the methods, without a server: against Captum, SHAP, LIME, Inseq, LXT and aopc, and against what is
known of them. In fp64, so that what remains is a difference in meaning."""

import copy
import itertools

import networkx
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from oracle import coalitions, context_mixing, libraries, path_integrals, quality, relevance
from oracle.agreement import OF_REFERENCES
from oracle.reference import OUTPUT, SUM, WORD
from oracle.scalar import Layer, Scalar
from support.proto import pb

CASES = [("demo", "The loan was declined because payments arrived late."), ("demo", "Income is steady, rent is paid."),
         ("two-classes", "my dog is cute"), ("two-classes", "the loan, approved"), ("three-heads", "hello my dog")]
PLACES = {"word": WORD, "sum": SUM, "output": OUTPUT}
# Both sides in fp64.
ALLOWED = 1e-9
# Probabilities near 1 that differ by 4e-8, of which one rounding is 2e-9.
ALLOWED_CANCELLING = 1e-7
# Captum's nodes and weights are fp32 numbers.
ALLOWED_CAPTUM_NODES = 1e-7
# Captum turns masks and values of its surrogate models into fp32.
ALLOWED_FP32 = 1e-5
# LXT divides by its input plus 1e-10 or so.
ALLOWED_LXT = 1e-6
# The flow's capacities are whole numbers of 2^-30, and a cut has hundreds of them.
ALLOWED_FLOW = 1e-7
# Captum ties the ends of KernelSHAP by a weight of a million, not by a constraint.
ALLOWED_KERNEL_SHAP = 1e-4


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}: {case[1][:16]}")
def scalar(request, references):
    model, text = request.param
    reference = references(model)[1]
    encoding = Tokenizer.from_file(str(reference.folder / "tokenizer.json")).encode(text)
    return Scalar(reference, encoding.ids, encoding.type_ids)


@pytest.fixture
def agree(request):
    """agree(quantity, got, want): asserts, and notes the difference."""
    def check(quantity, got, want, allowed=ALLOWED):
        want = np.asarray(want, float)
        name = request.node.callspec.params["scalar"][0]
        wrong = OF_REFERENCES.check(name, quantity, got, want, allowed, np.abs(want).max())
        assert not wrong, wrong

    return check


@pytest.fixture
def game(scalar):
    return coalitions.Game(scalar, coalitions.word_units(scalar))


def test_a_replaced_place_gives_what_the_text_gives(scalar, agree):
    want = scalar.values(scalar.ids[None])
    for place in (*PLACES.values(), Layer(0), Layer(1), Layer(len(scalar.bert.encoder.layer))):
        agree("F from a place", scalar.values(place=place, x=scalar.at(place)[None]), want)


# ---------------------------------------------------------------- gradients

@pytest.mark.parametrize("kind", ["zero", "pad", "mask", "mean"])
@pytest.mark.parametrize("place", PLACES)
def test_integrated_gradients(scalar, agree, kind, place):
    start = path_integrals.baseline(scalar, kind, PLACES[place])
    got = path_integrals.integrated_gradients(scalar, start, path_integrals.gauss_legendre(20), PLACES[place])
    agree(f"integrated_gradients {place} vs Captum",
          got, libraries.captum_integrated_gradients(scalar, start, 20, PLACES[place]), ALLOWED_CAPTUM_NODES)


@pytest.mark.parametrize("place", ["sum", "output"])
def test_integrated_gradients_of_a_module(scalar, agree, place):
    ids = torch.where(scalar.special, scalar.ids, scalar.token("mask"))
    start = path_integrals.baseline(scalar, "mask", PLACES[place])
    got = path_integrals.integrated_gradients(scalar, start, path_integrals.gauss_legendre(20), PLACES[place])
    agree(f"integrated_gradients {place} vs Captum LayerIntegratedGradients", got,
          libraries.captum_layer_integrated_gradients(scalar, PLACES[place], ids, 20), ALLOWED_CAPTUM_NODES)


def allowed_of_quadrature(scalar):
    """Along a path through a ReLU's kinks the error falls with the number of nodes only as its inverse."""
    return 1e-2 if scalar.reference.config.hidden_act == "relu" else 1e-6


def test_two_quadratures_have_one_limit_and_are_complete(scalar, agree):
    start = path_integrals.baseline(scalar, "mask")
    nested = path_integrals.integrated_gradients(scalar, start, path_integrals.clenshaw_curtis(512))
    allowed = allowed_of_quadrature(scalar)
    agree("Clenshaw-Curtis 512 vs Gauss-Legendre 300",
          nested, path_integrals.integrated_gradients(scalar, start, path_integrals.gauss_legendre(300)), allowed)
    assert path_integrals.completeness_error(nested, path_integrals.difference(scalar, start)) < allowed


def test_clenshaw_curtis_nodes_are_nested_and_exact_for_polynomials():
    for intervals in (2, 4, 8, 16):
        nodes, weights = path_integrals.clenshaw_curtis(intervals)
        finer = path_integrals.clenshaw_curtis(2 * intervals)[0]
        np.testing.assert_allclose(nodes, finer[::2], atol=1e-15)
        for power in range(intervals + 1):
            np.testing.assert_allclose(weights @ nodes ** power, 1 / (power + 1), rtol=1e-13)


def test_sequential_integrated_gradients(scalar, agree):
    start = path_integrals.baseline(scalar, "mask")
    got = path_integrals.sequential_by_quadrature(scalar, start, path_integrals.gauss_legendre(20))
    agree("sequential_integrated_gradients vs Inseq", got,
          libraries.inseq_sequential_integrated_gradients(scalar, start, 20), ALLOWED_CAPTUM_NODES)


def test_sequential_integrated_gradients_are_leave_one_out(scalar, agree):
    start = path_integrals.baseline(scalar, "mask")
    exact = path_integrals.sequential_by_leaving_out(scalar, start)
    agree("sequential quadrature vs leave-one-out",
          path_integrals.sequential_by_quadrature(scalar, start, path_integrals.gauss_legendre(200)), exact,
          allowed_of_quadrature(scalar))
    game = coalitions.Game(scalar, coalitions.token_units(scalar), "mask")
    agree("leave-one-out vs occlusion", exact[~scalar.special], coalitions.occlusion(game))


@pytest.mark.parametrize("form", ["mean", "squared", "variance"])
def test_smooth_grad(scalar, agree, form):
    deviation = path_integrals.noise_scale(scalar, 0.1)
    want, noise = libraries.captum_noise_tunnel(scalar, form, 8, deviation)
    want = want.norm(dim=-1) if form == "mean" else want.sum(-1)
    agree(f"smooth_grad {form} vs Captum", path_integrals.smooth_grad(scalar, noise, form), want)


def test_layer_gradient_x_activation(scalar, agree):
    got = path_integrals.layer_gradient_x_activation(scalar)
    for index in range(len(got)):
        agree("layer_gradient_x_activation vs Captum", got[index],
              libraries.captum_layer_gradient_x_activation(scalar, index))


def test_layer_integrated_gradients(scalar, agree):
    ids = torch.where(scalar.special, scalar.ids, scalar.token("pad"))
    for index in range(len(scalar.bert.encoder.layer)):
        got = path_integrals.layer_integrated_gradients(scalar, index, ids, path_integrals.gauss_legendre(20))
        agree("layer_integrated_gradients vs Captum", got,
              libraries.captum_layer_integrated_gradients(scalar, Layer(index), ids, 20), ALLOWED_CAPTUM_NODES)


# ---------------------------------------------------------------- coalitions

@pytest.mark.parametrize("replacement", ["mask", "pad", "unk"])
def test_occlusion(scalar, agree, replacement):
    units = coalitions.word_units(scalar)
    got = coalitions.occlusion(coalitions.Game(scalar, units, replacement))
    agree("occlusion vs Captum FeatureAblation", got,
          libraries.captum_feature_ablation(scalar, units, scalar.token(replacement)), ALLOWED_FP32)


def test_a_row_without_a_token_is_that_shorter_text(scalar, agree):
    units = coalitions.token_units(scalar)
    for replacement in ("delete", "attention", "zero", "mean"):
        game = coalitions.Game(scalar, units, replacement)
        np.testing.assert_allclose(coalitions.ends(game)[1], scalar.values(scalar.ids[None]).item(), rtol=1e-10)
    game = coalitions.Game(scalar, units, "delete")
    kept = torch.arange(len(scalar.ids)) != units[1][0]
    shorter = Scalar(scalar.reference, scalar.ids[kept].tolist(), scalar.type_ids[kept].tolist(), scalar.target)
    agree("occlusion delete vs the shorter text", game(1 - np.eye(len(units)))[1],
          shorter.values(shorter.ids[None]).item())


def test_shapley_values(game, agree):
    want = coalitions.shapley(game)
    agree("KernelSHAP over all coalitions vs Shapley", coalitions.kernel_shap(game), want)
    agree("Shapley vs SHAP ExactExplainer", want, libraries.shap_exact(game))
    agree("KernelSHAP over all coalitions vs SHAP KernelExplainer", coalitions.kernel_shap(game),
          libraries.shap_kernel(game, 2 ** 12), 1e-6)


def test_shapley_values_of_few_units(scalar, agree):
    units = coalitions.word_units(scalar)
    game = coalitions.Game(scalar, [*units[:4], sum(units[4:], [])] if len(units) > 4 else units)
    agree("Shapley vs Captum ShapleyValues", coalitions.shapley(game), libraries.captum_shapley(game), ALLOWED_FP32)


def test_kernel_shap_of_sampled_masks(game, agree):
    want, masks = libraries.captum_kernel_shap(game, 200)
    agree("kernel_shap, same masks, vs Captum", coalitions.kernel_shap(game, masks), want, ALLOWED_KERNEL_SHAP)


def test_lime(game, agree):
    masks = np.random.default_rng(1).integers(0, 2, (100, len(game)))
    masks[0] = 1
    got = coalitions.lime(game, masks, 0.25, 1.0)
    agree("lime, same masks, vs LIME", got, libraries.lime_coefficients(game, masks, 0.25, 1.0))
    agree("lime, same masks, vs Captum", got, libraries.captum_lime(game, masks, 0.25, 1.0), ALLOWED_KERNEL_SHAP)


def test_partition_shap(game, agree):
    tree = coalitions.balanced_tree(0, len(game))
    got = coalitions.partition_shap(game, tree)
    agree("partition_shap, same tree, vs SHAP", got, libraries.shap_partition(game, tree))
    nothing, everything = coalitions.ends(game)
    agree("partition_shap sums to v(all) - v(nothing)", got.sum(), everything - nothing)


# ---------------------------------------------------------------- inside the model

def test_attention_flow_is_the_least_cut(scalar, agree):
    attention = scalar.reference.run(scalar.ids.tolist(), scalar.type_ids.tolist(), pb.Target()).attention
    flow = context_mixing.attention_flow(attention)
    matrices = context_mixing.mixing_matrices(attention)
    graph, sink = context_mixing.flow_network(matrices), (len(matrices), 0)
    agree("attention_flow vs the least cut", flow,
          [networkx.minimum_cut(graph, (0, j), sink)[0] for j in range(len(flow))], ALLOWED_FLOW)
    # The edges out of a token, and those into the query, are cuts.
    assert (flow <= np.minimum(matrices[0].sum(0), matrices[-1][0].sum()) + ALLOWED_FLOW).all()


def test_value_zeroing(scalar, agree):
    """The changed layer's output, caught while the whole model runs, one token at a time."""
    maps = context_mixing.value_zeroing_maps(scalar)
    count = len(scalar.ids)
    for index, layer in enumerate(scalar.bert.encoder.layer):
        clean, columns = scalar.at(Layer(index + 1)), []
        for token in range(count):
            keep = torch.arange(count)[:, None] != token
            hook = layer.attention.self.value.register_forward_hook(lambda _, __, value, keep=keep: value * keep)
            columns.append(1 - torch.cosine_similarity(scalar.at(Layer(index + 1)), clean, dim=-1))
            hook.remove()
        distance = torch.stack(columns, dim=-1)
        agree("value_zeroing vs one run a token", maps[index], distance / distance.sum(-1, keepdim=True))
    product = torch.linalg.multi_dot([*reversed(maps)])
    agree("value_zeroing: row of the product", context_mixing.value_zeroing(maps, 1), product[1])


def test_token_interactions_sum_to_the_cosine(references):
    reference = references("minilm")[1]
    (first, second) = ([101, 2023, 2003, 102], [101, 1037, 3899, 3268, 2045, 102])
    hidden = [reference.model(torch.tensor([ids]))[0][0] for ids in (first, second)]
    matrix = context_mixing.token_interactions(*hidden)
    cosine = torch.cosine_similarity(hidden[0].mean(0), hidden[1].mean(0), dim=0)
    np.testing.assert_allclose(matrix.sum(), cosine, rtol=1e-12)


@pytest.mark.parametrize("rule", ["attn", "cp"])
@pytest.mark.parametrize("place", PLACES)
def test_relevance(scalar, agree, rule, place):
    got = relevance.relevance(scalar, rule, PLACES[place])
    agree(f"lrp {rule} {place} vs LXT", got, libraries.lxt_relevance(scalar, rule, PLACES[place]), ALLOWED_LXT)


def test_cp_lrp_conserves_without_biases_and_attn_lrp_does_not(scalar, agree):
    bare = copy.copy(scalar)
    bare.reference = copy.deepcopy(scalar.reference)
    bare.bert = bare.reference.bert
    relevance.without_biases(bare.reference.model)
    want = bare.values(bare.ids[None]).item()
    agree("lrp cp: sum vs F without biases", relevance.relevance(bare, "cp").sum(), want)
    assert abs(relevance.relevance(bare, "attn").sum() - want) > 1e-6 * abs(want)


# ---------------------------------------------------------------- quality

def probability_game(scalar, units):
    return coalitions.Game(scalar.probability(), units)


def test_deletion(scalar, agree):
    if not scalar.reference.is_classifier:
        pytest.skip("aopc reads logits of classes")
    scores = np.random.default_rng(2).standard_normal(len(scalar.ids))
    game = probability_game(scalar, coalitions.token_units(scalar))
    agree("deletion vs aopc", quality.deletion(game, scores[~scalar.special]),
          libraries.aopc_deletion(scalar, scores), ALLOWED_FP32)


def test_deletion_bounds_are_those_of_all_orders(scalar, agree):
    game = probability_game(scalar, coalitions.word_units(scalar)[:4])
    orders = [quality.deletion(game, order) for order in itertools.permutations(range(len(game)))]
    agree("bounds of deletion vs all orders", quality.deletion_bounds(game), (min(orders), max(orders)),
          ALLOWED_CANCELLING)


def test_infidelity(game, agree):
    generator = np.random.default_rng(3)
    scores, kept = generator.standard_normal(len(game)), generator.integers(0, 2, (12, len(game)))
    agree("infidelity vs Captum", quality.infidelity(game, scores, kept),
          libraries.captum_infidelity(game, scores, kept), ALLOWED_FP32)


def test_max_sensitivity(scalar, agree):
    def explain(x):
        return (x * scalar.gradients(WORD, x[None])[0]).sum(-1)

    x = scalar.at(WORD)
    noise = 0.02 * (2 * torch.rand(5, *x.shape, dtype=x.dtype, generator=torch.manual_seed(4)) - 1)
    agree("max_sensitivity vs Captum", quality.max_sensitivity(explain, x, noise),
          libraries.captum_max_sensitivity(explain, x, noise))


def test_a_wrong_explanation_scores_worse(references):
    """Occlusion, and the same turned round."""
    reference = references("demo")[1]
    encoding = Tokenizer.from_file(str(reference.folder / "tokenizer.json")).encode(CASES[0][1])
    scalar = Scalar(reference, encoding.ids, encoding.type_ids)
    game = probability_game(scalar, coalitions.word_units(scalar))
    scores = coalitions.occlusion(game)
    for metric, good in ((quality.comprehensiveness, 1), (quality.sufficiency, -1), (quality.deletion, 1),
                         (quality.insertion, 1), (quality.log_odds, -1), (quality.normalized_deletion, 1)):
        assert good * (metric(game, scores) - metric(game, -scores)) > 0, metric.__name__
    assert 0 <= quality.normalized_deletion(game, scores) <= 1
    assert quality.completeness(game, coalitions.kernel_shap(game)) < 1e-9

    whole = torch.zeros(len(scalar.ids), dtype=torch.float64)
    for unit, score in zip(game.units, scores):
        whole[unit] = score
    draws = torch.rand(20, len(whole), reference.config.hidden_size, generator=torch.manual_seed(5))
    right, wrong = (quality.soft_scores(scalar.probability(), sign * whole, draws) for sign in (1, -1))
    assert right[0] > wrong[0] and right[1] > wrong[1]
