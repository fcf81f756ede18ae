"""What explain_many remembers, whoever does the waiting: texts under way, which to ask for again, what comes next."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from limpid import errors, requests
from limpid.errors import BrokenAnswer, Code, InvalidRequest, LimpidError, Unavailable
from limpid.gather import Gatherer
from limpid.requests import ExplainItem, ExplainOptions, Text
from limpid.results import Explanation
from limpid.retry import Attempts, backoff_seconds
from limpid.v1 import explain_pb2 as pb

@dataclass(frozen=True)
class Outgoing:
    """A message that is not sent before `due` (time.monotonic)."""

    message: pb.ExplainManyRequest
    due: float

    def wait_seconds(self) -> float:
        return max(0.0, self.due - time.monotonic())


@dataclass
class _Item:
    request: pb.ExplainManyRequest
    gatherer: Gatherer = field(init=False)
    attempts: int = 0
    outcome: Explanation | LimpidError | None = None

    def send(self, wait_seconds: float = 0.0) -> Outgoing:
        self.attempts += 1
        self.gatherer = Gatherer(self.request.request)
        return Outgoing(self.request, time.monotonic() + wait_seconds)


class Work:
    """At most `in_flight` texts from being sent to being taken by ready(), which gives them in the order they came."""

    def __init__(self, model: str, options: ExplainOptions, in_flight: int, attempts: Attempts) -> None:
        """`attempts`: of the stream, while nothing is answered; each text has as many."""
        if in_flight < 1:
            raise ValueError(f"in_flight is {in_flight}; it has to be 1 at least")
        self._model, self._options = model, options
        self._in_flight, self.attempts = in_flight, attempts
        self._waiting: deque[_Item] = deque()
        self._by_id: dict[str, _Item] = {}
        self._num_admitted = 0
        self._has_all = False

    @property
    def has_room(self) -> bool:
        return not self._has_all and len(self._waiting) < self._in_flight

    @property
    def is_waiting(self) -> bool:
        """For an answer: of the first text, as ready() has given all before it."""
        return bool(self._waiting)

    @property
    def is_done(self) -> bool:
        return self._has_all and not self._waiting

    def admit(self, text: Text | ExplainItem | None) -> Outgoing | None:
        """None: there are no more."""
        if text is None:
            self._has_all = True
            return None
        item = _Item(pb.ExplainManyRequest(id=str(self._num_admitted)))
        self._num_admitted += 1
        self._waiting.append(item)
        try:
            item.request.request.CopyFrom(requests.explain_item(self._model, text, self._options))
        except InvalidRequest as error:
            item.outcome = error
            return None
        self._by_id[item.request.id] = item
        return item.send()

    def receive(self, message: pb.ExplainManyResponse | None) -> Outgoing | None:
        """What is to be sent again because of it. Raises if it has to go to another server, or the stream has ended."""
        if message is None:
            raise Unavailable("the stream ended before all was answered", code=Code.UNAVAILABLE, retry_after=0.0)
        item = self._by_id.get(message.id)
        if item is None:
            raise BrokenAnswer(f"an answer came for {message.id!r}, which nobody waits for")
        if message.WhichOneof("outcome") == "failure":
            return self._fail(item, errors.of_failure(message.failure))
        try:
            item.gatherer.add(message.response)
            if item.gatherer.is_complete:
                self._end(item, item.gatherer.finish())
        except BrokenAnswer as error:
            self._end(item, error)
        return None

    def ready(self) -> Iterator[Explanation | LimpidError]:
        while self._waiting and self._waiting[0].outcome is not None:
            outcome = self._waiting.popleft().outcome
            assert outcome is not None
            yield outcome

    def resume(self, error: LimpidError) -> list[Outgoing]:
        """The stream broke: what to send on a new one, or raises the error if it makes no sense to go on."""
        wait = self.attempts.wait_after(error)
        return [item.send(wait) for item in self._by_id.values()]

    def _fail(self, item: _Item, error: LimpidError) -> Outgoing | None:
        if error.retry_after is None or item.attempts >= self.attempts.max_attempts:
            self._end(item, error)
            return None
        if isinstance(error, Unavailable):
            raise error
        return item.send(max(error.retry_after, backoff_seconds(item.attempts)))

    def _end(self, item: _Item, outcome: Explanation | LimpidError) -> None:
        item.outcome = outcome
        self.attempts.begin_anew()
        del self._by_id[item.request.id]
