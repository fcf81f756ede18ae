"""What a causal language model wrote, and why each token: the results of `generate`, as those of results.py.

N is the number of generated tokens, T of the input's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from limpid import html
from limpid.predictions import Floats, Prediction, Token
from limpid.results import Attribution, Source, Summary, choose

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Alternative:
    """A token that could have come instead. text: the vocabulary's spelling."""

    id: int
    text: str
    log_prob: float


@dataclass(frozen=True, eq=False)
class GeneratedToken:
    """A token that was generated, or given as the completion. `token["saliency"]` and `token[0]` say why it came: attributions
    for the tokens before it.

    text: what it made final of the text; a character of several tokens comes with the last of them.
    log_prob: log softmax(logits), without temperature and the like.
    attributions: empty in a stream, where they follow the token as parts of their own.
    """

    index: int
    token: Token
    text: str
    logit: float
    log_prob: float
    alternatives: tuple[Alternative, ...]
    attributions: tuple[Attribution, ...] = field(default=(), repr=False)

    @property
    def piece(self) -> str:
        """Its text; where that is empty, the vocabulary's spelling."""
        return self.text or self.token.text

    def __getitem__(self, which: int | str) -> Attribution:
        return choose(self.attributions, which)

    def _repr_html_(self) -> str:
        return html.of_generated_token(self)


@dataclass(frozen=True, eq=False)
class GeneratedText:
    """A whole answer of `generate`. `generated[3]` is a token; it iterates over them.

    prediction: of the input alone. source: the input.
    """

    prediction: Prediction
    tokens: tuple[GeneratedToken, ...]
    summary: Summary
    source: Source = field(repr=False)

    @property
    def text(self) -> str:
        """All that was generated, without what stopped it."""
        return self.summary.generation.text if self.summary.generation else ""

    @property
    def finish_reason(self) -> str:
        """length, end (the model's end of text), stop or completion."""
        return self.summary.generation.finish_reason if self.summary.generation else ""

    @property
    def log_probs(self) -> Floats:
        """[N]"""
        return np.array([token.log_prob for token in self.tokens], np.float32)

    def scores(self, method: int | str = 0) -> Floats:
        """[N, T + N]: row n says what generated token n owes to each token of the input, then to each generated one; NaN where
        there is no score. Of granularity "token" only: words grow while they are generated."""
        given = len(self.prediction.tokens)
        scores = np.full((len(self.tokens), given + len(self.tokens)), np.nan, np.float32)
        for token in self.tokens:
            if not token.attributions:
                continue
            attribution = token[method]
            if any(unit.end_token - unit.begin_token != 1 for unit in attribution.units):
                raise ValueError("scores of words or sentences make no matrix; ask with granularity=\"token\"")
            scores[token.index, [unit.begin_token for unit in attribution.units]] = attribution.scores
        return scores

    def to_frame(self) -> pd.DataFrame:
        """The frames of all attributions, one below the other: generated_index, generated (the token's text), then the columns
        of Attribution.to_frame."""
        import pandas as pd
        frames = [attribution.to_frame().assign(generated_index=token.index, generated=token.piece)
                  for token in self.tokens for attribution in token.attributions]
        whole = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
        return whole[sorted(whole.columns, key=lambda name: not name.startswith("generated"))]

    def tokens_to_frame(self) -> pd.DataFrame:
        """One row a token: index, piece, id, logit, log_prob."""
        import pandas as pd
        return pd.DataFrame([{"index": token.index, "piece": token.piece, "id": token.token.id, "logit": token.logit,
                              "log_prob": token.log_prob} for token in self.tokens])

    def __getitem__(self, index: int) -> GeneratedToken:
        return self.tokens[index]

    def __iter__(self) -> Iterator[GeneratedToken]:
        return iter(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def __repr__(self) -> str:
        return f"<GeneratedText by {self.summary.model.name}: {self.text!r}, {len(self.tokens)} tokens, {self.finish_reason}>"

    def _repr_html_(self) -> str:
        return html.of_generated_text(self)
