"""A limit that holds for one RPC holds for all: each limit against each way to ask."""

import grpc
import pytest

from faults.messages import LONG
from faults.steady import is_idle
from integration.waiting import until
from support.client import Client
from support.paths import minilm
from support.proto import pb
from support.server import Server

INVALID, EXHAUSTED, NOT_FOUND = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED,
                                 grpc.StatusCode.NOT_FOUND)
MAX_TEXT_BYTES = 6000
QUEUE_TOKENS = 512


def explain(client, **fields):
    list(client.stub.Explain(pb.ExplainRequest(**fields), timeout=60))


def explain_many(client, **fields):
    """The failure of a stream's only request, as the error that the unary calls raise."""
    message = pb.ExplainManyRequest(id="only", request=pb.ExplainRequest(**fields))
    *_, last = client.stub.ExplainMany(iter([message]), timeout=60)
    if last.WhichOneof("outcome") == "failure":
        raise ItemFailed(last.failure)


def predict(client, **fields):
    client.stub.Predict(pb.PredictRequest(**fields), timeout=60)


def tokenize(client, **fields):
    client.stub.Tokenize(pb.TokenizeRequest(**fields), timeout=60)


class ItemFailed(Exception):
    def __init__(self, failure):
        super().__init__(failure.message)
        self.failure = failure

    def code(self):
        return next(code for code in grpc.StatusCode if code.value[0] == self.failure.code)

    def details(self):
        return self.failure.message


PATHS = (explain, explain_many, predict, tokenize)
COMPUTING = (explain, explain_many, predict)


@pytest.fixture(scope="module")
def small():
    """A server with small limits, and a client of it."""
    flags = ("--max-text-bytes", MAX_TEXT_BYTES, "--max-queue-tokens", QUEUE_TOKENS)
    with Server({"minilm": minilm()}, *flags) as server, Client(server.address) as client:
        yield server, client


def refused(ask, client, **fields):
    with pytest.raises((grpc.RpcError, ItemFailed)) as caught:
        ask(client, **fields)
    return caught.value


WRONG = {
    "empty text": (dict(input=pb.Input(text="")), INVALID, ("input.text", "empty")),
    "no input": (dict(), INVALID, ("input",)),
    "too many bytes": (dict(input=pb.Input(text="x" * (MAX_TEXT_BYTES + 1))), INVALID,
                       ("input.text", str(MAX_TEXT_BYTES), str(MAX_TEXT_BYTES + 1))),
    "pair of too many bytes": (dict(input=pb.Input(text="a", text_pair="x" * (MAX_TEXT_BYTES + 1))), INVALID,
                               ("input.text_pair", str(MAX_TEXT_BYTES))),
    "unknown truncation": (dict(input=pb.Input(text="a", truncation=9)), INVALID, ("input.truncation", "9")),
    "unknown model": (dict(model="nope", input=pb.Input(text="a")), NOT_FOUND, ("nope", "minilm")),
    "id outside the vocabulary": (dict(input=pb.Input(token_ids=pb.TokenIds(ids=[1, 10**6]))), INVALID,
                                  ("input.token_ids", "1000000")),
    "type ids of another length": (dict(input=pb.Input(token_ids=pb.TokenIds(ids=[1, 2], type_ids=[0]))), INVALID,
                                   ("input.token_ids.type_ids",)),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("ask", PATHS, ids=lambda ask: ask.__name__)
def test_a_wrong_input_is_refused_alike(small, ask, wrong):
    fields, code, words = WRONG[wrong]
    error = refused(ask, small[1], **fields)
    assert error.code() == code, error.details()
    assert all(word in error.details() for word in words), error.details()


@pytest.mark.parametrize("ask", PATHS, ids=lambda ask: ask.__name__)
def test_the_models_tokens_are_the_limit(small, ask):
    limit = small[1].model("").limits.max_tokens
    error = refused(ask, small[1], input=pb.Input(text="the " * limit))
    assert error.code() == INVALID and str(limit) in error.details() and str(limit + 2) in error.details()
    ids = pb.Input(token_ids=pb.TokenIds(ids=[5] * (limit + 1)))
    assert refused(ask, small[1], input=ids).code() == INVALID


@pytest.mark.parametrize("ask", PATHS, ids=lambda ask: ask.__name__)
def test_a_message_beyond_a_mebibyte_is_refused(small, ask):
    error = refused(ask, small[1], input=pb.Input(text="x" * (2 << 20)))
    assert error.code() == EXHAUSTED and str(1 << 20) in error.details()


@pytest.mark.parametrize("ask", COMPUTING, ids=lambda ask: ask.__name__)
def test_a_full_queue_refuses_every_kind_of_work(small, ask):
    """While others fill the queue again and again, this caller meets it full."""
    server, client = small
    text = pb.Input(text=LONG, truncation=pb.TRUNCATION_LONGEST_FIRST)
    with Client(server.address) as crowd:
        crowding = []

        def meets_a_full_queue():
            crowding.extend(crowd.stub.Explain(pb.ExplainRequest(input=text, methods=[pb.Method(saliency=pb.Saliency())]),
                                               timeout=60) for _ in range(12))
            try:
                ask(client, input=text)
            except (grpc.RpcError, ItemFailed) as error:
                assert error.code() == EXHAUSTED, error.details()
                return True
            return False

        until(meets_a_full_queue, "a refusal")
        for call in crowding:
            call.cancel()
    until(lambda: is_idle(server), "the end of the crowd")
    ask(client, input=text)
