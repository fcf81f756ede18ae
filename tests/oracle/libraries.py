"""The same methods by others: Captum, SHAP, LIME, Inseq, LXT and aopc, behind the interfaces of the reference.

What is installed only in part, and why (versions in tools/requirements-test.txt):
 * Inseq 0.7.1: without what it asks for and does not import, as the CUDA 11 libraries of a second PyTorch. It attributes
   decoders only, so that its value zeroing cannot be asked about an encoder.
 * LXT 2.1: rules and patches of `lxt.efficient`. Its list of models imports what Transformers 5 has removed
   (find_pruneable_heads_and_indices); BERT is patched here with LXT's functions.
 * aopc 0.1.0: its file of methods. The whole asks for NumPy 1, Transformers 4 and PyTorch 2.2.
 * LIME 0.2.0.1: without scikit-image, which its image part asks for.
Not at all:
 * ferret-xai 0.4.2 asks for Captum 0.7, NumPy 1, Transformers 4 and SHAP 0.44, and takes words out of decoded text, so
   that the rest is tokenized anew: other numbers by definition.
 * quantus 0.6.0 asks for OpenCV and scikit-image, and has no metric for text.
 * time-interpret 0.3.0 imports PyTorch Lightning; its sequential integrated gradients is the code that Inseq carries.
"""

import contextlib
import copy
import importlib
import importlib.util
import sys
import types

import captum.attr
import captum.metrics
import lime.lime_base
import numpy as np
import shap
import sklearn.linear_model
import torch
from captum._utils.models.linear_model import SkLearnRidge
from inseq.attr.feat.ops.sequential_integrated_gradients import SequentialIntegratedGradients
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.bert import modeling_bert

from oracle.coalitions import cosine_distance
from oracle.reference import OUTPUT, SUM, WORD
from oracle.scalar import Layer


def part_of(name):
    """A module of a package whose __init__ files cannot be run: they are taken for empty."""
    top, *inner = name.split(".")[:-1]
    if top not in sys.modules:
        folder = importlib.util.find_spec(top).submodule_search_locations[0]
        for depth in range(len(inner) + 1):
            package = types.ModuleType(".".join([top, *inner[:depth]]))
            package.__path__ = ["/".join([folder, *inner[:depth]])]
            sys.modules[package.__name__] = package
    return importlib.import_module(name)


# ---------------------------------------------------------------- gradients

def _forward(scalar, place):
    return lambda x: scalar.run(place=place, x=x)


def captum_integrated_gradients(scalar, start, steps, place=WORD):
    made = captum.attr.IntegratedGradients(_forward(scalar, place)).attribute(
        scalar.at(place)[None], start[None], n_steps=steps, internal_batch_size=32)
    return made[0].sum(-1)


def _module_at(scalar, place):
    """(module, whether the place is what it reads). The hidden states of a layer are what the one before it gives: Captum
    cannot hook a module of which an argument is None."""
    embeddings, layers = scalar.bert.embeddings, scalar.bert.encoder.layer
    if place == SUM:
        return embeddings.LayerNorm, True
    return (embeddings if place in (OUTPUT, Layer(0)) else layers[place.index - 1]), False


def captum_layer_integrated_gradients(scalar, place, base_ids, steps):
    """Captum runs the baseline's ids itself."""
    module, reads = _module_at(scalar, place)
    explainer = captum.attr.LayerIntegratedGradients(lambda ids: scalar.run(ids=ids), module)
    return explainer.attribute(scalar.ids[None], torch.as_tensor(base_ids)[None], n_steps=steps, internal_batch_size=32,
                               attribute_to_layer_input=reads)[0].sum(-1)


def captum_layer_gradient_x_activation(scalar, index):
    module, _ = _module_at(scalar, Layer(index))
    # What a frozen model gives asks for no gradient: its input must.
    word = scalar.at(WORD)[None].requires_grad_()
    made = captum.attr.LayerGradientXActivation(_forward(scalar, WORD), module).attribute(word)
    return (made[0] if isinstance(made, tuple) else made)[0].detach().sum(-1)


def captum_noise_tunnel(scalar, form, samples, deviation, place=WORD):
    """(scores [T, d], the noise that it drew [samples, T, d])."""
    seen = []

    def forward(x):
        seen.append(x.detach().clone())
        return scalar.run(place=place, x=x)

    x = scalar.at(place)
    torch.manual_seed(0)
    kind = {"mean": "smoothgrad", "squared": "smoothgrad_sq", "variance": "vargrad"}[form]
    tunnel = captum.attr.NoiseTunnel(captum.attr.Saliency(forward))
    scores = tunnel.attribute(x[None].clone(), nt_type=kind, nt_samples=samples, stdevs=deviation, abs=False)[0]
    return scores, torch.cat(seen) - x


def inseq_sequential_integrated_gradients(scalar, start, steps):
    explainer = SequentialIntegratedGradients(_forward(scalar, WORD))
    return explainer.attribute(scalar.at(WORD)[None], start[None], n_steps=steps)[0].sum(-1)


# ---------------------------------------------------------------- coalitions

def _value(game):
    return lambda masks: torch.as_tensor(game(masks.numpy()), dtype=torch.float64)


def _unit_inputs(game):
    return torch.ones(1, len(game), dtype=torch.float64), torch.zeros(1, len(game), dtype=torch.float64)


def captum_feature_ablation(scalar, units, token_id):
    """On the ids themselves."""
    groups = torch.full((1, len(scalar.ids)), len(units))
    for index, unit in enumerate(units):
        groups[0, unit] = index
    base = torch.where(groups == len(units), scalar.ids, token_id)
    made = captum.attr.FeatureAblation(lambda ids: scalar.values(ids)).attribute(
        scalar.ids[None], base, feature_mask=groups, perturbations_per_eval=8)
    return np.array([made[0, unit[0]] for unit in units])


def captum_shapley(game):
    inputs, base = _unit_inputs(game)
    return captum.attr.ShapleyValues(_value(game)).attribute(inputs, base, perturbations_per_eval=16)[0].numpy()


def captum_kernel_shap(game, samples, seed=0):
    """(scores, the masks that it drew)."""
    masks = []

    def value(drawn):
        masks.append(drawn.numpy().copy())
        return _value(game)(drawn)

    torch.manual_seed(seed)
    inputs, base = _unit_inputs(game)
    scores = captum.attr.KernelShap(value).attribute(inputs, base, n_samples=samples)[0].numpy()
    return scores, np.concatenate(masks)


def captum_lime(game, masks, width, ridge):
    given = iter(torch.as_tensor(np.asarray(masks), dtype=torch.long))
    inputs, base = _unit_inputs(game)

    def similarity(_, __, mask, **___):
        return torch.exp(torch.as_tensor(-cosine_distance(mask.numpy()) ** 2 / width ** 2))

    explainer = captum.attr.Lime(_value(game), interpretable_model=SkLearnRidge(alpha=ridge),
                                 similarity_func=similarity, perturb_func=lambda *_, **__: next(given)[None])
    return explainer.attribute(inputs, base, n_samples=len(masks))[0].numpy()


def lime_coefficients(game, masks, width, ridge):
    masks = np.asarray(masks, float)
    explainer = lime.lime_base.LimeBase(lambda distance: np.exp(-distance ** 2 / width ** 2))
    _, pairs, *_ = explainer.explain_instance_with_data(
        masks, game(masks)[:, None], cosine_distance(masks), 0, len(game), "none",
        sklearn.linear_model.Ridge(alpha=ridge))
    return np.array([weight for _, weight in sorted(pairs)])


def shap_exact(game):
    return shap.ExactExplainer(game, lambda mask, x: (x * mask)[None])(np.ones((1, len(game)))).values[0]


def shap_kernel(game, samples="auto"):
    explainer = shap.KernelExplainer(game, np.zeros((1, len(game))))
    return explainer.shap_values(np.ones(len(game)), nsamples=samples, silent=True, l1_reg=False)


def clustering(tree, units):
    """SHAP's form of a tree: a row (left, right, distance, size) for each pair, children first."""
    rows = []

    def visit(node):
        if isinstance(node, int):
            return node, 1
        (left, left_size), (right, right_size) = map(visit, node)
        rows.append([left, right, 1.0, left_size + right_size])
        return units + len(rows) - 1, left_size + right_size

    visit(tree)
    return np.array(rows, float)


class TreeMasker(shap.maskers.Masker):
    def __init__(self, tree, units):
        self.clustering = clustering(tree, units)

    def __call__(self, mask, x):
        return ((x * mask)[None],)

    def shape(self, x):
        return (1, len(x))

    def mask_shapes(self, x):
        return [x.shape]


def shap_partition(game, tree, evaluations=100_000):
    explainer = shap.PartitionExplainer(game, TreeMasker(tree, len(game)))
    return explainer(np.ones((1, len(game))), max_evals=evaluations, silent=True).values[0]


# ---------------------------------------------------------------- relevance

@contextlib.contextmanager
def _attention_of(model, name, function):
    before = model.config._attn_implementation
    ALL_ATTENTION_FUNCTIONS.register(name, function)
    model.config._attn_implementation = name
    try:
        yield
    finally:
        model.config._attn_implementation = before


def lxt_relevance(scalar, rule, place=WORD):
    """LXT's patches on a copy of the model."""
    patches = part_of("lxt.efficient.patches")
    mine = copy.copy(scalar)
    mine.reference = copy.deepcopy(scalar.reference)
    mine.bert = mine.reference.bert
    activations = [layer.intermediate.intermediate_act_fn for layer in mine.bert.encoder.layer]
    activations += [] if mine.bert.pooler is None else [mine.bert.pooler.activation]
    for module in mine.bert.modules():
        if isinstance(module, torch.nn.LayerNorm):
            module.forward = types.MethodType(patches.layer_norm_forward, module)
    for module in activations:
        module.original_forward = module.forward
        module.forward = types.MethodType(patches.non_linear_forward, module)
    wrap = {"attn": patches.wrap_attention_forward, "cp": patches.cp_wrap_attention_forward}[rule]
    x = mine.at(place)
    with _attention_of(mine.reference.model, f"lxt_{rule}", wrap(modeling_bert.eager_attention_forward)):
        return (x * mine.gradients(place, x[None])[0]).sum(-1)


# ---------------------------------------------------------------- quality

def aopc_deletion(scalar, scores):
    """Its mean of p(x) - p(x without the first i), tokens replaced by [MASK]; `scores` [T], specials included."""
    methods = part_of("aopc.methods")
    cls, sep = (int(scalar.ids[i]) for i in (0, -1))
    return methods.calculate_aopc_for_attributions(
        scalar.reference.model, scalar.ids[None], getattr(scalar.target, "class").index, torch.as_tensor(scores), "cpu",
        scalar.token("mask"), bos_token_id=cls, eos_token_id=sep)


def captum_infidelity(game, scores, kept):
    """With the best scale, and divided by the mean squared loss."""
    inputs, base = _unit_inputs(game)
    kept = torch.as_tensor(np.asarray(kept), dtype=torch.float64)
    rows = iter(kept)

    def perturb(given, _):
        kept_now = torch.stack([next(rows) for _ in given])
        return 1 - kept_now, kept_now

    raw = captum.metrics.infidelity(_value(game), perturb, inputs, torch.as_tensor(scores)[None], base,
                                    n_perturb_samples=len(kept), normalize=True)
    lost = game(np.ones(len(game))) - game(kept.numpy())
    return raw.item() / (lost ** 2).mean()


def captum_max_sensitivity(explain, x, noise):
    steps = iter(noise)

    def perturb(given, _):
        return torch.stack([given_row + next(steps) for given_row in given])

    @torch.enable_grad()
    def rows(inputs):
        if isinstance(inputs, tuple):
            return tuple(rows(each) for each in inputs)
        return torch.stack([explain(row) for row in inputs])

    return captum.metrics.sensitivity_max(rows, x[None], perturb, n_perturb_samples=len(noise)).item()
