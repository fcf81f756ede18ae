"""Every method and option, each with its request and its reference."""

from dataclasses import dataclass
from typing import Callable

import numpy as np

from oracle import tolerances
from oracle.reference import OUTPUT, SUM, WORD, Pass
from support.proto import pb

ATTACH = {"word": WORD, "sum": SUM, "output": OUTPUT}
REDUCTIONS = {"l2": pb.REDUCTION_L2, "l1": pb.REDUCTION_L1, "mean_abs": pb.REDUCTION_MEAN_ABS}


def _largest(method, run):
    return np.abs(method.reference(run)).max()


@dataclass(frozen=True)
class MethodCase:
    name: str
    request: pb.Method
    reference: Callable[[Pass], np.ndarray]
    # Size of the numbers that the result is made of.
    scale: Callable[["MethodCase", Pass], float] = _largest
    allowed: Callable[[float], float] = tolerances.gradient


def saliency(attach, reduction):
    point, how = ATTACH[attach], REDUCTIONS[reduction]
    return MethodCase(f"saliency {attach} {reduction}",
                      pb.Method(saliency=pb.Saliency(attach_point=point, reduction=how)),
                      lambda run: run.saliency(point, how))


def gradient_x_input(attach):
    point = ATTACH[attach]
    return MethodCase(f"gradient_x_input {attach}", pb.Method(gradient_x_input=pb.GradientXInput(attach_point=point)),
                      lambda run: run.gradient_x_input(point), lambda _, run: run.gradient_x_input_scale(point))


def rollout(query):
    return MethodCase(f"attention_rollout token {query}",
                      pb.Method(attention_rollout=pb.AttentionRollout(query_token=query)),
                      lambda run: run.rollout(query), allowed=lambda _: tolerances.ROLLOUT)


def gradient_weighted_attention(query):
    return MethodCase(
        f"gradient_weighted_attention token {query}",
        pb.Method(gradient_weighted_attention=pb.GradientWeightedAttention(query_token=query)),
        lambda run: run.gradient_weighted_attention(query), lambda _, run: run.gradient_weighted_attention_scale(query))


def gradient_x_attention(query, layer=None):
    index = -1 if layer is None else layer
    return MethodCase(
        f"gradient_x_attention token {query} layer {'last' if layer is None else layer}",
        pb.Method(gradient_x_attention=pb.GradientXAttention(query_token=query, layer=layer)),
        lambda run: run.gradient_x_attention(query, index), lambda _, run: run.gradient_x_attention_scale(query, index))


def head_importance(normalize):
    return MethodCase(f"head_importance{' normalized' if normalize else ''}",
                      pb.Method(head_importance=pb.HeadImportance(normalize_by_layer=normalize)),
                      lambda run: run.head_importance(normalize), lambda _, run: run.head_importance_scale(normalize))


# Sixteen: as many as one request may carry, so every method of a text comes out of one pass.
ALL = (
    *(saliency(attach, "l2") for attach in ATTACH), saliency("word", "l1"), saliency("output", "mean_abs"),
    *(gradient_x_input(attach) for attach in ATTACH), rollout(0), rollout(1), gradient_weighted_attention(0),
    gradient_weighted_attention(1), gradient_x_attention(0), gradient_x_attention(1, 0), head_importance(False),
    head_importance(True),
)
