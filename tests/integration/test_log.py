"""One line a request, JSON, with what an operator needs and never the text."""

import uuid

import grpc
import pytest

from integration.waiting import until
from support.proto import pb

SECRET = "Zebulon Quux missed three payments."
TIMES = ("queue_ms", "compute_ms", "stream_ms", "total_ms")


@pytest.fixture
def ask(server, client):
    """ask(call name, message) -> the log lines of that call."""
    def run(call, message):
        request_id = uuid.uuid4().hex
        try:
            answer = getattr(client.stub, call)(message, timeout=60, metadata=[("x-request-id", request_id)])
            if hasattr(answer, "__next__"):
                list(answer)
        except grpc.RpcError:
            pass  # its line is what we look for

        def lines():
            return [line for line in server.log_lines() if line.get("request_id") == request_id]

        until(lines, "the line of the request")
        return lines()

    return run


def explain(text=SECRET, **fields):
    return pb.ExplainRequest(model="demo", input=pb.Input(text=text), **fields)


def test_an_explanation_has_one_line_with_all_its_facts(ask, client):
    methods = [pb.Method(saliency=pb.Saliency()), pb.Method(attention_rollout=pb.AttentionRollout())]
    tokens = len(client.explain(explain()).ids)

    lines = ask("Explain", explain(methods=methods))

    assert len(lines) == 1
    line = lines[0]
    assert (line["message"], line["level"], line["rpc"], line["model"]) == ("request", "info", "Explain", "demo")
    assert (line["status"], line["methods"]) == ("OK", "saliency,attention_rollout")
    assert (line["tokens"], line["rows"]) == (tokens, 2)
    assert all(line[name] >= 0 for name in TIMES)
    assert line["bytes_out"] > 0 and line["peer"].startswith("ipv4:127.0.0.1") and line["time"].endswith("Z")


def test_a_refused_request_has_one_line_with_status_and_reason(ask):
    lines = ask("Explain", explain(target=pb.Target(**{"class": pb.Class(index=7)})))
    assert len(lines) == 1
    assert lines[0]["status"] == "INVALID_ARGUMENT" and "target.class.index" in lines[0]["error"]


@pytest.mark.parametrize("call, message", [
    ("Predict", pb.PredictRequest(model="demo", input=pb.Input(text=SECRET))),
    ("Tokenize", pb.TokenizeRequest(model="demo", input=pb.Input(text=SECRET))),
    ("GetModel", pb.GetModelRequest(model="nope")),
])
def test_unary_calls_have_their_line(ask, call, message):
    lines = ask(call, message)
    assert len(lines) == 1
    assert lines[0]["rpc"] == call and lines[0]["status"] == ("NOT_FOUND" if call == "GetModel" else "OK")


def test_each_request_of_many_has_its_line(ask):
    requests = [pb.ExplainManyRequest(id=f"item-{i}", request=explain()) for i in range(3)]
    lines = [line for line in ask("ExplainMany", iter(requests)) if "item" in line]
    assert sorted(line["item"] for line in lines) == ["item-0", "item-1", "item-2"]


def test_the_text_is_never_in_the_log(server, ask):
    ask("Explain", explain(methods=[pb.Method(saliency=pb.Saliency())]))
    ask("Explain", explain(SECRET * 9000))
    ask("Explain", explain(SECRET * 200))
    assert "Zebulon" not in server.log_path.read_text()


def test_what_was_loaded_and_where_it_listens_is_logged(server):
    lines = server.log_lines()
    loaded = {line["model"]: line for line in lines if line["message"] == "model loaded"}
    assert loaded["demo"]["architecture"] == "BertForSequenceClassification"
    assert len(loaded["demo"]["weights_sha256"]) == 64
    assert [line["address"] for line in lines if line["message"] == "serving"] == [server.address]


TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_a_trace_goes_on_in_the_log_and_in_the_trailers(server, client):
    call = client.stub.Explain(explain(), timeout=60, metadata=[("traceparent", f"00-{TRACE}-{SPAN}-01")])
    list(call)

    version, trace_id, span_id, flags = dict(call.trailing_metadata())["traceparent"].split("-")
    assert (version, trace_id, flags) == ("00", TRACE, "01") and span_id != SPAN and len(span_id) == 16
    until(lambda: [line for line in server.log_lines() if line.get("span_id") == span_id], "the line of the span")
    line = next(line for line in server.log_lines() if line.get("span_id") == span_id)
    assert (line["trace_id"], line["parent_span_id"]) == (TRACE, SPAN) and all(line[name] >= 0 for name in TIMES)


def test_each_request_of_many_is_a_span_of_its_own(server, client):
    trace = uuid.uuid4().hex
    requests = [pb.ExplainManyRequest(id=f"item-{i}", request=explain()) for i in range(2)]
    list(client.stub.ExplainMany(iter(requests), timeout=60, metadata=[("traceparent", f"00-{trace}-{SPAN}-00")]))

    def lines():
        return [line for line in server.log_lines() if line.get("trace_id") == trace]

    until(lambda: len(lines()) == 3, "two requests and their stream")
    stream = next(line for line in lines() if "item" not in line)
    assert stream["parent_span_id"] == SPAN and len({line["span_id"] for line in lines()}) == 3
    assert {line["parent_span_id"] for line in lines() if "item" in line} == {stream["span_id"]}


@pytest.mark.parametrize("traceparent", [f"00-{TRACE.upper()}-{SPAN}-01", f"00-{'0' * 32}-{SPAN}-01", "nonsense"])
def test_a_bad_traceparent_is_ignored(client, traceparent):
    call = client.stub.Explain(explain(), timeout=60, metadata=[("traceparent", traceparent)])
    assert len(list(call)) > 0 and "traceparent" not in dict(call.trailing_metadata())
