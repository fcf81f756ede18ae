"""How well scores of words find the evidence that was planted in a credit text."""

import numpy as np


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
