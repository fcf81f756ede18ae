"""The coalitions that the server draws, written again from their definition (base/random.h, methods/lib/coalitions.h)."""

import numpy as np

WORD = 2 ** 64


class Random:
    """SplitMix64 (Steele et al. 2014)."""

    STEP = 0x9E3779B97F4A7C15

    def __init__(self, seed, stream):
        self.state = self._mixed((seed + self.STEP) % WORD) ^ self._mixed((stream * self.STEP + 1) % WORD)

    @staticmethod
    def _mixed(z):
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % WORD
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % WORD
        return z ^ (z >> 31)

    def next(self):
        self.state = (self.state + self.STEP) % WORD
        return self._mixed(self.state)

    def below(self, bound):
        return self.next() % bound

    def uniform(self):
        return (self.next() >> 11) * 2.0 ** -53


def _random_set(units, size, random):
    order = list(range(units))
    for i in range(size):
        j = i + random.below(units - i)
        order[i], order[j] = order[j], order[i]
    mask = np.zeros(units, int)
    mask[order[:size]] = 1
    return mask


def lime_masks(units, samples, seed):
    """[samples, units]: everything, then with 1 + below(units) units taken out."""
    masks = [np.ones(units, int)]
    for sample in range(1, samples):
        random = Random(seed, sample)
        masks.append(1 - _random_set(units, 1 + random.below(units), random))
    return np.array(masks)


def shapley_masks(units, samples, seed):
    """[samples, units]: nothing, everything, then pairs of a set and its complement, of sizes as the Shapley kernel has."""
    weights = [1 / (size * (units - size)) for size in range(1, units)]
    masks = [np.zeros(units, int), np.ones(units, int)]
    for pair in range((samples - 1) // 2):
        random = Random(seed, pair)
        reached = np.cumsum(weights) / sum(weights)
        size = 1 + min(units - 2, int(np.searchsorted(reached, random.uniform(), side="right")))
        drawn = _random_set(units, size, random)
        masks += [drawn, 1 - drawn]
    return np.array(masks[:samples])
