"""The service's calls, and what their answers become: what `Client` and `AsyncClient` share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypedDict, TypeVar

from google.protobuf.message import Message

from limpid import errors
from limpid.convert import read
from limpid.models import Cost, Model
from limpid.predictions import Prediction, Tokenization
from limpid.v1 import explain_pb2 as pb

Request = TypeVar("Request", bound=Message)
Response = TypeVar("Response", bound=Message)
Result = TypeVar("Result")

SERVICE = "/limpid.v1.Explainer/"
EXPLAIN_MANY = SERVICE + "ExplainMany"


class Settings(TypedDict):
    """Of each call: seconds, and what goes with the request."""

    timeout: float | None
    metadata: tuple[tuple[str, str], ...]


def serialize(message: Message) -> bytes:
    return message.SerializeToString()


@dataclass(frozen=True)
class Unary(Generic[Request, Response, Result]):
    """A call with one answer."""

    name: str
    parse: Callable[[bytes], Response]
    read: Callable[[Response], Result]


@dataclass(frozen=True)
class Stream(Generic[Request, Response]):
    """A call whose answer comes in parts."""

    name: str
    parse: Callable[[bytes], Response]


EXPLAIN = Stream[pb.ExplainRequest, pb.ExplainResponse]("Explain", pb.ExplainResponse.FromString)
GENERATE = Stream[pb.GenerateRequest, pb.GenerateResponse]("Generate", pb.GenerateResponse.FromString)


def _cost(response: pb.EstimateCostResponse) -> Cost:
    refusal = errors.of_failure(response.refusal) if response.HasField("refusal") else None
    return read(Cost, response, refusal=refusal)


PREDICT = Unary[pb.PredictRequest, pb.PredictResponse, Prediction](
    "Predict", pb.PredictResponse.FromString, lambda response: read(Prediction, response.prediction))
TOKENIZE = Unary[pb.TokenizeRequest, pb.TokenizeResponse, Tokenization](
    "Tokenize", pb.TokenizeResponse.FromString, lambda response: read(Tokenization, response))
ESTIMATE_COST = Unary[pb.EstimateCostRequest, pb.EstimateCostResponse, Cost](
    "EstimateCost", pb.EstimateCostResponse.FromString, _cost)
LIST_MODELS = Unary[pb.ListModelsRequest, pb.ListModelsResponse, tuple[Model, ...]](
    "ListModels", pb.ListModelsResponse.FromString,
    lambda response: tuple(read(Model, model) for model in response.models))
GET_MODEL = Unary[pb.GetModelRequest, pb.GetModelResponse, Model](
    "GetModel", pb.GetModelResponse.FromString, lambda response: read(Model, response.model))
