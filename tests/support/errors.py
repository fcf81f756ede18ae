"""What a refusal says beside its code and text."""

from dataclasses import dataclass, field

import grpc

from support.proto import error_pb, status_pb


@dataclass
class Refusal:
    code: grpc.StatusCode
    text: str
    reason: str = ""
    metadata: dict = field(default_factory=dict)
    fields: list = field(default_factory=list)
    quota: list = field(default_factory=list)
    retry_seconds: float = None
    pushback_ms: int = None  # the trailer grpc-retry-pushback-ms


def refusal_of(error: grpc.RpcError) -> Refusal:
    refusal = Refusal(error.code(), error.details())
    trailers = dict(error.trailing_metadata() or ())
    if "grpc-retry-pushback-ms" in trailers:
        refusal.pushback_ms = int(trailers["grpc-retry-pushback-ms"])
    status = status_pb.Status.FromString(trailers.get("grpc-status-details-bin", b""))
    for detail in status.details:
        for kind in (error_pb.ErrorInfo, error_pb.BadRequest, error_pb.QuotaFailure, error_pb.RetryInfo):
            message = kind()
            if detail.Unpack(message):
                _add(message, refusal)
    return refusal


def _add(detail, refusal):
    if isinstance(detail, error_pb.ErrorInfo):
        assert detail.domain == "limpid.v1"
        refusal.reason, refusal.metadata = detail.reason, dict(detail.metadata)
    elif isinstance(detail, error_pb.BadRequest):
        refusal.fields = [violation.field for violation in detail.field_violations]
    elif isinstance(detail, error_pb.QuotaFailure):
        refusal.quota = [violation.subject for violation in detail.violations]
    else:
        refusal.retry_seconds = detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9
