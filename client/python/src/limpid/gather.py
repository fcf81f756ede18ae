"""The parts of a stream become an `Explanation`, or a `GeneratedText`."""

from __future__ import annotations

import dataclasses
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
from google.protobuf.message import Message

from limpid import attention
from limpid.attention import AttentionChunk
from limpid.convert import read
from limpid.errors import BrokenAnswer
from limpid.generation import GeneratedText, GeneratedToken
from limpid.predictions import Floats, Prediction, Token
from limpid.results import Attribution, Explanation, QualityReport, Source, Summary, TokenMatrix
from limpid.v1 import explain_pb2 as pb

Part: TypeAlias = Prediction | Attribution | AttentionChunk | QualityReport | Summary
GenerationPart: TypeAlias = Prediction | GeneratedToken | Attribution | QualityReport | Summary

Response = TypeVar("Response", bound=Message, contravariant=True)
AnyPart = TypeVar("AnyPart", covariant=True)


class Gathering(Protocol[Response, AnyPart]):
    """Of one answer: add() each message, then finish(). Both raise BrokenAnswer."""

    @property
    def has_begun(self) -> bool: ...

    def add(self, response: Response, /) -> AnyPart | None:
        """The part as it came; None for one that this client is too old to know."""

    def finish(self) -> object: ...


class Gatherer:
    """The Gathering of Explain."""

    def __init__(self, request: pb.ExplainRequest) -> None:
        self._num_methods = len(request.methods)
        self._texts = _texts(request.input)
        self._source: Source | None = None
        self._prediction: Prediction | None = None
        self._collected = _Collected()
        self._chunks: list[AttentionChunk] = []
        self._summary: Summary | None = None

    @property
    def has_begun(self) -> bool:
        return bool(self._prediction or self._chunks)

    @property
    def is_complete(self) -> bool:
        return self._summary is not None

    def add(self, response: pb.ExplainResponse) -> Part | None:
        if self._summary:
            raise BrokenAnswer("a part of the answer came after its summary")
        part = self._read(response)
        if isinstance(part, Prediction):
            self._prediction = part
        elif isinstance(part, AttentionChunk):
            self._add_chunk(part)
        elif isinstance(part, Summary):
            self._summary = part
        elif part:
            self._collected.add(part)
        return part

    def finish(self) -> Explanation:
        if not self._prediction or not self._summary or not self._source:
            raise BrokenAnswer("the answer ended without a summary, so parts are missing")
        attributions = self._collected.attributions()
        missing = len(self._summary.missing_methods)
        if not self._summary.condition_unmet and len(attributions) + missing != self._num_methods:
            raise BrokenAnswer(f"{len(attributions)} attributions came for {self._num_methods} methods")
        if self._chunks and len(self._chunks) != self._chunks[0].chunk_count and not self._summary.partial:
            raise BrokenAnswer(f"{len(self._chunks)} of {self._chunks[0].chunk_count} attention chunks came")
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
            assert self._source
            return _read_attribution(response.attribution, self._source)
        if kind == "quality":
            return read(QualityReport, response.quality)
        return read(Summary, response.summary) if kind == "summary" else None

    def _add_chunk(self, part: AttentionChunk) -> None:
        if part.chunk_index != len(self._chunks):
            raise BrokenAnswer(f"attention chunk {part.chunk_index} came where {len(self._chunks)} was due")
        self._chunks.append(part)


class GenerationGatherer:
    """The Gathering of Generate."""

    def __init__(self, request: pb.GenerateRequest) -> None:
        self._num_methods = len(request.methods)
        self._explained = frozenset(request.explained)
        self._texts = _texts(request.input)
        self._prediction: Prediction | None = None
        self._tokens: list[GeneratedToken] = []
        self._collected: list[_Collected] = []  # of each token
        self._before: Source | None = None  # the newest token
        self._summary: Summary | None = None

    @property
    def has_begun(self) -> bool:
        return self._prediction is not None

    def add(self, response: pb.GenerateResponse) -> GenerationPart | None:
        if self._summary:
            raise BrokenAnswer("a part of the answer came after its summary")
        part = self._read(response)
        if isinstance(part, Prediction):
            self._prediction = part
        elif isinstance(part, Summary):
            self._summary = part
        elif isinstance(part, GeneratedToken):
            self._tokens.append(part)
            self._collected.append(_Collected())
        elif part:
            self._collected[-1].add(part)
        return part

    def finish(self) -> GeneratedText:
        if not self._prediction or not self._summary or not self._summary.generation:
            raise BrokenAnswer("the answer ended without a summary, so parts are missing")
        if len(self._tokens) != self._summary.generation.tokens:
            raise BrokenAnswer(f"{len(self._tokens)} of {self._summary.generation.tokens} tokens came")
        tokens = tuple(map(self._with_attributions, self._tokens, self._collected))
        return GeneratedText(self._prediction, tokens, self._summary, Source(self._texts, self._prediction.tokens))

    def _read(self, response: pb.GenerateResponse) -> GenerationPart | None:
        kind = response.WhichOneof("part")
        if kind == "prediction":
            return read(Prediction, response.prediction)
        if kind is not None and not self._prediction:
            raise BrokenAnswer(f"the answer begins with {kind}, not with a prediction")
        if kind == "token":
            return self._read_token(response.token)
        if kind == "attribution":
            self._check_is_of_newest(response.attribution.generated_index)
            return _read_attribution(response.attribution, self._source())
        if kind == "quality":
            self._check_is_of_newest(response.quality.generated_index)
            return read(QualityReport, response.quality)
        return read(Summary, response.summary) if kind == "summary" else None

    def _read_token(self, message: pb.GeneratedToken) -> GeneratedToken:
        if message.index != len(self._tokens):
            raise BrokenAnswer(f"generated token {message.index} came where {len(self._tokens)} was due")
        self._before = None
        return read(GeneratedToken, message)

    def _source(self) -> Source:
        """Of the newest token's attributions: all before it, the generated text as a second sequence."""
        assert self._prediction
        if self._before is None:
            before = self._tokens[:-1]
            texts = (*self._texts, "".join(token.text for token in before)) if self._texts else ()
            self._before = Source(texts, (*self._prediction.tokens, *(token.token for token in before)))
        return self._before

    def _check_is_of_newest(self, index: int) -> None:
        if index != len(self._tokens) - 1:
            raise BrokenAnswer(f"an explanation of generated token {index} came after {len(self._tokens)} tokens")

    def _with_attributions(self, token: GeneratedToken, collected: _Collected) -> GeneratedToken:
        attributions = collected.attributions()
        wanted = self._num_methods if token.index in self._explained or not self._explained else 0
        if len(attributions) != wanted:
            raise BrokenAnswer(f"generated token {token.index} has {len(attributions)} attributions of {wanted} methods")
        return dataclasses.replace(token, attributions=attributions)


class _Collected:
    """What came of each method, in the order asked."""

    def __init__(self) -> None:
        self._whole: list[Attribution] = []
        self._refinements: dict[int, tuple[Attribution, ...]] = {}
        self._reports: dict[int, QualityReport] = {}

    def add(self, part: Attribution | QualityReport) -> None:
        if isinstance(part, QualityReport):
            self._reports[part.method_index] = part
        elif part.is_refining:
            self._refinements[part.method_index] = (*self._refinements.get(part.method_index, ()), part)
        else:
            self._whole.append(part)

    def attributions(self) -> tuple[Attribution, ...]:
        return tuple(dataclasses.replace(one, quality=self._reports.get(one.method_index),
                                         refinements=self._refinements.get(one.method_index, ()))
                     for one in self._whole)


def _texts(given: pb.Input) -> tuple[str, ...]:
    return tuple(text for text in (given.text, given.text_pair) if text)


def _read_attribution(message: pb.Attribution, source: Source) -> Attribution:
    if len(message.scores) != len(message.units):
        raise BrokenAnswer(f"{len(message.scores)} scores came for {len(message.units)} units")
    heads = matrix = None
    if message.HasField("heads"):
        heads = _shaped(message.heads.scores, message.heads.layers, message.heads.heads)
    if message.HasField("matrix"):
        others = tuple(read(Token, token) for token in message.matrix.other_tokens)
        matrix = TokenMatrix(others, _shaped(message.matrix.values, len(source.tokens), len(others)))
    return read(Attribution, message, heads=heads, matrix=matrix, source=source)


def _shaped(values: object, rows: int, columns: int) -> Floats:
    try:
        return np.array(values, np.float32).reshape(rows, columns)
    except ValueError as error:
        raise BrokenAnswer(f"the answer has a matrix of another size than it says: {error}") from error
