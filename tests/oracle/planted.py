"""How well scores of words find the evidence that was planted in a credit text."""

import numpy as np

CHANCE = "chance (random scores)"


def within(unit, spans):
    return any(span.begin_byte <= unit.begin_byte and unit.end_byte <= span.end_byte for span in spans)


def rank(scores, is_evidence):
    """Is the highest score evidence, and the average precision of the whole ranking."""
    hits = is_evidence[np.argsort(-scores, kind="stable")]
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return hits[0], precision[hits].mean()


def share(scores, is_evidence):
    """The evidence's part of the sum of |score|."""
    return np.abs(scores[is_evidence]).sum() / np.abs(scores).sum()


class Findings:
    """Of each method, and of chance, what its scores found in text after text."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.rows = {}

    def add(self, scores, is_evidence):
        """{method: scores of the words that are ranked}, and which of these are evidence."""
        for method, of_words in (scores | {CHANCE: self.rng.random(len(is_evidence))}).items():
            found = (*rank(of_words, is_evidence), share(of_words, is_evidence))
            self.rows.setdefault(method, []).append(found)

    def means(self):
        """{method: (share of hits, mean average precision, mean share of the sum)}"""
        return {method: np.array(found, float).mean(0) for method, found in self.rows.items()}

    def table(self):
        lines = [f"{'method':<40} {'top word is evidence':>20} {'average precision':>18} {'share of the sum':>17}"]
        return lines + [f"{method:<40} {hit:>20.1%} {precision:>18.3f} {part:>17.1%}"
                        for method, (hit, precision, part) in self.means().items()]
