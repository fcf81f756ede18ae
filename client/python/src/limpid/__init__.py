"""Asks a Limpid server what a Transformer predicts, and why.

    from limpid import Client

    with Client("127.0.0.1:50051") as client:
        answer = client.explain("Income is stable, but two payments were missed.", methods="saliency", granularity="word")
        answer.prediction.label, answer["saliency"].scores, answer.to_frame()

`AsyncClient` is the same for asyncio, limpid.captum has Captum's call shape, limpid.v1 the contract's messages.
"""

from limpid.aio import AsyncClient
from limpid.attention import Attention, AttentionChunk
from limpid.client import Client
from limpid.connection import Tls
from limpid.errors import (BrokenAnswer, DeadlineExceeded, InvalidRequest, LimpidError, Overloaded, ServerFailure, TooLarge,
                           Unauthorized, Unavailable)
from limpid.generation import Alternative, GeneratedText, GeneratedToken
from limpid.models import Cost, Model
from limpid.predictions import Prediction, Token, Tokenization
from limpid.requests import ExplainItem, ExplainOptions, GenerateOptions, InputOptions, Method, Sampling, Target
from limpid.results import Attribution, Explanation, Generation, QualityReport, Summary

__all__ = [
    "Alternative", "AsyncClient", "Attention", "AttentionChunk", "Attribution", "BrokenAnswer", "Client", "Cost",
    "DeadlineExceeded", "ExplainItem", "ExplainOptions", "Explanation", "GenerateOptions", "GeneratedText",
    "GeneratedToken", "Generation", "InputOptions", "InvalidRequest", "LimpidError", "Method", "Model", "Overloaded",
    "Prediction", "QualityReport", "Sampling", "ServerFailure", "Summary", "Target", "Tls", "Token", "Tokenization",
    "TooLarge", "Unauthorized", "Unavailable",
]
