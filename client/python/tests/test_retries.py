"""What is asked again, and what is not. Faults are forced."""

import both
import grpc
import pytest
from fake import Fake, answer, serving
from limpid import BrokenAnswer, Client, DeadlineExceeded, InvalidRequest, LimpidError, Overloaded, TooLarge, Unavailable
from limpid.v1 import explain_pb2 as pb
from support.paths import DEMO
from support.server import Server

Code = grpc.StatusCode
OVERLOADED = pb.Failure(code=Code.RESOURCE_EXHAUSTED.value[0], message="full", reason="OVERLOADED", retry_after_ms=1)
WRONG = pb.Failure(code=Code.INVALID_ARGUMENT.value[0], message="wrong", retry_after_ms=-1)
DRAINING = pb.Failure(code=Code.UNAVAILABLE.value[0], message="draining", reason="DRAINING", retry_after_ms=0)
LONG_MS = 600_000


def explain(fake, kind, **arguments):
    with serving(fake) as address:
        return both.Caller(kind, address, **arguments).explain("one two", model="m")


def explain_many(fake, kind, texts, max_attempts=3, **options):
    with serving(fake) as address:
        answers = both.Caller(kind, address, max_attempts=max_attempts).explain_many(texts, on_error="return", **options)
    return [answer if isinstance(answer, LimpidError) else answer.source.texts[0] for answer in answers]


@pytest.mark.parametrize("kind", both.KINDS)
def test_a_refused_call_is_made_again_as_often_as_told(kind):
    fake = Fake((Code.RESOURCE_EXHAUSTED, 1), (Code.UNAVAILABLE, 0), (Code.UNAVAILABLE, None))
    assert len(explain(fake, kind).prediction.tokens) == 2
    assert len(fake.asked) == 4


@pytest.mark.parametrize("code", [Code.INTERNAL, Code.CANCELLED])
@pytest.mark.parametrize("kind", both.KINDS)
def test_a_stream_that_was_reset_on_its_way_is_asked_again(kind, code):
    fake = Fake((code, None))
    assert len(explain(fake, kind).prediction.tokens) == 2
    assert len(fake.asked) == 2


@pytest.mark.parametrize("kind", both.KINDS)
def test_attempts_end(kind):
    fake = Fake(*[(Code.UNAVAILABLE, 0)] * 9)
    with pytest.raises(Unavailable):
        explain(fake, kind, max_attempts=2)
    assert len(fake.asked) == 2


def test_a_single_attempt():
    fake = Fake((Code.UNAVAILABLE, 0))
    with pytest.raises(Unavailable):
        explain(fake, "Client", max_attempts=1)
    assert len(fake.asked) == 1


@pytest.mark.parametrize("code, pushback, kind", [
    (Code.RESOURCE_EXHAUSTED, -1, TooLarge), (Code.INVALID_ARGUMENT, None, InvalidRequest),
    (Code.DEADLINE_EXCEEDED, None, DeadlineExceeded)])
def test_what_the_server_says_is_of_no_use_is_not_tried(code, pushback, kind):
    fake = Fake((code, pushback))
    with pytest.raises(kind):
        explain(fake, "Client")
    assert len(fake.asked) == 1


def test_a_wait_that_ends_after_the_deadline_is_not_begun():
    fake = Fake((Code.UNAVAILABLE, LONG_MS))
    with pytest.raises(Unavailable) as caught:
        explain(fake, "Client", timeout=5)
    assert caught.value.retry_after == LONG_MS / 1000 and len(fake.asked) == 1


def test_waits_are_the_servers_or_longer_from_attempt_to_attempt(monkeypatch):
    waits = []
    monkeypatch.setattr("limpid.client.time.sleep", waits.append)
    explain(Fake((Code.UNAVAILABLE, 0), (Code.RESOURCE_EXHAUSTED, 9000), (Code.UNAVAILABLE, None)), "Client")
    assert 0.05 <= waits[0] <= 0.1 and waits[1] == 9 and 0.2 <= waits[2] <= 0.4


@pytest.mark.parametrize("kind", both.KINDS)
def test_one_of_many_that_was_refused_is_asked_again(kind):
    fake = Fake(None, OVERLOADED, None, OVERLOADED)
    assert explain_many(fake, kind, ["a", "b", "c", "d"]) == ["a", "b", "c", "d"]
    assert len(fake.asked) == 6


@pytest.mark.parametrize("kind", both.KINDS)
def test_one_of_many_that_stays_refused_or_is_wrong_fails_alone(kind):
    refused, good, wrong = explain_many(Fake(OVERLOADED, OVERLOADED, OVERLOADED, None, WRONG), kind, "abc", in_flight=1)
    assert (type(refused), good, type(wrong)) == (Overloaded, "b", InvalidRequest)
    assert refused.reason == "OVERLOADED" and refused.retry_after == 0.001 and wrong.retry_after is None


@pytest.mark.parametrize("kind", both.KINDS)
def test_a_stream_that_breaks_goes_on_elsewhere(kind):
    # What was answered just before a break may be lost with it, so three breaks may follow each other.
    fake = Fake(None, Code.UNAVAILABLE, DRAINING, None, Code.UNAVAILABLE)
    assert explain_many(fake, kind, "abcd", max_attempts=4) == list("abcd")


@pytest.mark.parametrize("kind", both.KINDS)
def test_a_stream_that_always_breaks_ends(kind):
    fake = Fake(*[Code.UNAVAILABLE] * 9)
    with pytest.raises(Unavailable):
        explain_many(fake, kind, "ab")
    assert len(fake.script) == 6, "three streams"


@pytest.mark.parametrize("kind", both.KINDS)
def test_a_stream_that_breaks_otherwise_ends_at_once(kind):
    with pytest.raises(LimpidError, match="in the middle"):
        explain_many(Fake(Code.DATA_LOSS), kind, "ab")


class Breaking(Fake):
    def Explain(self, request, context):
        self.asked.append(request.input.text)
        parts = answer(request.input.text)
        yield parts[0]
        if len(self.asked) == 1:
            context.abort(Code.UNAVAILABLE, "gone")
        yield parts[1]


@pytest.mark.parametrize("kind", both.KINDS)
def test_an_answer_that_breaks_off_is_asked_again_unless_a_part_was_given_out(kind):
    fake = Breaking()
    assert len(explain(fake, kind).prediction.tokens) == 2 and len(fake.asked) == 2
    with serving(Breaking()) as address, pytest.raises(Unavailable, match="gone"):
        both.Caller(kind, address).explain_stream("one two")


class Silent(Fake):
    def Explain(self, request, context):
        yield pb.ExplainResponse(prediction=pb.Prediction(tokens=[pb.Token(text="one")]))


@pytest.mark.parametrize("kind", both.KINDS)
def test_an_answer_without_its_summary_is_broken(kind):
    with pytest.raises(BrokenAnswer, match="without a summary"):
        explain(Silent(), kind)


def test_nobody_there():
    with Client("127.0.0.1:1", max_attempts=2) as client, pytest.raises(Unavailable):
        client.models()


@pytest.mark.parametrize("kind", both.KINDS)
def test_a_server_that_is_still_loading_is_waited_for(kind):
    with Server({"demo": DEMO}, wait=False) as server:
        caller = both.Caller(kind, server.address, max_attempts=30, timeout=120)
        assert caller.predict("Savings grew.").label == "approved"
        assert caller.explain_many(["Savings grew."])[0].summary.model.name == "demo"
