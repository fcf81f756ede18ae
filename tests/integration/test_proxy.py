"""Through nginx as an HTTP/2 proxy: the same answers, the same refusals."""

import grpc
import numpy as np
import pytest

from integration.waiting import until
from support.client import Client
from support.proto import pb
from support.proxies import nginx
from support.texts import LONG

METHODS = [pb.Method(saliency=pb.Saliency()), pb.Method(head_importance=pb.HeadImportance())]


@pytest.fixture(scope="module")
def proxied(server, tmp_path_factory):
    with nginx([server.address], tmp_path_factory.mktemp("nginx")) as port, Client(f"127.0.0.1:{port}") as connected:
        yield connected


def request(text="She has missed three payments.", **fields):
    content = pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST)
    return pb.ExplainRequest(model="demo", input=content, methods=METHODS, **fields)


def test_an_explanation_is_the_same_through_the_proxy(client, proxied):
    direct, through = client.explain(request()), proxied.explain(request())
    assert through.parts == direct.parts
    for i in range(len(METHODS)):
        np.testing.assert_allclose(through.scores(i), direct.scores(i), rtol=0, atol=1e-5)


def test_large_answers_and_long_streams_come_whole(proxied):
    answer = proxied.explain(request(LONG, attention=pb.AttentionSelection()))
    assert answer.parts[-1] == "summary"
    assert sum(len(chunk.data) for chunk in answer.chunks) == answer.summary.attention_bytes > 1 << 20

    answers, failures, _ = proxied.explain_many({f"r{i}": request() for i in range(50)})
    assert not failures and all(a.parts[-1] == "summary" for a in answers.values()) and len(answers) == 50


def test_a_refusal_keeps_its_status_and_its_words(proxied):
    with pytest.raises(grpc.RpcError) as caught:
        proxied.explain(request(target=pb.Target(**{"class": pb.Class(index=7)})))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "target.class.index" in caught.value.details()


def test_a_call_given_up_behind_the_proxy_ends_on_the_server(server, proxied):
    call = proxied.stub.Explain(request(LONG, attention=pb.AttentionSelection()), timeout=60)
    next(call)
    call.cancel()
    until(lambda: server.metric("limpid_inflight_requests") == 0, "the end of the cancelled request")
