"""Methods made of gradients at several inputs: integrated, sequential, smoothed, and those of a layer."""

import numpy as np
import torch

from oracle.reference import WORD
from oracle.scalar import Layer
from support.proto import pb


def clenshaw_curtis(intervals):
    """Nodes and weights on [0, 1]; the nodes of half the intervals are among them. `intervals` is even."""
    k = np.arange(intervals + 1)
    j = np.arange(1, intervals // 2)
    series = (2 * np.cos(2 * np.outer(k, j) * np.pi / intervals) / (4 * j ** 2 - 1)).sum(1)
    weights = (1 - series - np.cos(k * np.pi) / (intervals ** 2 - 1)) / intervals
    weights[[0, -1]] = 1 / (2 * (intervals ** 2 - 1))
    return (1 - np.cos(k * np.pi / intervals)) / 2, weights


def gauss_legendre(nodes):
    at, weights = np.polynomial.legendre.leggauss(nodes)
    return (1 + at) / 2, weights / 2


def baseline(scalar, kind, place=WORD):
    """x' [T, d] at a place: kind is zero (at the place), pad, mask, unk, mean (of the word table), or one id a token.
    Special tokens keep their own embedding."""
    special = scalar.special[:, None]
    if kind == "zero":
        return scalar.at(place) * special
    if kind == "mean":
        mean = scalar.bert.get_input_embeddings().weight.mean(0)
        return scalar.at(place, word=torch.where(special, scalar.at(WORD), mean))
    ids = scalar.token(kind) if isinstance(kind, str) else torch.tensor(kind)
    return scalar.at(place, ids=torch.where(scalar.special, scalar.ids, ids))


def integrated_gradients(scalar, start, quadrature, place=WORD):
    """[T] (Sundararajan et al. 2017). `quadrature`: nodes and weights; `start`: the baseline at the place."""
    nodes, weights = (torch.as_tensor(part, dtype=start.dtype)[:, None, None] for part in quadrature)
    way = scalar.at(place) - start
    return ((scalar.gradients(place, start + nodes * way) * weights).sum(0) * way).sum(-1)


def difference(scalar, start, place=WORD):
    """F(x) - F(x')."""
    at_text, at_start = scalar.values(place=place, x=torch.stack([scalar.at(place), start]))
    return (at_text - at_start).item()


def completeness_error(scores, difference):
    return abs(scores.sum().item() - difference) / abs(difference)


def sequential_by_leaving_out(scalar, start):
    """[T] F(x) - F(x with the token's word embedding replaced): 0 where the baseline keeps it."""
    x = scalar.at(WORD)
    rows = torch.stack([torch.where(torch.arange(len(x))[:, None] == i, start, x) for i in range(len(x))])
    values = scalar.values(place=WORD, x=torch.cat([x[None], rows]))
    return values[0] - values[1:]


def sequential_by_quadrature(scalar, start, quadrature):
    """[T] the same integral along the path that moves one token alone (Enguehard 2023, not normalized)."""
    x = scalar.at(WORD)
    scores = []
    for i in range(len(x)):
        moved = torch.where(torch.arange(len(x))[:, None] == i, start, x)
        scores.append(integrated_gradients(scalar, moved, quadrature)[i])
    return torch.stack(scores)


def _reduced(g, reduction):
    return {pb.REDUCTION_L2: lambda: g.norm(dim=-1), pb.REDUCTION_L1: lambda: g.abs().sum(-1),
            pb.REDUCTION_MEAN_ABS: lambda: g.abs().mean(-1)}[reduction]()


def smooth_grad(scalar, noise, form="mean", place=WORD, reduction=pb.REDUCTION_L2):
    """[T] of gradients at x + noise, `noise` [samples, T, d]."""
    return smoothed(scalar.gradients(place, scalar.at(place) + noise), form, reduction)


def smoothed(g, form="mean", reduction=pb.REDUCTION_L2):
    """[T] of gradients [samples, T, d]: mean (reduced), squared or variance (summed)."""
    if form == "mean":
        return _reduced(g.mean(0), reduction)
    return {"squared": lambda: (g ** 2).mean(0), "variance": lambda: g.var(0, correction=0)}[form]().sum(-1)


def noise_scale(scalar, level, place=WORD):
    """Standard deviation of the noise, as a part of the range of the text's embeddings."""
    x = scalar.at(place)
    return level * (x.max() - x.min()).item()


def layer_gradient_x_activation(scalar):
    """[L + 1, T] of the hidden states that each layer reads; the last row is of the last hidden states."""
    rows = []
    for index in range(scalar.reference.config.num_hidden_layers + 1):
        h = scalar.at(Layer(index))
        rows.append((h * scalar.gradients(Layer(index), h[None])[0]).sum(-1))
    return torch.stack(rows)


def layer_integrated_gradients(scalar, index, base_ids, quadrature):
    """[T]; the baseline is the hidden states of the base ids' own run."""
    return integrated_gradients(scalar, scalar.at(Layer(index), ids=torch.tensor(base_ids)), quadrature, Layer(index))
