"""The playground's HTTP: parts as they come, errors, limits, strangers, and who goes away."""

import hashlib
import http.client
import json
import threading
import time

import pytest

from integration.waiting import until
from support.client import Client
from support.paths import DEMO, minilm
from support.playground import JSON, Visitor
from support.proto import pb
from support.server import Server, run_to_end

TEXT = "She has missed three payments."
# Some seconds of work, as passes of one text that give their scores at the very end.
SLOW = {"model": "minilm", "input": {"text": "word " * 20},
        "methods": [{"saliency": {}}, {"kernel_shap": {"samples": 400}}]}


@pytest.fixture(scope="module")
def running():
    # Which this machine's speed must not decide.
    with Server({"demo": DEMO, "minilm": minilm()}, "--playground", "0", "--max-queue-seconds", 3600,
                "--max-request-seconds", 3600) as server:
        yield server


@pytest.fixture(scope="module")
def visitor(running):
    return Visitor(running)


def test_the_page_may_ask_nobody_else(visitor):
    for path, kind in (("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript")):
        with visitor.open("GET", path) as response:
            assert response.status == 200 and response.getheader("Content-Type").startswith(kind)
            policy = response.getheader("Content-Security-Policy")
            assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response.getheader("X-Content-Type-Options") == "nosniff"
            text = response.read().decode()
            assert "src=\"http" not in text and "../" not in text


def test_models_are_those_of_the_service(visitor, running):
    [answer] = visitor.parts("/models")
    with Client(running.address) as client:
        models = client.stub.ListModels(pb.ListModelsRequest(), timeout=30).models
    assert [model["identity"]["name"] for model in answer["models"]] == [model.identity.name for model in models]
    assert answer["models"][0]["methods"] == list(models[0].methods)


def test_an_answer_is_the_services_own(visitor, running):
    methods = [{"saliency": {}}, {"integrated_gradients": {"send_refinements": True}}]
    parts = visitor.parts("/explain", {"model": "demo", "input": {"text": TEXT}, "methods": methods, "quality": {}})
    kinds = [next(iter(part)) for part in parts]
    assert kinds[:3] == ["prediction", "attribution", "quality"] and kinds[-1] == "summary"
    attributions = [part["attribution"] for part in parts if "attribution" in part]
    assert [a["is_refining"] for a in attributions] == [False] + [True] * (len(attributions) - 2) + [False]
    with Client(running.address) as client:
        request = pb.ExplainRequest(model="demo", input=pb.Input(text=TEXT), methods=[pb.Method(saliency={})])
        own = [part for part in client.stub.Explain(request, timeout=60) if part.WhichOneof("part") == "attribution"]
    assert attributions[0]["scores"] == pytest.approx(own[0].attribution.scores, rel=1e-5)
    assert "in-process" in [line["client"] for line in running.log_lines() if line["message"] == "request"]


def test_parts_come_before_the_answer_is_whole(visitor, running):
    with visitor.open("POST", "/explain", SLOW) as response:
        assert "prediction" in json.loads(response.readline())
        assert json.loads(response.readline())["attribution"]["card"]["method"] == "saliency"
        assert running.metric("limpid_streams") == 1, "the rest is still being computed"
        lines = response.read().split(b"\n")
    assert b"" in lines[:-1], "blank lines keep the connection alive meanwhile"
    assert [next(iter(json.loads(line))) for line in lines if line] == ["attribution", "summary"]


def test_errors_are_the_services_own_with_field_and_reason(visitor):
    [line] = visitor.parts("/explain", {"model": "nope", "input": {"text": TEXT}})
    assert line["error"]["code"] == 5 and "'nope'" in line["error"]["message"]
    assert line["error"]["details"][0]["reason"] == "MODEL_NOT_FOUND"
    [line] = visitor.parts("/explain", {"model": "demo", "input": {"text": ""}})
    assert line["error"]["details"][0]["field_violations"][0]["field"] == "input.text"
    [line] = visitor.parts("/generate", {"model": "demo", "input": {"text": TEXT}})
    assert "no causal language model" in line["error"]["message"]


@pytest.mark.parametrize("body, words", [("", "Unexpected end"), ("[]", "must be a message"), ("{", "Expected"),
                                         ('{"modell": 1}', "modell"), (b'{"input": {"text": "\xff"}}', "UTF-8"),
                                         ('{"input": ' * 3000, "too deep")])
def test_what_is_no_request_is_refused_with_the_reason(visitor, body, words):
    status, text = visitor.status("POST", "/explain", body)
    assert status == 400 and words in text and len(text) < 200, text


def test_an_oversize_body_is_refused_and_not_read(visitor):
    status, text = visitor.status("POST", "/explain", "x" * ((1 << 20) + 1))
    assert status == 413 and "1048577 bytes, the limit is 1048576" in text


@pytest.mark.parametrize("method, path, headers, status", [
    ("GET", "/", {"Host": "evil.example"}, 403),
    ("GET", "/models", {"Host": "localhost.evil.example:80"}, 403),
    ("GET", "/models", {"Host": "localhost:80"}, 200),
    ("POST", "/explain", {"Origin": "http://evil.example"}, 403),
    ("POST", "/explain", {"Origin": "null"}, 403),
    ("POST", "/explain", {"Content-Type": "text/plain"}, 415),
    ("OPTIONS", "/explain", {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}, 403),
    ("PUT", "/explain", {}, 405),
    ("GET", "/explain", {}, 404),
    ("GET", "/../../../../etc/passwd", {}, 404),
    ("GET", "/models", {"Authorization": "Bearer \xe9"}, 400),
])
def test_strangers_are_refused(visitor, running, method, path, headers, status):
    body = "{}" if method in ("POST", "PUT") else None
    with visitor.open(method, path, body, headers) as response:
        assert response.status == status
        assert response.getheader("Access-Control-Allow-Origin") is None
    assert running.alive()


def test_a_body_of_unknown_length_is_refused(visitor):
    connection = http.client.HTTPConnection("127.0.0.1", visitor.port, timeout=60)
    connection.request("POST", "/explain", iter([b"{}"]), JSON, encode_chunked=True)
    assert connection.getresponse().status == 411
    connection.close()


def test_who_goes_away_frees_what_he_asked_for(visitor, running):
    before = running.metric("limpid_dropped_total")
    slow = SLOW | {"methods": [{"kernel_shap": {"samples": 8000}}]}
    with visitor.open("POST", "/explain", slow) as response:
        assert "prediction" in json.loads(response.readline())
        assert running.metric("limpid_inflight_requests") == 1
    until(lambda: running.metric("limpid_inflight_requests") == 0, "the end of the request")
    assert running.metric("limpid_dropped_total") == before + 1


def test_answers_under_way_are_bounded_and_the_page_stays(visitor):
    slow = SLOW | {"methods": [{"kernel_shap": {"samples": 1000}}]}  # of all eight fits into the queue
    open_answers = [visitor.open("POST", "/explain", slow) for _ in range(8)]
    try:
        assert [answer.__enter__().status for answer in open_answers] == [200] * 8
        status, text = visitor.status("POST", "/explain", slow)
        assert status == 503 and "8 answers are under way" in text
        assert visitor.status("GET", "/")[0] == 200
    finally:
        for answer in open_answers:
            answer.__exit__(None, None, None)
    until(lambda: visitor.status("GET", "/models")[0] == 200, "a free place")


def test_a_token_is_asked_for_and_handed_on(tmp_path):
    token = "secret-of-ann"
    clients = [{"name": "ann", "token_sha256": hashlib.sha256(token.encode()).hexdigest()}]
    (tmp_path / "tokens.json").write_text(json.dumps({"clients": clients}))
    with Server({"demo": DEMO}, "--playground", "0", "--auth-tokens", tmp_path / "tokens.json") as server:
        visitor = Visitor(server)
        for path, body in (("/models", None), ("/explain", {"input": {"text": TEXT}})):
            for wrong in ({}, {"Authorization": "Bearer other"}):
                assert visitor.parts(path, body, **wrong)[-1]["error"]["code"] == 16
            assert "error" not in visitor.parts(path, body, Authorization=f"Bearer {token}")[-1]
        assert [line["client"] for line in server.log_lines() if line.get("status") == "OK"][-1] == "ann"


def test_a_drain_lets_answers_end_and_refuses_new_ones():
    with Server({"demo": DEMO, "minilm": minilm()}, "--playground", "0", "--drain-notice-seconds", 0,
                "--max-queue-seconds", 3600) as server:
        visitor = Visitor(server)
        with visitor.open("POST", "/explain", SLOW) as response:
            assert "prediction" in json.loads(response.readline())
            server.terminate()
            until(lambda: any(line["message"] == "draining" for line in server.log_lines()), "the drain")
            time.sleep(0.1)
            [line] = visitor.parts("/explain", {"input": {"text": TEXT}})
            assert line["error"]["details"][0]["reason"] == "DRAINING"
            assert "summary" in json.loads(response.read().splitlines()[-1])
        assert server.wait() == 0


def test_a_stop_amid_requests_is_clean():
    """gRPC's own in-process transport crashes here."""
    with Server({"demo": DEMO}, "--playground", "0") as server:
        visitor, is_asked = Visitor(server), threading.Event()

        def ask_until_refused():
            while True:
                try:
                    for path, body in (("/models", None), ("/explain", {"input": {"text": TEXT}})):
                        visitor.status("GET" if body is None else "POST", path, body)
                    is_asked.set()
                except ConnectionRefusedError:
                    return
                except (OSError, http.client.HTTPException):
                    pass  # was cut

        askers = [threading.Thread(target=ask_until_refused) for _ in range(6)]
        for asker in askers:
            asker.start()
        assert is_asked.wait(30)
        code = server.stop()
        for asker in askers:
            asker.join()
        assert code == 0, server.log()


def test_what_would_let_strangers_past_the_certificates_is_refused(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_text("x")
    tls = ("--tls-cert", tmp_path / "a", "--tls-key", tmp_path / "b", "--tls-client-ca", tmp_path / "a")
    code, output = run_to_end({"demo": DEMO}, "--playground", "8090", *tls)
    assert code == 2 and "--tls-client-ca" in output
    for address in ("127.0.0.1:80,8090", "8090s", ":8090", "127.0.0.1:99999", "here"):
        code, output = run_to_end({"demo": DEMO}, "--playground", address)
        assert code == 2 and "must be HOST:PORT" in output, output


def test_an_address_that_others_reach_is_warned_of():
    with Server({"demo": DEMO}, "--playground", "0.0.0.0:0") as server:
        assert any("plain HTTP" in line["message"] for line in server.log_lines() if line["level"] == "warning")
        assert Visitor(server).status("GET", "/", headers={"Host": "evil.example"})[0] == 403


def test_a_taken_port_ends_the_start(running):
    code, output = run_to_end({"demo": DEMO}, "--playground", str(Visitor(running).port))
    assert code == 1 and "--playground: cannot listen on" in output
