"""Methods that take units of a text out: occlusion, Shapley values in three ways, LIME."""

import itertools
from math import comb, factorial

import numpy as np
import torch

from oracle.reference import WORD


def token_units(scalar):
    """Each token that is not special."""
    return [[i] for i in range(len(scalar.ids)) if not scalar.special[i]]


def word_units(scalar):
    """Word pieces joined: a token that continues a word is in the unit of the token before it."""
    units = []
    for [i] in token_units(scalar):
        continues = scalar.tokenizer.id_to_token(int(scalar.ids[i])).startswith("##")
        if continues and units:
            units[-1].append(i)
        else:
            units.append([i])
    return units


class Game:
    """v(S): F of the text with the units of S kept, and all others replaced by mask, pad, unk, zero, mean, or taken out
    by delete or attention. Special tokens are in no unit and stay."""

    def __init__(self, scalar, units, replacement="mask"):
        self.scalar, self.units, self.replacement = scalar, units, replacement
        self.known = {}

    def __len__(self):
        return len(self.units)

    def __call__(self, masks):
        """[N] of [N, M], 1 where a unit is kept."""
        masks = np.asarray(masks, dtype=bool).reshape(-1, len(self))
        new = [mask for mask in dict.fromkeys(map(tuple, masks.tolist())) if mask not in self.known]
        if new:
            self.known.update(zip(new, self._run(np.array(new)), strict=True))
        return np.array([self.known[tuple(mask)] for mask in masks.tolist()])

    def _run(self, masks):
        scalar = self.scalar
        gone = torch.zeros(len(masks), len(scalar.ids), dtype=torch.bool)
        for row, mask in zip(gone, masks):
            row[[i for unit, kept in zip(self.units, mask) if not kept for i in unit]] = True
        ids = scalar.ids.expand(len(masks), -1)
        if self.replacement == "delete":
            return [scalar.values(scalar.ids[~row][None], type_ids=scalar.type_ids[~row]).item() for row in gone]
        if self.replacement == "attention":
            return scalar.values(ids, keys=(~gone).long()).tolist()
        if self.replacement in ("zero", "mean"):
            table = scalar.bert.get_input_embeddings().weight
            vector = table.mean(0) if self.replacement == "mean" else torch.zeros_like(table[0])
            return scalar.values(ids, WORD, torch.where(gone[..., None], vector, scalar.at(WORD))).tolist()
        return scalar.values(torch.where(gone, scalar.token(self.replacement), ids)).tolist()


def ends(game):
    """v(nothing), v(everything)."""
    return game([[0] * len(game), [1] * len(game)])


def occlusion(game):
    """[M] leave one out."""
    return ends(game)[1] - game(1 - np.eye(len(game)))


def every_mask(units):
    return np.array(list(itertools.product((0, 1), repeat=units)))


def shapley(game):
    """[M] by the definition, over all coalitions."""
    units = len(game)
    scores = np.zeros(units)
    for mask in every_mask(units):
        weight = factorial(mask.sum()) * factorial(max(0, units - mask.sum() - 1)) / factorial(units)
        for i in np.flatnonzero(mask == 0):
            joined = mask.copy()
            joined[i] = 1
            scores[i] += weight * (game(joined) - game(mask))[0]
    return scores


def shapley_kernel(masks):
    """Weight of each coalition; 0 for the two ends, which are a constraint."""
    units = masks.shape[1]
    return np.array([(units - 1) / (comb(units, k) * k * (units - k)) if 0 < k < units else 0.0
                     for k in np.asarray(masks).sum(1).astype(int)])


def kernel_shap(game, masks=None, weights=None):
    """[M] least squares with sum of scores = v(everything) - v(nothing). Default: all coalitions with the Shapley kernel,
    which is exact; sampled masks have weight 1, their frequency being the kernel."""
    if masks is None:
        masks = every_mask(len(game))
        weights = shapley_kernel(masks)
    masks = np.asarray(masks, float)
    inner = (masks.sum(1) > 0) & (masks.sum(1) < len(game))
    weights = inner.astype(float) if weights is None else weights * inner
    nothing, everything = ends(game)
    # The last unit's score is what the others leave.
    design = masks[:, :-1] - masks[:, -1:]
    goal = game(masks) - nothing - masks[:, -1] * (everything - nothing)
    root = np.sqrt(weights)
    first, *_ = np.linalg.lstsq(design * root[:, None], goal * root, rcond=None)
    return np.append(first, everything - nothing - first.sum())


def cosine_distance(masks):
    """To the mask of ones; 1 for the mask of zeros."""
    return 1 - np.sqrt(np.asarray(masks, float).mean(1))


def lime(game, masks, width=0.25, ridge=1.0):
    """[M] coefficients of weighted ridge regression with a free intercept (Ribeiro et al. 2016)."""
    masks, values = np.asarray(masks, float), game(masks)
    weights = np.exp(-cosine_distance(masks) ** 2 / width ** 2)
    centre, level = (weights @ masks / weights.sum(), weights @ values / weights.sum())
    design = masks - centre
    return np.linalg.solve(design.T @ (design * weights[:, None]) + ridge * np.eye(masks.shape[1]),
                           design.T @ (weights * (values - level)))


def balanced_tree(begin, end):
    """Nested pairs over units [begin, end); of an odd number the left half has one less."""
    if end - begin == 1:
        return begin
    middle = (begin + end) // 2
    return balanced_tree(begin, middle), balanced_tree(middle, end)


def _leaves(tree):
    return [tree] if isinstance(tree, int) else _leaves(tree[0]) + _leaves(tree[1])


def partition_shap(game, tree):
    """[M] Owen values: a group's worth is shared by its halves as a Shapley value of two players is, in each context."""
    scores = np.zeros(len(game))

    def share(node, context, weight):
        def value(*parts):
            mask = context.copy()
            mask[[i for part in parts for i in _leaves(part)]] = 1
            return game(mask)[0]

        if isinstance(node, int):
            scores[node] += weight * (value(node) - value())
            return
        for inner, outer in (node, node[::-1]):
            share(inner, context, weight / 2)
            with_outer = context.copy()
            with_outer[_leaves(outer)] = 1
            share(inner, with_outer, weight / 2)

    share(tree, np.zeros(len(game), int), 1.0)
    return scores
