"""Clients that go away: killed, cancelling at every stage of a request, by the thousands."""

import threading
import time

import grpc
import numpy as np

from faults import clients
from faults.messages import METHODS, explain, large, long
from faults.steady import LARGE_ANSWERS_SLACK_BYTES, SCORE_TOLERANCE, Steady, reference_scores
from faults.tally import Tally
from faults.threads import side_by_side
from integration.waiting import until
from support.client import Client

ABORTS = 10_000


def test_clients_killed_mid_stream_free_all_they_held(server, client):
    clients.killed_mid_stream(server.address, 4)
    with Steady(server, client, "killed clients", LARGE_ANSWERS_SLACK_BYTES) as steady:
        for _ in range(3):
            steady.note(clients.killed_mid_stream(server.address, 8))


def test_requests_cancelled_in_the_queue_are_never_computed(server, client):
    with Steady(server, client, "cancelled in the queue") as steady:
        passes = server.metric("limpid_model_passes_total", direction="forward")
        ahead = [client.stub.Explain(long(), timeout=120) for _ in range(40)]
        until(lambda: server.metric("limpid_queue_tokens") > 5000, "a long queue")
        waiting = [client.stub.Explain(explain(), timeout=120) for _ in range(200)]
        for call in waiting:
            call.cancel()
        for call in ahead:
            assert list(call)[-1].WhichOneof("part") == "summary"
        until(lambda: server.metric("limpid_inflight_requests") == 0, "the end of all requests")
        computed = server.metric("limpid_model_passes_total", direction="forward") - passes
        steady.note(f"40 sent before, 200 cancelled, {computed:.0f} computed")
        assert all(call.code() == grpc.StatusCode.CANCELLED for call in waiting)
        # The queue is first come, first served, so at most what shared the last batches has been run.
        assert 40 <= computed < 40 + 100


def test_requests_cancelled_while_they_are_computed_or_streamed_free_their_place(server, client):
    with Steady(server, client, "cancelled in computation and stream", LARGE_ANSWERS_SLACK_BYTES) as steady:
        for parts_read in (1, 2):  # the prediction comes before the backward pass, a map after it
            calls = [client.stub.Explain(large() if parts_read == 2 else long(), timeout=120) for _ in range(8)]
            for call in calls:
                for _ in range(parts_read):
                    next(call)
                call.cancel()
            assert all(call.code() == grpc.StatusCode.CANCELLED for call in calls)
        steady.note("8 cancelled after the prediction, 8 within the maps")


class Bystanders:
    """Well-behaved callers that compare every answer with the first, while the block runs."""

    def __init__(self, address):
        self.address, self.stop, self.tally, self.wrong, self.seconds = address, threading.Event(), Tally(), 0, []

    def _ask(self):
        with Client(self.address) as client:
            expected = reference_scores(client)
            while not self.stop.is_set():
                started = time.monotonic()
                answer = self.tally.run(lambda: client.stub.Explain(explain(methods=METHODS), timeout=60))
                self.seconds.append(time.monotonic() - started)
                if answer is None:
                    continue
                scores = [part.attribution for part in answer if part.WhichOneof("part") == "attribution"]
                for part, want in zip(scores[:3], expected[1:4]):
                    self.wrong += not np.allclose(part.scores, want, rtol=0, atol=SCORE_TOLERANCE)

    def __enter__(self):
        self.threads = [threading.Thread(target=self._ask) for _ in range(2)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def slowest_ms(self) -> float:
        """The 99th percentile."""
        return np.percentile(self.seconds, 99) * 1000


def test_ten_thousand_aborts_have_no_effect_on_others(server, client):
    clients.aborted(client, 300, seed=0)
    with Steady(server, client, "aborts") as steady:
        loaded = server.metric("limpid_model_loaded")
        arrived = server.metric("limpid_grpc_requests_started_total", rpc="Explain")
        with Bystanders(server.address) as before:
            time.sleep(1)
        with Bystanders(server.address) as others:
            tally = side_by_side(lambda seed=seed: clients.aborted(client, ABORTS // 2, seed) for seed in (1, 2))
        arrived = server.metric("limpid_grpc_requests_started_total", rpc="Explain") - arrived
        arrived -= before.tally.sent + others.tally.sent
        steady.note(f"{tally}, {arrived:.0f} reached the server; others: {others.tally}, {others.wrong} wrong, "
                    f"p99 {before.slowest_ms():.0f} ms before, {others.slowest_ms():.0f} ms meanwhile")
        assert tally.sent == ABORTS and tally.unexplained(("CANCELLED", "OK")) == 0, str(tally)
        assert arrived > ABORTS / 4
        assert others.tally.sent > 10 and others.tally.unexplained(("OK",)) == 0 and others.wrong == 0
        assert server.metric("limpid_model_loaded") == loaded
