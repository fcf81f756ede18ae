"""When a call is made again.

gRPC's own retries (a service config's retryPolicy) know the server's pushback too, and are not used: a pushback of 0, which
says that another replica may have room at once, makes grpcio 1.85.3 wait for the call's deadline instead; and a pushback
beyond the deadline ends as DEADLINE_EXCEEDED, which hides the server's reason.
"""

from __future__ import annotations

import random
import time

from limpid.errors import LimpidError

_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.1, 5.0


def backoff_seconds(attempt: int) -> float:
    """Doubling, with jitter so that many clients do not come back at once; `attempt` counts from 1."""
    return min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0 ** (attempt - 1)) * random.uniform(0.5, 1.0)


class Attempts:
    """Of one call, which has `timeout` seconds for all of them."""

    def __init__(self, max_attempts: int, timeout: float | None) -> None:
        self.max_attempts = max_attempts
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._made = 0

    def seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def wait_after(self, error: LimpidError) -> float:
        """Seconds to wait before the next attempt; raises the error if there is none, or none in time."""
        self._made += 1
        if error.retry_after is None or self._made >= self.max_attempts:
            raise error
        wait, left = max(error.retry_after, backoff_seconds(self._made)), self.seconds_left()
        if left is not None and wait >= left:
            raise error
        return wait

    def begin_anew(self) -> None:
        """Something was answered: failures count from here."""
        self._made = 0
