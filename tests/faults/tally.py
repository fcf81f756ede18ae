"""How requests ended: none may be missing, none may end in a way that nobody expected."""

import threading
from collections import Counter

import grpc


class Tally:
    """Counts by status name. Thread-safe."""

    def __init__(self):
        self._lock = threading.Lock()
        self.sent = 0
        self.ends = Counter()

    def begin(self):
        with self._lock:
            self.sent += 1

    def end(self, name: str):
        with self._lock:
            self.ends[name] += 1

    def run(self, call):
        """Runs `call` to its end, the answer's last part included, and returns what it gave; None if it failed."""
        self.begin()
        try:
            answer = call()
            result = list(answer) if hasattr(answer, "__next__") else answer
        except grpc.RpcError as error:
            self.end(error.code().name)
            return None
        self.end("OK")
        return result

    def add(self, other: "Tally"):
        with self._lock:
            self.sent += other.sent
            self.ends.update(other.ends)

    def unexplained(self, expected) -> int:
        """Requests without an end, and those that ended otherwise than `expected`."""
        known = sum(count for name, count in self.ends.items() if name in expected)
        return self.sent - known

    def __str__(self):
        ends = ", ".join(f"{name} {count}" for name, count in sorted(self.ends.items()))
        return f"{self.sent} sent = {ends or 'none'}"
