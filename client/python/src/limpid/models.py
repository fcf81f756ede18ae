"""What a server holds, and what a request would cost there. Fields as in the contract (model.proto, explain.proto)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelIdentity:
    name: str
    weights_sha256: str


@dataclass(frozen=True)
class Limits:
    max_tokens: int
    max_text_bytes: int
    max_methods: int
    max_attention_bytes: int


@dataclass(frozen=True)
class Server:
    version: str
    device: str
    threads: int


@dataclass(frozen=True)
class Model:
    """task: classification, regression, multi_label, embedding, language_model,
    token_classification or question_answering. methods: names that Method and `methods=` take."""

    identity: ModelIdentity
    architecture: str
    task: str
    labels: tuple[str, ...]
    num_layers: int
    num_heads: int
    hidden_size: int
    vocab_size: int
    num_parameters: int
    limits: Limits
    methods: tuple[str, ...]
    device: str
    is_default: bool
    server: Server

    @property
    def name(self) -> str:
        return self.identity.name


@dataclass(frozen=True)
class Cost:
    """What a request would cost. refusal: why it would not be taken now; None if it would."""

    tokens: int
    rows_forward: int
    rows_backward: int
    flops: float
    peak_bytes: int
    answer_bytes: int
    compute_ms: float
    queue_ms: float
    admitted: bool
    refusal: Exception | None
