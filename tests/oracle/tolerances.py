"""How close is close: every tolerance of the oracle tests, with its reason.

Differences are against Transformers in fp32 with eager attention, scaled by the largest magnitude of the reference
array unless a line says otherwise.
"""

# Six layers of fp32 products summed in another order; measured 2e-6 and less.
LOGITS = 1e-5
# Pooled embeddings and target values: as logits.
EMBEDDING = 1e-5
TARGET_VALUE = 1e-5
PROBABILITY_ABSOLUTE = 1e-6

# Probabilities are at most 1, so an absolute bound.
ATTENTION_ABSOLUTE = 1e-6
# PyTorch's own fp32 maps of MiniLM lie 0.6e-6 to 3.6e-6 from its fp64 maps, growing with the text; ours lie as far (the
# ratio of the two errors is 1.05 over 20 texts). Hence FLOORS below, as for gradients.
ATTENTION_WORST = 1e-5
# Half precision keeps 11 bits: half a unit in the last place of a value below 1 is 2^-12.
ATTENTION_FLOAT16_ABSOLUTE = 2.5e-4

# Scores made of gradients, where the problem is well-conditioned.
GRADIENT = 5e-6
# Where it is not, fp32 itself is the limit: PyTorch's own fp32 result lies `floor` away from its fp64 result, and two
# correct fp32 programs may lie on opposite sides, each a small multiple of it away. One result alone may be near by luck,
# so of methods of one row the floor is the larger of two: a second one has its embeddings one rounding away.
FLOORS = 4
ONE_ROUNDING = 1 + 2**-23
# Whatever the conditioning, never worse.
GRADIENT_WORST = 1e-4

# Methods of many rows, beside fp64, where the problem is well-conditioned; and whatever the conditioning.
TEXT_METHOD, TEXT_METHOD_WORST = 1e-5, 1e-3

# Sums of attention products over layers, all terms positive: better conditioned than gradients.
ROLLOUT = 5e-6

# A result in a mixed batch against the same result alone: other rows change the shapes of the matrix products, and so
# the order of summation, nothing else.
BATCH = 1e-5

# The file that a client saves and the --json it prints carry fp32: no further loss.
FILE = 1e-7


def _allowed(floor, aim, worst):
    return min(worst, max(aim, FLOORS * floor))


def attention(floor: float) -> float:
    """Allowed absolute difference of attention maps, `floor` being |fp32 - fp64| of the reference itself."""
    return _allowed(floor, ATTENTION_ABSOLUTE, ATTENTION_WORST)


def gradient(floor: float) -> float:
    """Allowed difference of a gradient score, `floor` being |fp32 - fp64| of the reference itself."""
    return _allowed(floor, GRADIENT, GRADIENT_WORST)


def text_method(floor: float) -> float:
    """Allowed difference of a score that differs two rows' F, `floor` being |fp32 - fp64| of the reference itself."""
    return _allowed(floor, TEXT_METHOD, TEXT_METHOD_WORST)
