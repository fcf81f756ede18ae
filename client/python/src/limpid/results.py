"""Answers as frozen dataclasses with NumPy arrays.

Fields have the contract's names and meanings (proto/limpid/v1/explain.proto says more of each). In shapes T is the number
of tokens, U of units (tokens, or words with granularity="word"), C of classes, L of layers, H of heads, d the hidden size.
Durations are milliseconds. Offsets are half-open; `_byte` into the text's UTF-8, `_char` into the Python string.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from limpid import html
from limpid.attention import Attention
from limpid.models import ModelIdentity
from limpid.predictions import Floats, Ints, Prediction, ResolvedTarget, Token

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Completeness:
    """Of scores that sum to value - baseline_value."""

    value: float
    baseline_value: float
    error: float
    refinement_error: float
    is_certified: bool


@dataclass(frozen=True)
class MethodCard:
    """What was computed, so that another program can reproduce it. What does not apply is empty, 0 or -1."""

    method: str
    attach_point: str
    reduction: str
    is_signed: bool
    layer: int
    query_token: int
    depends_on_target: bool
    sum_abs: float
    replacement: str
    rows: int
    units: int
    baseline: str
    seed: int
    samples: int
    form: str
    aggregation: str
    normalization: str
    scale: float
    completeness: Completeness | None


@dataclass(frozen=True, slots=True)
class Unit:
    """What a score stands for: tokens [begin_token, end_token) of the prediction."""

    begin_token: int
    end_token: int
    sequence: int
    is_special: bool
    begin_byte: int
    end_byte: int
    begin_char: int
    end_char: int


@dataclass(frozen=True, eq=False)
class TokenMatrix:
    """values: [T, tokens of the other text]."""

    other_tokens: tuple[Token, ...]
    values: Floats


@dataclass(frozen=True)
class Edit:
    """replacement: what stands there now; empty, and replacement_id -1: taken out."""

    unit: Unit
    replacement: str
    replacement_id: int


@dataclass(frozen=True, eq=False)
class Edits:
    """A changed input, and what the model makes of it. outcome: found, not_found, budget_spent."""

    outcome: str
    is_minimal: bool
    edits: tuple[Edit, ...]
    token_ids: Ints
    type_ids: Ints
    text: str
    text_pair: str
    margin_before: float
    margin_after: float
    class_before: int
    class_after: int
    probabilities: Floats


@dataclass(frozen=True, eq=False)
class QualityValue:
    """random_value: mean of the same metric over random orders of the words; None where there is none."""

    metric: str
    value: float
    random_value: float | None
    beats_random: bool
    curve: Floats
    shares: Floats


@dataclass(frozen=True)
class QualityReport:
    """generated_index: of a generation, the token that is explained; else None."""

    method_index: int
    values: tuple[QualityValue, ...]
    replacement: str
    rows: int
    generated_index: int | None


@dataclass(frozen=True)
class Source:
    """What was explained: the texts that were sent (none, if ids were), and its tokens. Of a generated token, the text and
    what was generated before it."""

    texts: tuple[str, ...]
    tokens: tuple[Token, ...]

    def piece(self, unit: Unit) -> str:
        """The text of a unit; a special token's, or an id's, spelling."""
        if 0 <= unit.sequence < len(self.texts) and unit.end_char > unit.begin_char:
            return self.texts[unit.sequence][unit.begin_char:unit.end_char]
        return " ".join(token.text for token in self.tokens[unit.begin_token:unit.end_token])


@dataclass(frozen=True, eq=False)
class Attribution:
    """One method's answer.

    scores: [U], one a unit; empty for head scores. scaled_scores: the same by card.scale, with a normalization.
    heads: [L, H], of head_importance. matrix: of token_interactions. edits: of hot_flip, input_reduction, counterfactual.
    refinements: the same method with fewer passes, with send_refinements.
    generated_index, target: of a generation, the token that is explained and its F; else None.
    """

    method_index: int
    card: MethodCard
    scores: Floats
    units: tuple[Unit, ...]
    heads: Floats | None
    is_refining: bool
    scaled_scores: Floats
    matrix: TokenMatrix | None
    edits: Edits | None
    generated_index: int | None
    target: ResolvedTarget | None
    source: Source = field(repr=False)
    quality: QualityReport | None = None
    refinements: tuple[Attribution, ...] = ()

    @property
    def method(self) -> str:
        return self.card.method

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text of each unit."""
        return tuple(self.source.piece(unit) for unit in self.units)

    def to_frame(self) -> pd.DataFrame:
        """One row a unit: method, piece, score, sequence, is_special, begin_char, end_char; of head scores one row a head:
        method, layer, head, score."""
        import pandas as pd
        if self.heads is not None:
            layer, head = np.indices(self.heads.shape)
            return pd.DataFrame({"method": self.method, "layer": layer.ravel(), "head": head.ravel(),
                                 "score": self.heads.ravel()})
        units = {name: [getattr(unit, name) for unit in self.units]
                 for name in ("sequence", "is_special", "begin_char", "end_char")}
        return pd.DataFrame({"method": self.method, "piece": self.pieces, "score": self.scores, **units})

    def __repr__(self) -> str:
        if self.heads is not None:
            return f"<Attribution {self.method}, {self.heads.shape[0]} layers of {self.heads.shape[1]} heads>"
        pieces = self.pieces
        largest = sorted((i for i, unit in enumerate(self.units) if not unit.is_special),
                         key=lambda i: -abs(float(self.scores[i])))[:3]
        return " ".join([f"<Attribution {self.method}, {len(self.units)} units:",
                         ", ".join(f"{pieces[i]!r} {self.scores[i]:+.4g}" for i in largest)]) + ">"

    def _repr_html_(self) -> str:
        return html.of_attribution(self)


@dataclass(frozen=True)
class Timings:
    tokenize_ms: float
    queue_ms: float
    compute_ms: float
    total_ms: float


@dataclass(frozen=True)
class Generation:
    """How a generation ended. finish_reason: length, end, stop or completion. text: all of it, without what stopped it."""

    finish_reason: str
    tokens: int
    text: str
    first_token_ms: float
    first_explained_token_ms: float


@dataclass(frozen=True)
class Summary:
    """What the answer cost, of which weights it is, and what is missing in it. generation: None of an explanation."""

    timings: Timings
    rows_forward: int
    rows_backward: int
    tokens: int
    attention_bytes: int
    model: ModelIdentity
    server_version: str
    partial: bool
    missing_methods: tuple[int, ...]
    missing_attention_layers: tuple[int, ...]
    condition_unmet: bool
    missing_quality: tuple[int, ...]
    generation: Generation | None


def choose(attributions: tuple[Attribution, ...], which: int | str) -> Attribution:
    """By index or method's name."""
    if isinstance(which, int):
        return attributions[which]
    for attribution in attributions:
        if attribution.method == which:
            return attribution
    raise KeyError(f"{which}: the answer has {', '.join(a.method for a in attributions) or 'no method'}")


@dataclass(frozen=True, eq=False)
class Explanation:
    """A whole answer. `explanation["saliency"]` and `explanation[0]` are attributions; it iterates over them."""

    prediction: Prediction
    attributions: tuple[Attribution, ...]
    attention: Attention | None
    summary: Summary
    source: Source = field(repr=False)

    def __getitem__(self, which: int | str) -> Attribution:
        return choose(self.attributions, which)

    def __iter__(self) -> Iterator[Attribution]:
        return iter(self.attributions)

    def __len__(self) -> int:
        return len(self.attributions)

    def to_frame(self) -> pd.DataFrame:
        """The frames of all attributions, one below the other."""
        import pandas as pd
        return pd.concat([attribution.to_frame() for attribution in self.attributions], ignore_index=True)

    def __repr__(self) -> str:
        parts = [repr(self.prediction), *map(repr, self.attributions), *([repr(self.attention)] if self.attention else [])]
        return f"<Explanation by {self.summary.model.name}: {' '.join(parts)}>"

    def _repr_html_(self) -> str:
        return html.of_explanation(self)
