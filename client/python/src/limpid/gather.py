"""The parts of a stream become an `Explanation`."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

import numpy as np

from limpid import attention
from limpid.attention import AttentionChunk
from limpid.convert import read
from limpid.errors import BrokenAnswer
from limpid.results import Attribution, Explanation, Floats, Prediction, QualityReport, Source, Summary, Token, TokenMatrix
from limpid.v1 import explain_pb2 as pb

Part: TypeAlias = Prediction | Attribution | AttentionChunk | QualityReport | Summary


class Gatherer:
    """Of one answer: add() each message, then finish(). Both raise BrokenAnswer."""

    def __init__(self, request: pb.ExplainRequest) -> None:
        self._num_methods = len(request.methods)
        self._texts = tuple(text for text in (request.input.text, request.input.text_pair) if text)
        self._source: Source | None = None
        self._prediction: Prediction | None = None
        self._attributions: list[Attribution] = []
        self._refinements: dict[int, tuple[Attribution, ...]] = {}
        self._reports: dict[int, QualityReport] = {}
        self._chunks: list[AttentionChunk] = []
        self._summary: Summary | None = None

    @property
    def has_begun(self) -> bool:
        return bool(self._prediction or self._chunks)

    @property
    def is_complete(self) -> bool:
        return self._summary is not None

    def add(self, response: pb.ExplainResponse) -> Part | None:
        """The part as it came; None for one that this client is too old to know."""
        if self._summary:
            raise BrokenAnswer("a part of the answer came after its summary")
        part = self._read(response)
        if isinstance(part, Prediction):
            self._prediction = part
        elif isinstance(part, AttentionChunk):
            self._add_chunk(part)
        elif isinstance(part, QualityReport):
            self._reports[part.method_index] = part
        elif isinstance(part, Summary):
            self._summary = part
        elif part:
            self._add_attribution(part)
        return part

    def finish(self) -> Explanation:
        if not self._prediction or not self._summary or not self._source:
            raise BrokenAnswer("the answer ended without a summary, so parts are missing")
        missing = len(self._summary.missing_methods)
        if not self._summary.condition_unmet and len(self._attributions) + missing != self._num_methods:
            raise BrokenAnswer(f"{len(self._attributions)} attributions came for {self._num_methods} methods")
        if self._chunks and len(self._chunks) != self._chunks[0].chunk_count and not self._summary.partial:
            raise BrokenAnswer(f"{len(self._chunks)} of {self._chunks[0].chunk_count} attention chunks came")
        attributions = tuple(
            dataclasses.replace(one, quality=self._reports.get(one.method_index),
                                refinements=self._refinements.get(one.method_index, ()))
            for one in self._attributions)
        maps = attention.join(self._chunks, len(self._prediction.tokens))
        return Explanation(self._prediction, attributions, maps, self._summary, self._source)

    def _read(self, response: pb.ExplainResponse) -> Part | None:
        kind = response.WhichOneof("part")
        if kind == "attention":
            return AttentionChunk.read(response.attention)
        if kind == "prediction":
            prediction = read(Prediction, response.prediction)
            self._source = Source(self._texts, prediction.tokens)
            return prediction
        if kind is not None and self._source is None:
            raise BrokenAnswer(f"the answer begins with {kind}, not with a prediction")
        if kind == "attribution":
            return self._read_attribution(response.attribution)
        if kind == "quality":
            return read(QualityReport, response.quality)
        return read(Summary, response.summary) if kind == "summary" else None

    def _read_attribution(self, message: pb.Attribution) -> Attribution:
        assert self._source
        if len(message.scores) != len(message.units):
            raise BrokenAnswer(f"{len(message.scores)} scores came for {len(message.units)} units")
        heads = matrix = None
        if message.HasField("heads"):
            heads = _shaped(message.heads.scores, message.heads.layers, message.heads.heads)
        if message.HasField("matrix"):
            others = tuple(read(Token, token) for token in message.matrix.other_tokens)
            matrix = TokenMatrix(others, _shaped(message.matrix.values, len(self._source.tokens), len(others)))
        return read(Attribution, message, heads=heads, matrix=matrix, source=self._source)

    def _add_attribution(self, part: Attribution) -> None:
        if part.is_refining:
            self._refinements[part.method_index] = (*self._refinements.get(part.method_index, ()), part)
        else:
            self._attributions.append(part)

    def _add_chunk(self, part: AttentionChunk) -> None:
        if part.chunk_index != len(self._chunks):
            raise BrokenAnswer(f"attention chunk {part.chunk_index} came where {len(self._chunks)} was due")
        self._chunks.append(part)


def _shaped(values: object, rows: int, columns: int) -> Floats:
    try:
        return np.array(values, np.float32).reshape(rows, columns)
    except ValueError as error:
        raise BrokenAnswer(f"the answer has a matrix of another size than it says: {error}") from error
