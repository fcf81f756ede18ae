"""REST and gRPC through Envoy with deploy/envoy/envoy.yaml, two replicas behind it."""

import json
import urllib.error
import urllib.request

import grpc
import pytest

from integration.waiting import until
from support import proxies
from support.client import Client
from support.errors import refusal_of
from support.paths import DEMO
from support.proto import pb
from support.server import Server

TEXT = "Income is stable, but two payments were missed."


@pytest.fixture(scope="module")
def replicas():
    flags = ("--threads", 1, "--drain-notice-seconds", 5)
    with Server({"demo": DEMO}, *flags) as one, Server({"demo": DEMO}, *flags) as other:
        yield [one, other]


@pytest.fixture(scope="module")
def envoy(replicas, tmp_path_factory):
    """Envoy's port."""
    with proxies.envoy([replica.address for replica in replicas], tmp_path_factory.mktemp("envoy")) as port:
        until(lambda: ask(port, "models")[0] == 200, "a replica that Envoy takes for healthy")
        yield port


def ask(port, path, message=None):
    """(HTTP status, JSON) of a call by REST; GET without a message."""
    body = None if message is None else json.dumps(message).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/{path}", body, {"content-type": "application/json"})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        body = error.read()
        return error.code, json.loads(body) if body.startswith(b"{") else body.decode()


def test_a_prediction_by_rest_is_the_one_by_grpc(envoy, replicas):
    status, answer = ask(envoy, "predict", {"input": {"text": TEXT}})
    with Client(replicas[0].address) as client:
        direct = client.stub.Predict(pb.PredictRequest(input=pb.Input(text=TEXT)), timeout=30)
    assert status == 200
    assert answer["prediction"]["classes"]["logits"] == pytest.approx(list(direct.prediction.classes.logits), abs=1e-5)


def test_a_streamed_explanation_is_an_array_of_its_parts(envoy):
    status, parts = ask(envoy, "explain", {"input": {"text": TEXT}, "methods": [{"saliency": {}}]})
    assert status == 200 and isinstance(parts, list)
    assert "prediction" in parts[0] and "summary" in parts[-1]
    assert any(part.get("attribution", {}).get("scores") for part in parts)


@pytest.mark.parametrize("path, message, part", [
    ("explain", {"input": {"text": TEXT}, "methods": [{"saliency": {}}]}, "summary"),
    ("models/demo:explain", {"input": {"text": TEXT}, "methods": [{"saliency": {}}]}, "summary"),
    ("predict", {"input": {"text": TEXT}}, "prediction"), ("models/demo:predict", {"input": {"text": TEXT}}, "prediction"),
    ("tokenize", {"input": {"text": TEXT}}, "tokens"), ("models/demo:tokenize", {"input": {"text": TEXT}}, "tokens"),
    ("estimate_cost", {"request": {"input": {"text": TEXT}}}, "tokens"), ("models", None, "models"),
    ("models/demo", None, "model")])
def test_the_contracts_own_paths(envoy, path, message, part):
    status, answer = ask(envoy, path, message)
    assert status == 200 and part in (answer[-1] if isinstance(answer, list) else answer)


def test_a_model_of_the_path_that_is_not_there(envoy):
    status, answer = ask(envoy, "models/nonesuch:predict", {"input": {"text": TEXT}})
    assert status == 404 and "nonesuch" in answer["message"]


def test_a_refusal_says_why(envoy):
    status, answer = ask(envoy, "predict", {"input": {"text": TEXT}, "model": "nonesuch"})
    assert status == 404
    assert "nonesuch" in answer["message"]
    assert any(detail.get("reason") == "MODEL_NOT_FOUND" for detail in answer["details"])


def test_what_is_not_in_the_contract_is_refused(envoy):
    assert ask(envoy, "nonesuch", {})[0] == 404
    assert ask(envoy, "predict", {"input": {"text": 1.5e300}, "model": []})[0] == 400
    # RESOURCE_EXHAUSTED, gRPC's own status for a message over 1 MiB.
    assert ask(envoy, "predict", {"input": {"text": "x" * 2_000_000}})[0] == 429


def test_grpc_passes_as_it_is(envoy):
    with Client(f"127.0.0.1:{envoy}") as client:
        assert client.explain(pb.ExplainRequest(input=pb.Input(text=TEXT),
                                                methods=[pb.Method(saliency=pb.Saliency())])).parts[-1] == "summary"
        with pytest.raises(grpc.RpcError) as caught:
            client.stub.Predict(pb.PredictRequest(input=pb.Input(text=TEXT), model="nonesuch"), timeout=30)
        assert refusal_of(caught.value).reason == "MODEL_NOT_FOUND"


def test_calls_are_spread_over_replicas_and_none_fails_when_one_stops(envoy, replicas):
    def answered(server):
        return server.metric("limpid_grpc_requests_total", rpc="Predict", code="OK")

    # Both are healthy by Envoy's own checks once both have had calls.
    until(lambda: ask(envoy, "predict", {"input": {"text": TEXT}})[0] == 200 and all(map(answered, replicas)),
          "calls to both replicas")
    replicas[1].terminate()
    statuses = []
    while replicas[1].alive():
        statuses.append(ask(envoy, "predict", {"input": {"text": TEXT}})[0])
    assert len(statuses) > 50 and set(statuses) == {200}
    assert replicas[1].wait() == 0
