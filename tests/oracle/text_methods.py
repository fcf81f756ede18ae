"""Methods of more than one row, each with its request and its reference: scores of all tokens as a function of the text.

Methods that sample are not here, for their rows are the server's own; their exact forms are.
"""

from dataclasses import dataclass
from typing import Callable

import torch

from oracle import coalitions, context_mixing, path_integrals, relevance
from oracle.methods import ATTACH
from support.proto import pb

NODES = 32
BASELINES = {"zero": pb.BASELINE_TOKEN_ZERO, "pad": pb.BASELINE_TOKEN_PAD, "mask": pb.BASELINE_TOKEN_MASK,
             "unk": pb.BASELINE_TOKEN_UNKNOWN, "mean": pb.BASELINE_TOKEN_MEAN}
REPLACEMENTS = {"mask": pb.REPLACEMENT_MASK, "pad": pb.REPLACEMENT_PAD, "unk": pb.REPLACEMENT_UNKNOWN,
                "zero": pb.REPLACEMENT_ZERO, "mean": pb.REPLACEMENT_MEAN, "delete": pb.REPLACEMENT_DELETE,
                "attention": pb.REPLACEMENT_ATTENTION}
UNITS = {"token": (pb.GRANULARITY_TOKEN, coalitions.token_units), "word": (pb.GRANULARITY_WORD, coalitions.word_units)}


@dataclass(frozen=True)
class TextMethod:
    name: str
    request: pb.Method
    reference: Callable  # of a Scalar: [T]
    # Scores are differences of F, so F is the size of the numbers that they are made of.
    is_difference: bool = False


def integrated_gradients(attach, kind):
    method = pb.IntegratedGradients(attach_point=ATTACH[attach], baselines=[pb.Baseline(token=BASELINES[kind])],
                                    quadrature=pb.IntegratedGradients.QUADRATURE_GAUSS_LEGENDRE, steps=NODES)
    return TextMethod(f"integrated_gradients {attach} {kind}", pb.Method(integrated_gradients=method),
                      lambda scalar: path_integrals.integrated_gradients(
                          scalar, path_integrals.baseline(scalar, kind, ATTACH[attach]),
                          path_integrals.gauss_legendre(NODES), ATTACH[attach]))


def sequential(kind):
    method = pb.SequentialIntegratedGradients(baseline=REPLACEMENTS[kind])
    return TextMethod(f"sequential_integrated_gradients {kind}", pb.Method(sequential_integrated_gradients=method),
                      lambda scalar: path_integrals.sequential_by_leaving_out(
                          scalar, path_integrals.baseline(scalar, kind)), is_difference=True)


def _shared(scalar, units, scores):
    """A unit's score shared equally by its tokens; special tokens have none."""
    whole = torch.zeros(len(scalar.ids), dtype=torch.float64)
    for unit, score in zip(units, scores, strict=True):
        whole[unit] = float(score) / len(unit)
    return whole


def _by_units(name, kind, unit, replacement, solve, **options):
    granularity, units_of = UNITS[unit]
    method = kind(unit=granularity, replacement=REPLACEMENTS[replacement], **options)

    def reference(scalar):
        units = units_of(scalar)
        return _shared(scalar, units, solve(coalitions.Game(scalar, units, replacement)))

    return TextMethod(f"{name} {unit} {replacement}", pb.Method(**{name: method}), reference, is_difference=True)


def occlusion(unit, replacement):
    return _by_units("occlusion", pb.Occlusion, unit, replacement, coalitions.occlusion)


def kernel_shap_exact():
    """All coalitions: of texts of at most 10 words."""
    return _by_units("kernel_shap", pb.KernelShap, "word", "mask", coalitions.kernel_shap, samples=1024)


def partition_shap(replacement):
    return _by_units("partition_shap", pb.PartitionShap, "word", replacement,
                     lambda game: coalitions.partition_shap(game, coalitions.balanced_tree(0, len(game))),
                     max_evaluations=8192)


def layer_gradient_x_activation(layer=None):
    def reference(scalar):
        rows = path_integrals.layer_gradient_x_activation(scalar)
        return rows[(len(rows) - 1) // 2 if layer is None else layer]

    return TextMethod(f"layer_gradient_x_activation {'middle' if layer is None else layer}",
                      pb.Method(layer_gradient_x_activation=pb.LayerGradientXActivation(layer=layer)), reference)


def value_zeroing(query, layer=None):
    def reference(scalar):
        maps = context_mixing.value_zeroing_maps(scalar)
        return context_mixing.value_zeroing(maps, query) if layer is None else maps[layer][query]

    return TextMethod(f"value_zeroing token {query}{'' if layer is None else f' layer {layer}'}",
                      pb.Method(value_zeroing=pb.ValueZeroing(query_token=query, layer=layer)), reference)


def attention_flow(query):
    def reference(scalar):
        run = scalar.reference.run(scalar.ids.tolist(), scalar.type_ids.tolist(), pb.Target())
        return torch.as_tensor(context_mixing.attention_flow(run.attention, query))

    return TextMethod(f"attention_flow token {query}", pb.Method(attention_flow=pb.AttentionFlow(query_token=query)),
                      reference)


def lrp(rule, attach):
    rules = {"attn": pb.Lrp.RULE_ATTN_LRP, "cp": pb.Lrp.RULE_CP_LRP}
    return TextMethod(f"lrp {rule} {attach}", pb.Method(lrp=pb.Lrp(rule=rules[rule], attach_point=ATTACH[attach])),
                      lambda scalar: relevance.relevance(scalar, rule, ATTACH[attach]))


# Not from zero at the sum: the norm that follows sees no length, so F jumps at zero, and the gradient grows without limit
# on the way there (fp32 and fp64 of PyTorch itself differ by 8e-3).
PATHS = (*(integrated_gradients(attach, kind) for attach in ATTACH for kind in ("pad", "mean")),
         *(integrated_gradients("word", kind) for kind in ("zero", "mask", "unk")), integrated_gradients("output", "zero"))
LAYERS = (layer_gradient_x_activation(0), layer_gradient_x_activation(-1), layer_gradient_x_activation())
LEAVE_ONE_OUT = (*(sequential(kind) for kind in ("mask", "unk", "zero")),
                 *(occlusion("token", replacement) for replacement in REPLACEMENTS),
                 *(occlusion("word", replacement) for replacement in ("mask", "pad", "delete")))
# Of short texts only: exact forms are costly. A replacement of each kind; every one is in LEAVE_ONE_OUT.
EXACT = (kernel_shap_exact(), *(partition_shap(replacement) for replacement in ("mask", "zero", "delete", "attention")))
MIXING = (attention_flow(0), attention_flow(1), value_zeroing(0), value_zeroing(1), value_zeroing(0, 0),
          value_zeroing(1, -1))
# What an architecture has a part in.
FAMILY = (*(integrated_gradients(attach, kind) for attach in ATTACH for kind in ("pad", "mask")),
          integrated_gradients("output", "zero"), sequential("pad"),
          *(occlusion("token", replacement) for replacement in ("mask", "pad", "delete", "attention")))
RELEVANCE = tuple(lrp(rule, attach) for rule in ("attn", "cp") for attach in ATTACH)
# Longer texts are left out: the server refuses them, or the references take hours (a row of so many tokens for each).
MOST_TOKENS = {"MIXING": 64, "LEAVE_ONE_OUT": 128, "PATHS": 256}
