"""What the server draws, written again from its definition (base/random.h, methods/lib/coalitions.h)."""

import numpy as np

WORD = 2 ** 64 - 1
STEP = 0x9E3779B97F4A7C15


def numbers(seed, stream):
    """SplitMix64 (Steele et al. 2014): 64 bits at a time."""
    state = _mixed((seed + STEP) & WORD) ^ _mixed((stream * STEP + 1) & WORD)
    while True:
        state = (state + STEP) & WORD
        yield _mixed(state)


def _mixed(z):
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & WORD
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & WORD
    return z ^ (z >> 31)


def _random_set(units, size, random):
    order = list(range(units))
    for i in range(size):
        j = i + next(random) % (units - i)
        order[i], order[j] = order[j], order[i]
    mask = np.zeros(units, int)
    mask[order[:size]] = 1
    return mask


def lime_masks(units, samples, seed):
    """[samples, units]: everything, then with 1 to all units taken out."""
    masks = [np.ones(units, int)]
    for sample in range(1, samples):
        random = numbers(seed, sample)
        masks.append(1 - _random_set(units, 1 + next(random) % units, random))
    return np.array(masks)


def shapley_masks(units, samples, seed):
    """[samples, units]: nothing, everything, then pairs of a set and its complement, of sizes as the Shapley kernel has."""
    weights = [1 / (size * (units - size)) for size in range(1, units)]
    masks = [np.zeros(units, int), np.ones(units, int)]
    for pair in range((samples - 1) // 2):
        random = numbers(seed, pair)
        reached = np.cumsum(weights) / sum(weights)
        size = 1 + min(units - 2, int(np.searchsorted(reached, (next(random) >> 11) * 2.0 ** -53, side="right")))
        drawn = _random_set(units, size, random)
        masks += [drawn, 1 - drawn]
    return np.array(masks[:samples])
