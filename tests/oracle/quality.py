"""How good an attribution is. `game` values are probabilities where a metric says p, F where it says F; scores are one a
unit, ranked descending, ties in the text's order."""

import math

import numpy as np
import torch

from oracle.coalitions import ends, every_mask
from oracle.drawn import numbers
from oracle.reference import WORD

BINS = (0.01, 0.05, 0.10, 0.20, 0.50)  # ERASER


def ranking(scores):
    return np.argsort(-np.asarray(scores), kind="stable")


def top_count(part, units):
    """How many units are the top `part`: at least one."""
    return max(1, math.ceil(part * units - 1e-9))


def _only_first(scores, count):
    mask = np.zeros(len(scores), int)
    mask[ranking(scores)[:count]] = 1
    return mask


def comprehensiveness(game, scores, bins=BINS):
    """p(x) - p(x without the top part), mean over the bins."""
    masks = [1 - _only_first(scores, top_count(part, len(game))) for part in bins]
    return ends(game)[1] - game(masks).mean()


def sufficiency(game, scores, bins=BINS):
    """p(x) - p(only the top part), mean over the bins."""
    masks = [_only_first(scores, top_count(part, len(game))) for part in bins]
    return ends(game)[1] - game(masks).mean()


def deletion_curve(game, scores):
    """[M] p(x without the first 1, 2, ..., M)."""
    return game([1 - _only_first(scores, count) for count in range(1, len(game) + 1)])


def insertion_curve(game, scores):
    """[M] p(only the first 1, 2, ..., M)."""
    return game([_only_first(scores, count) for count in range(1, len(game) + 1)])


def deletion(game, scores):
    """AOPC: mean of p(x) - p(x without the first i)."""
    return ends(game)[1] - deletion_curve(game, scores).mean()


def insertion(game, scores):
    return insertion_curve(game, scores).mean()


def deletion_bounds(game):
    """The least and the greatest deletion over all orders, by the best way from subset to subset."""
    everything = ends(game)[1]
    best = {}
    for mask in sorted(every_mask(len(game)).tolist(), key=sum):  # kept units; fewest first, the end of every order
        after = [best[tuple(mask[:i] + [0] + mask[i + 1:])] for i in range(len(game)) if mask[i]]
        here = 0 if sum(mask) == len(game) else everything - game(mask)[0]
        best[tuple(mask)] = tuple(here + (pick(part[side] for part in after) if after else 0)
                                  for side, pick in enumerate((min, max)))
    low, high = best[(1,) * len(game)]
    return low / len(game), high / len(game)


def normalized_deletion(game, scores):
    """Edin et al. 2025."""
    low, high = deletion_bounds(game)
    return (deletion(game, scores) - low) / (high - low)


def log_odds(game, scores, part=0.20):
    """log p(x without the top part) / p(x)."""
    return float(np.log(game(1 - _only_first(scores, top_count(part, len(game))))[0] / ends(game)[1]))


def infidelity(game, scores, kept):
    """Over masks `kept` [N, M]: mean (b * sum of scores taken out - loss of F)^2 / mean (loss of F)^2, b the best scale
    (Yeh et al. 2019)."""
    promised = (1 - np.asarray(kept)) @ np.asarray(scores)
    lost = ends(game)[1] - game(kept)
    scale = (promised * lost).mean() / (promised ** 2).mean()
    return ((scale * promised - lost) ** 2).mean() / (lost ** 2).mean()


def max_sensitivity(explain, x, noise):
    """Largest |a(x + noise) - a(x)| / |a(x)|; `noise` [N, T, d], `explain` gives [T]."""
    here = explain(x)
    return max(((explain(x + step) - here).norm() / here.norm()).item() for step in noise)


def completeness(game, scores):
    """|sum - (F(x) - F(nothing))| / |F(x) - F(nothing)|."""
    nothing, everything = ends(game)
    return abs(np.sum(scores) - (everything - nothing)) / abs(everything - nothing)


def _soft_value(scalar, keep, draws):
    """Mean p of word embeddings whose elements are kept with probability `keep` [T]; special tokens stay."""
    keep = torch.where(scalar.special, torch.ones_like(keep), keep)
    return scalar.values(place=WORD, x=scalar.at(WORD) * (draws < keep[:, None])).mean().item()


def soft_scores(scalar, scores, draws):
    """(soft normalized comprehensiveness, sufficiency) of Zhao & Aletras 2023, F being a probability; `scores` [T], min-max
    scaled over tokens that are not special; `draws` [N, T, d] uniform on [0, 1)."""
    inner = scores[~scalar.special]
    keep = ((scores - inner.min()) / (inner.max() - inner.min())).clamp(0, 1)
    whole = scalar.run(ids=scalar.ids[None]).item()
    loss = [max(0.0, whole - _soft_value(scalar, part, draws)) for part in (1 - keep, keep, torch.zeros_like(keep))]
    comprehensive, sufficient, nothing = loss[0], 1 - loss[1], 1 - loss[2]
    return comprehensive / (1 - nothing), (sufficient - nothing) / (1 - nothing)


# ---------------------------------------------------------------- what the server draws, drawn again

def random_orders(units, count, seed):
    """Fisher-Yates, the k-th order from stream k."""
    for stream in range(count):
        drawn, order = numbers(seed, stream), list(range(units))
        for size in range(units, 1, -1):
            other = next(drawn) % size
            order[size - 1], order[other] = order[other], order[size - 1]
        yield order


def scores_of(order):
    """Scores whose ranking is the order."""
    scores = np.zeros(len(order))
    scores[order] = -np.arange(len(order))
    return scores


def dealt(scores, order):
    """The same scores, the highest to the first of the order."""
    given = np.zeros(len(order))
    given[order] = np.asarray(scores)[ranking(scores)]
    return given


def kept_at_random(units, samples, seed):
    """[samples, units] masks of infidelity: each unit by the toss of a coin."""
    return np.array([[next(drawn) % 2 for _ in range(units)]
                     for drawn in (numbers(seed, 2 ** 32 + sample) for sample in range(samples))])
