"""What a model says of a text: its tokens, and classes, labels of tokens, an answer or an embedding. Conventions as in results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats: TypeAlias = npt.NDArray[np.float32]
Ints: TypeAlias = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Token:
    """text: the vocabulary's spelling. sequence: 0 text, 1 text pair, -1 special. word: index in its sequence, or -1."""

    text: str
    id: int
    is_special: bool
    sequence: int
    word: int
    begin_byte: int
    end_byte: int
    begin_char: int
    end_char: int


@dataclass(frozen=True, slots=True)
class Tokenization:
    tokens: tuple[Token, ...]
    truncated: bool


@dataclass(frozen=True, eq=False)
class ClassScores:
    """logits, probabilities: [C]; no probabilities of a regression. Of a language model the ten best tokens, best first, and in
    `indices` their ids, which are empty for all others."""

    logits: Floats
    probabilities: Floats
    labels: tuple[str, ...]
    predicted_index: int
    indices: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Embedding:
    """values: [d], pooled."""

    values: Floats
    normalized: bool


@dataclass(frozen=True, eq=False)
class TokenClasses:
    """logits: [T * C], token by token. predicted_indices: [T]."""

    logits: Floats
    predicted_indices: Ints


@dataclass(frozen=True, eq=False)
class AnswerSpan:
    """Tokens [begin_token, end_token) of the text that `sequence` says, and where they stand there. begin_logits, end_logits: [T]."""

    begin_token: int
    end_token: int
    sequence: int
    begin_byte: int
    end_byte: int
    begin_char: int
    end_char: int
    probability: float
    begin_logits: Floats
    end_logits: Floats


@dataclass(frozen=True)
class ResolvedTarget:
    """The scalar F that is explained, and its value for this input. Indices are -1 where there is none. Tokens [begin_token,
    end_token): the one whose label, or the answer that is explained; else empty."""

    description: str
    class_index: int
    foil_index: int
    value: float
    begin_token: int
    end_token: int


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the model says. One of `classes`, `embedding` and `answer` is set; with `token_classes` the classes are those of the
    token that the target means."""

    tokens: tuple[Token, ...]
    truncated: bool
    classes: ClassScores | None
    embedding: Embedding | None
    answer: AnswerSpan | None
    target: ResolvedTarget | None
    token_classes: TokenClasses | None

    @property
    def label(self) -> str | None:
        """Of the predicted class; None for embeddings and classes without names."""
        return self.classes.labels[self.classes.predicted_index] if self.classes and self.classes.labels else None

    @property
    def probability(self) -> float | None:
        """Of the predicted class, or of the answer."""
        if self.answer:
            return self.answer.probability
        has_it = self.classes is not None and self.classes.probabilities.size > 0
        return float(self.classes.probabilities[self.classes.predicted_index]) if self.classes and has_it else None

    @property
    def token_labels(self) -> tuple[str, ...]:
        """Of each token, where the model labels tokens; else empty."""
        if not self.classes or not self.token_classes:
            return ()
        return tuple(self.classes.labels[index] for index in self.token_classes.predicted_indices)

    def to_frame(self) -> pd.DataFrame:
        """One row a class: label, logit, probability; of a model that labels tokens one row a token: token, label."""
        import pandas as pd
        if self.token_classes:
            return pd.DataFrame({"token": [token.text for token in self.tokens], "label": self.token_labels})
        if not self.classes:
            raise ValueError("an embedding and an answer have no classes")
        names = {"label": self.classes.labels, "logit": self.classes.logits, "probability": self.classes.probabilities}
        return pd.DataFrame({name: values for name, values in names.items() if len(values)})

    def __repr__(self) -> str:
        if self.answer:
            said = f"answer of tokens {self.answer.begin_token} to {self.answer.end_token - 1}, {self.answer.probability:.4f}"
        elif self.classes is None:
            said = f"embedding of {self.embedding.values.size} numbers" if self.embedding else "nothing"
        else:
            said = self.label or f"class {self.classes.predicted_index}"
            said += "" if self.probability is None else f" {self.probability:.4f}"
        return f"<Prediction {said}, {len(self.tokens)} tokens>"
