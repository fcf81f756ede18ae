"""Every wrong request gets the right status, in words that name the field and the limit; the server goes on."""

from dataclasses import dataclass

import grpc
import pytest

from support.client import Client
from support.paths import DEMO
from support.proto import model_pb, pb
from support.server import Server

INVALID = grpc.StatusCode.INVALID_ARGUMENT
TEXT = "She has missed three payments."
EXPLAIN = "/limpid.v1.Explainer/Explain"


def request(text=TEXT, model="demo", **fields):
    return pb.ExplainRequest(model=model, **({"input": pb.Input(text=text)} | fields))


def ids(*values, type_ids=(), **fields):
    return request(input=pb.Input(token_ids=pb.TokenIds(ids=values, type_ids=type_ids), **fields))


def target(model="demo", score=pb.SCORE_LOGIT, **kind):
    return request(model=model, target=pb.Target(score=score, **kind))


def class_target(model="demo", **which):
    return target(model, **{"class": pb.Class(**which)})


def method(**which):
    return request(methods=[pb.Method(saliency=pb.Saliency()), pb.Method(**which)])


@dataclass(frozen=True)
class Case:
    name: str
    request: pb.ExplainRequest
    # What the message must contain: the field, and the limit.
    words: tuple
    code: grpc.StatusCode = INVALID


CASES = (
    Case("no input", pb.ExplainRequest(model="demo"), ("input", "text", "token_ids")),
    Case("empty text", request(""), ("input.text", "empty")),
    Case("pair with ids", ids(2, 5, 3, text_pair="x"), ("input.text_pair", "input.text")),
    Case("unknown truncation", request(input=pb.Input(text=TEXT, truncation=9)), ("input.truncation", "9")),
    Case("no ids", ids(), ("input.token_ids", "empty")),
    Case("id too large", ids(2, 1_000_000, 3), ("input.token_ids", "[1]", "1000000")),
    Case("negative id", ids(2, 5, -1), ("input.token_ids", "[2]", "-1")),
    Case("type ids of another length", ids(2, 5, 3, type_ids=[0, 0]), ("input.token_ids.type_ids", "2", "3")),
    Case("type id too large", ids(2, 5, 3, type_ids=[0, 7, 0]), ("input.token_ids.type_ids", "[1]", "7", "2)")),
    Case("unknown model", request(model="nope"), ("model", "'nope'", "demo", "minilm"), grpc.StatusCode.NOT_FOUND),
    Case("class not set", target(**{"class": pb.Class()}), ("target.class", "index", "label")),
    Case("method of two texts", method(token_interactions={}),
         ("target: must be similarity", "(methods[1].token_interactions)")),
    Case("unknown label", class_target(label="maybe"), ("target.class.label", "'maybe'", "declined", "approved")),
    Case("class index too large", class_target(index=2), ("target.class.index", "2", "0 to 1")),
    Case("class index negative", class_target(index=-1), ("target.class.index", "-1", "0 to 1")),
    Case("class of an encoder", class_target("minilm", index=0), ("target.class", "classifier")),
    Case("similarity on a classifier", target(similarity=pb.Similarity(text="x")), ("target.similarity", "classifier")),
    Case("similarity to nothing", target("minilm", similarity=pb.Similarity()), ("target.similarity.text", "empty")),
    Case("foil is the target", target(contrast=pb.Contrast(target=pb.Class(index=1), foil=pb.Class(index=1))),
         ("target.contrast.foil", "1")),
    Case("contrast of one class", target("regression", contrast=pb.Contrast()), ("target.contrast", "two classes")),
    Case("probability of a regression", target("regression", pb.SCORE_PROB, predicted_class=pb.PredictedClass()),
         ("target.score", "regression")),
    Case("probability of a mean", target(score=pb.SCORE_PROB, mean_output=pb.MeanOutput()), ("target.score",)),
    Case("unknown score", target(score=9), ("target.score", "9")),
    Case("no method set", method(), ("methods[1]",)),
    Case("too many methods", request(methods=[pb.Method(saliency=pb.Saliency())] * 17), ("methods", "17", "16")),
    Case("signed saliency", method(saliency=pb.Saliency(reduction=pb.REDUCTION_SUM)),
         ("methods[1]", "reduction", "L2")),
    Case("unknown attach point", method(gradient_x_input=pb.GradientXInput(attach_point=9)),
         ("methods[1]", "attach_point", "9")),
    Case("layer of a method", method(gradient_x_attention=pb.GradientXAttention(layer=2)),
         ("methods[1]", "layer", "2", "[-2, 2)")),
    Case("query token", method(attention_rollout=pb.AttentionRollout(query_token=500)),
         ("methods[1]", "query_token", "500")),
    Case("attention layer", request(attention=pb.AttentionSelection(layers=[0, 2])),
         ("attention.layers[1]", "2", "[-2, 2)")),
    Case("attention head", request(attention=pb.AttentionSelection(heads=[4])), ("attention.heads[0]", "4", "[0, 4)")),
    Case("unknown encoding", request(attention=pb.AttentionSelection(encoding=9)), ("attention.encoding", "9")),
    Case("top k", request(attention=pb.AttentionSelection(top_k=65537)), ("attention.top_k", "65537", "65536")),
    Case("unknown granularity", request(granularity=9), ("granularity", "9")),
)


def refusal(call) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


def assert_names(error, words):
    missing = [word for word in words if word not in error.details()]
    assert not missing, f"{missing} missing in: {error.details()}"


@pytest.fixture(autouse=True)
def still_serving(server, client):
    """Whatever a test sent, the next caller gets an answer."""
    yield
    assert server.alive(), server.log()
    assert client.explain(request()).parts == ["prediction", "summary"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_wrong_request_is_refused_with_its_field_and_limit(client, case):
    error = refusal(lambda: client.explain(case.request))
    assert error.code() == case.code, error.details()
    assert_names(error, case.words)


@pytest.mark.parametrize("model", ["demo", "minilm"])
def test_a_text_too_long_is_refused_with_both_numbers(client, model):
    limit = client.model(model).limits.max_tokens
    # Each word is one token of both models; [CLS] and [SEP] are added.
    error = refusal(lambda: client.explain(request("the " * limit, model)))
    assert error.code() == INVALID
    assert_names(error, ("input", str(limit), str(limit + 2)))


def test_ids_too_long_are_refused_with_both_numbers(client):
    limit = client.model("demo").limits.max_tokens
    error = refusal(lambda: client.explain(ids(*[5] * (limit + 1))))
    assert error.code() == INVALID
    assert_names(error, ("input.token_ids.ids", str(limit), str(limit + 1)))


@pytest.mark.parametrize("truncation", [pb.TRUNCATION_LONGEST_FIRST, pb.TRUNCATION_ONLY_FIRST])
def test_a_text_too_long_is_shortened_when_that_is_asked_for(client, truncation):
    limit = client.model("demo").limits.max_tokens
    answer = client.explain(request(input=pb.Input(text="the " * limit, truncation=truncation)))
    assert answer.prediction.truncated and len(answer.ids) == limit


def test_a_text_of_too_many_bytes_is_refused(client):
    limits = client.model("demo").limits
    error = refusal(lambda: client.explain(request("x" * (limits.max_text_bytes + 1))))
    assert error.code() == INVALID
    assert_names(error, ("input.text", str(limits.max_text_bytes), str(limits.max_text_bytes + 1)))


def test_a_message_of_too_many_bytes_is_refused(client):
    error = refusal(lambda: client.explain(request("x" * (2 << 20))))
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert_names(error, (str(1 << 20),))


def raw(client, data: bytes):
    return list(client.channel.unary_stream(EXPLAIN)(data, timeout=30))


def test_a_text_that_is_not_utf8_is_refused(client):
    data = request("He is ~~ here").SerializeToString().replace(b"~~", b"\xff\xfe")
    error = refusal(lambda: raw(client, data))
    assert error.code() == INVALID
    assert_names(error, ("text", "UTF-8"))


def test_bytes_that_are_no_message_are_refused(client):
    error = refusal(lambda: raw(client, b"\x0a\xff\xff\xff\xff\x0fnot a message"))
    assert error.code() == INVALID and error.details()


@pytest.mark.parametrize("call", ["Predict", "Tokenize", "GetModel"])
def test_unary_calls_refuse_an_unknown_model(client, call):
    message = {"Predict": pb.PredictRequest, "Tokenize": pb.TokenizeRequest, "GetModel": pb.GetModelRequest}[call]
    error = refusal(lambda: getattr(client.stub, call)(message(model="nope"), timeout=30))
    assert error.code() in (grpc.StatusCode.NOT_FOUND, INVALID)
    if call == "GetModel":
        assert_names(error, ("model", "'nope'", "demo"))


@pytest.mark.parametrize("call", ["Predict", "Tokenize"])
def test_unary_calls_refuse_an_empty_text(client, call):
    message = {"Predict": pb.PredictRequest, "Tokenize": pb.TokenizeRequest}[call]
    error = refusal(lambda: getattr(client.stub, call)(message(model="demo", input=pb.Input(text="")), timeout=30))
    assert error.code() == INVALID
    assert_names(error, ("input.text", "empty"))


def test_an_answer_beyond_the_servers_limit_is_refused_before_any_work():
    flags = ("--max-attention-bytes", 1000, "--max-text-bytes", 100)
    with Server({"demo": DEMO}, *flags) as small, Client(small.address) as client:
        limits = client.model("demo").limits
        assert limits == model_pb.Limits(max_tokens=limits.max_tokens, max_text_bytes=100, max_methods=16,
                                         max_attention_bytes=1000)
        error = refusal(lambda: client.explain(request(attention=pb.AttentionSelection())))
        assert error.code() == INVALID
        assert_names(error, ("attention", "1000"))

        error = refusal(lambda: client.explain(request("x" * 101)))
        assert_names(error, ("input.text", "101", "100"))

        assert client.explain(request()).parts == ["prediction", "summary"]


def test_a_wrong_request_fails_alone_on_a_stream_of_many(client):
    requests = {case.name: case.request for case in CASES} | {"good": request(), "": request()}

    answers, failures, _ = client.explain_many(requests)

    assert set(answers) == {"good"} and answers["good"].parts[-1] == "summary"
    for case in CASES:
        assert failures[case.name].code == case.code.value[0], case.name
        assert all(word in failures[case.name].message for word in case.words), failures[case.name].message
    assert failures[""].code == INVALID.value[0] and "id" in failures[""].message
