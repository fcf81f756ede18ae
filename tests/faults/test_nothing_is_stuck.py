"""No request waits for ever: not one longer than a batch, not one behind costly texts, none for a place that was lost."""

import threading

import grpc
import pytest

from faults.messages import METHODS, TEXT, explain
from faults.steady import Steady
from faults.tally import Tally
from support.client import Client
from support.paths import DEMO, minilm
from support.proto import pb
from support.server import Server

# What is costly to normalize or to cut into pieces, as much of it as a request may bring.
COSTLY = {
    "one word": "x" * 65_536,
    "combining marks": "a" + "\u0301" * 32_000,
    "ideographs": "\u5317" * 21_000,
    "ligatures that grow": "\ufdfa" * 21_000,
    "emoji sequences": "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 3000,
    "punctuation": ".,;:!?" * 10_000,
    "dotted capitals": "İ" * 32_000,
}


def test_every_length_is_answered_with_a_batch_of_eight_tokens():
    """Also when the queue has room for one token only: what is admitted can run alone."""
    with Server({"demo": DEMO}, "--max-batch-tokens", 8, "--max-queue-tokens", 1) as server:
        with Client(server.address) as client:
            limit = client.model("demo").limits.max_tokens
            for words in (1, 2, 5, 6, 7, 8, 9, 50, limit - 2):
                answer = client.explain(explain("the " * words, methods=METHODS))
                assert answer.parts[-1] == "summary" and len(answer.ids) == words + 2


@pytest.mark.parametrize("kind", COSTLY)
def test_costly_texts_hold_up_nobody(server, client, kind):
    text = COSTLY[kind]
    assert len(text.encode()) <= 65_536
    with Steady(server, client, f"costly text ({kind})") as steady:
        costly, done = Tally(), threading.Event()

        def send():
            with Client(server.address) as sender:
                for _ in range(8):
                    costly.run(lambda: sender.stub.Explain(explain(text), timeout=60))
            done.set()

        thread = threading.Thread(target=send)
        thread.start()
        others = Tally()
        while not done.is_set():
            others.run(lambda: client.stub.Explain(explain(TEXT), timeout=20))
        thread.join()
        steady.note(f"{costly}; others: {others}")
        assert costly.ends == {"OK": 8}
        assert others.sent > 0 and others.unexplained(("OK",)) == 0, str(others)


def test_places_of_a_stream_come_back_however_a_request_ends():
    with Server({"minilm": minilm()}, "--max-requests-per-stream", 4) as server, Client(server.address) as client:
        requests = {}
        for i in range(400):
            kinds = (explain(model="minilm"), explain("", "minilm"), explain(model="nope"),
                     explain(model="minilm", methods=[pb.Method()]))
            requests[f"r{i}"] = kinds[i % len(kinds)]

        answers, failures, ended = client.explain_many(requests)

        assert len(answers) == 100 and len(failures) == 300 and len(ended) == len(set(ended)) == 400
        assert {failure.code for failure in failures.values()} == {
            grpc.StatusCode.INVALID_ARGUMENT.value[0], grpc.StatusCode.NOT_FOUND.value[0]}
        assert server.metric("limpid_inflight_requests") == 0
