"""What can go wrong. Every error of a call is a `LimpidError`; its class says what to do, its `reason` why."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import grpc
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from limpid.v1 import explain_pb2 as pb

Code = grpc.StatusCode


class LimpidError(Exception):
    """A call failed.

    message: the server's text, which names the field and the limit.
    code: gRPC's status code. reason: the contract's word for it, such as "OVERLOADED"; empty where there is none.
    fields: the request's fields that are wrong, such as "methods[0].saliency.reduction".
    retry_after: seconds after which another try makes sense; None where none does.
    request_id: under which the server logged the call; empty if it did not say.
    """

    def __init__(self, message: str, *, code: grpc.StatusCode = Code.UNKNOWN, reason: str = "",
                 fields: Sequence[str] = (), retry_after: float | None = None, request_id: str = "") -> None:
        super().__init__(message)
        self.message, self.code, self.reason = message, code, reason
        self.fields, self.retry_after, self.request_id = tuple(fields), retry_after, request_id

    def __str__(self) -> str:
        return f"{self.message} ({self.reason or self.code.name})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions with keyword arguments do not travel between processes by themselves.
        return _rebuild, (type(self), self.message, self.__dict__)


class InvalidRequest(LimpidError, ValueError):
    """Repair the request: a field, a name or an option is wrong, or the server does not have what is asked for."""


class TooLarge(InvalidRequest):
    """Over a limit of model, server or device: shorten the text, or ask for fewer attention maps."""


class Unauthorized(LimpidError):
    """The token or the certificate is missing, unknown, or does not allow this."""


class Overloaded(LimpidError):
    """No room: the server's queue (OVERLOADED), this client's share (CLIENT_LIMIT), or not in time here
    (DEADLINE_UNMEETABLE). Raised when the retries are used up."""


class Unavailable(LimpidError):
    """No server answers, or it is starting, being stopped, or lost its device. Raised when the retries are used up."""


class DeadlineExceeded(LimpidError, TimeoutError):
    """The timeout came first."""


class ServerFailure(LimpidError):
    """A defect of the server, or a result that is not finite. Do not retry; report it with `request_id`."""


class BrokenAnswer(ServerFailure):
    """The answer is not what the contract promises: client and server are of different ages, or parts are missing."""


_BY_CODE: dict[grpc.StatusCode, type[LimpidError]] = {
    Code.INVALID_ARGUMENT: InvalidRequest,
    Code.NOT_FOUND: InvalidRequest,
    Code.UNIMPLEMENTED: InvalidRequest,
    Code.RESOURCE_EXHAUSTED: TooLarge,
    Code.UNAUTHENTICATED: Unauthorized,
    Code.PERMISSION_DENIED: Unauthorized,
    Code.UNAVAILABLE: Unavailable,
    Code.DEADLINE_EXCEEDED: DeadlineExceeded,
    Code.INTERNAL: ServerFailure,
    Code.DATA_LOSS: ServerFailure,
}
_BY_REASON: dict[str, type[LimpidError]] = {
    "REQUEST_TOO_LARGE": TooLarge,
    "OVERLOADED": Overloaded,
    "CLIENT_LIMIT": Overloaded,
    "DEADLINE_UNMEETABLE": Overloaded,
}
# Not the server's word if its request id is missing: a proxy lost its replica and reset the stream, or gRPC's server did, for
# the call came while it shut down (grpc/grpc#41785).
_RESETS = {Code.INTERNAL, Code.CANCELLED}
_CODES = {code.value[0]: code for code in Code}


def of_failure(failure: pb.Failure) -> LimpidError:
    """The error of one request of a stream, or of a refused estimate."""
    retry_after = failure.retry_after_ms / 1000 if failure.retry_after_ms >= 0 else None
    return _make(failure.message, _CODES.get(failure.code, Code.UNKNOWN), failure.reason, retry_after=retry_after)


def of_call(error: grpc.RpcError) -> LimpidError:
    """The error of a call that gRPC ended."""
    assert isinstance(error, (grpc.Call, grpc.aio.AioRpcError))
    trailers = {key: value for key, value in error.trailing_metadata() or ()}
    reason, fields, delay = _details(trailers.get("grpc-status-details-bin", b""))
    pushback = trailers.get("grpc-retry-pushback-ms")
    if pushback is not None:
        delay = int(pushback) / 1000 if int(pushback) >= 0 else None
    elif delay is None and error.code() == Code.UNAVAILABLE:
        delay = 0.0  # nobody said so, for nobody was reached
    elif delay is None and error.code() in _RESETS and "x-request-id" not in trailers:
        delay = 0.0
    return _make(error.details() or "", error.code(), reason, fields=fields, retry_after=delay,
                 request_id=str(trailers.get("x-request-id", "")))


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """gRPC's errors leave the block as ours."""
    try:
        yield
    except grpc.RpcError as error:
        raise of_call(error) from error


def _make(message: str, code: grpc.StatusCode, reason: str, **rest: Any) -> LimpidError:
    kind = _BY_REASON.get(reason) or _BY_CODE.get(code, LimpidError)
    return kind(message, code=code, reason=reason, **rest)


def _details(encoded: bytes | str) -> tuple[str, list[str], float | None]:
    """(reason, fields, seconds to wait) of google.rpc.Status."""
    reason, fields, delay = "", [], None
    for detail in status_pb2.Status.FromString(encoded).details if encoded else ():
        info, bad, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            reason = info.reason
        elif detail.Unpack(bad):
            fields = [violation.field for violation in bad.field_violations]
        elif detail.Unpack(retry):
            delay = retry.retry_delay.ToTimedelta().total_seconds()
    return reason, fields, delay


def _rebuild(kind: type[LimpidError], message: str, state: dict[str, Any]) -> LimpidError:
    error = kind(message)
    error.__dict__.update(state)
    return error
