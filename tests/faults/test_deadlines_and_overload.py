"""More requests than fit, and callers who cannot wait."""

import time

from faults import clients
from faults.messages import METHODS, LONG, explain, long
from faults.steady import Steady
from faults.tally import Tally
from faults.threads import side_by_side
from integration.waiting import until
from support.client import Client
from support.paths import DEMO, minilm
from support.server import Server

OVERLOAD_SECONDS = 4
# What the server may ask its model by itself meanwhile, to see whether it is well.
OWN_PASSES = 3


def test_deadlines_of_a_millisecond_end_as_such(server, client):
    clients.hasty(client, 20)
    with Steady(server, client, "deadlines of 1 ms") as steady:
        tally = clients.hasty(client, 500)
        steady.note(tally)
        assert tally.unexplained(("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")) == 0, str(tally)


def test_a_request_that_expires_in_the_queue_is_never_computed(server, client):
    with Steady(server, client, "expired in the queue") as steady:
        passes = server.metric("limpid_model_passes_total", direction="forward")
        ahead = [client.stub.Explain(long(), timeout=120) for _ in range(40)]
        until(lambda: server.metric("limpid_queue_tokens") > 5000, "a long queue")
        late = [client.stub.Explain(explain(), timeout=0.05) for _ in range(100)]
        tally = Tally()
        for call in late:
            tally.run(lambda call=call: call)
        for call in ahead:
            assert list(call)[-1].WhichOneof("part") == "summary"
        until(lambda: server.metric("limpid_inflight_requests") == 0, "the end of all requests")
        computed = server.metric("limpid_model_passes_total", direction="forward") - passes
        steady.note(f"40 sent before, {tally}, {computed:.0f} computed")
        assert tally.unexplained(("DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "OK")) == 0
        assert 0 <= computed - 40 - tally.ends["OK"] <= OWN_PASSES


def overload(address, seconds, callers) -> Tally:
    """`callers` ask without pause, each several requests at a time; a refused one comes back at once."""
    def one():
        tally, until_time = Tally(), time.monotonic() + seconds
        with Client(address) as client:
            while time.monotonic() < until_time:
                calls = [client.stub.Explain(explain(LONG, "minilm", methods=METHODS[:1]), timeout=60) for _ in range(8)]
                for call in calls:
                    tally.run(lambda call=call: call)
        return tally

    return side_by_side([one] * callers)


def test_five_times_too_many_requests_are_answered_or_refused_and_all_is_free_again():
    with Server({"demo": DEMO, "minilm": minilm()}, "--max-queue-tokens", 4000) as server:
        with Client(server.address) as client:
            overload(server.address, 0.2, 8)
            with Steady(server, client, "overload") as steady:
                tally = overload(server.address, OVERLOAD_SECONDS, 8)
                steady.note(f"64 at a time where 16 fit: {tally}")
                assert tally.unexplained(("OK", "RESOURCE_EXHAUSTED")) == 0, str(tally)
                assert tally.ends["OK"] > 0 and tally.ends["RESOURCE_EXHAUSTED"] > 0
                refused = server.metric("limpid_admission_rejected_total")
                assert refused >= tally.ends["RESOURCE_EXHAUSTED"]
