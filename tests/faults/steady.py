"""What a fault must leave as it was: the answers, the memory, the descriptors, the server's own books."""

import numpy as np

from faults.clients import unread_streams
from faults.messages import METHODS, explain, long
from integration.waiting import until
from support.client import Client
from support.process import num_descriptors, resident_bytes

MIB = 1 << 20
# glibc keeps freed pages of several arenas; a leak per request shows well above this after thousands of requests.
MEMORY_SLACK = 0.05
MEMORY_SLACK_BYTES = 48 * MIB
# Where eight answers of 75 MB are under way at a time: the engine tells glibc to keep up to 1 GiB of freed memory, and how
# much that is depends on the order in which they end. Half of them would be too much.
LARGE_ANSWERS_SLACK_BYTES = 4 * 75_000_000
# Connections that clients have closed are closed by the server a moment later; these few may be under way.
DESCRIPTOR_SLACK = 4
# The same text may run in another batch than before (ARCHITECTURE.md: 1e-5).
SCORE_TOLERANCE = 1e-5


def reference_scores(client) -> list:
    answer = client.explain(explain(methods=METHODS))
    assert answer.parts[-1] == "summary"
    return [answer.logits, *(answer.scores(i) for i in range(len(METHODS)))]


def is_idle(server) -> bool:
    return all(server.metric(name) == 0 for name in
               ("limpid_inflight_requests", "limpid_streams", "limpid_queue_tokens", "limpid_queue_requests"))


def num_unfinished_calls(server) -> float:
    """Calls that arrived and have not ended, in the server's own counters."""
    return server.metric("limpid_grpc_requests_started_total") - server.metric("limpid_grpc_requests_total")


def make_busy(server):
    """Full batches and many large answers at a time: the memory that a server keeps from then on is there afterwards."""
    with Client(server.address) as client:
        client.explain_at_once([long()] * 40)
        for _ in range(2):
            with unread_streams(client, 8):
                pass
            until(lambda: is_idle(server), "an idle server after the warm-up")


class Steady:
    """`with Steady(server, client, "aborts") as steady:` injects the fault inside and compares before with after."""

    def __init__(self, server, client, name: str, memory_slack_bytes: int = MEMORY_SLACK_BYTES):
        self.server, self.client, self.name, self.memory_slack_bytes = server, client, name, memory_slack_bytes
        self.notes = []

    def note(self, text):
        """One more figure for the printed line."""
        self.notes.append(str(text))

    def __enter__(self):
        self.scores = reference_scores(self.client)
        until(lambda: is_idle(self.server), "an idle server before the fault")
        self.before = self._measure()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        assert self.server.alive(), self.server.log()
        until(lambda: is_idle(self.server), "an idle server after the fault")
        until(lambda: num_unfinished_calls(self.server) == 0, "the end of every call that began")
        for was, now in zip(self.scores, reference_scores(self.client)):
            np.testing.assert_allclose(now, was, rtol=0, atol=SCORE_TOLERANCE)
        memory, descriptors = self.before
        until(lambda: self._measure()[1] <= descriptors + DESCRIPTOR_SLACK, f"{descriptors} descriptors again")
        memory_after, descriptors_after = self._measure()
        print(f"\nfault {self.name}: {'; '.join(self.notes)}; resident {memory / MIB:.0f} -> {memory_after / MIB:.0f} MiB, "
              f"descriptors {descriptors} -> {descriptors_after}")
        allowed = memory + max(MEMORY_SLACK * memory, self.memory_slack_bytes)
        assert memory_after <= allowed, f"{memory_after / MIB:.0f} MiB resident, {memory / MIB:.0f} before"

    def _measure(self):
        pid = self.server.process.pid
        return resident_bytes(pid), num_descriptors(pid)
