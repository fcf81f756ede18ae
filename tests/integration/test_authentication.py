"""Bearer tokens and JWTs: who may call, under which name, and how the list is exchanged."""

import base64
import hashlib
import hmac
import json
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2

from integration.waiting import until
from support.client import Client
from support.paths import DEMO
from support.pki import JwtKey, encode, replace
from support.proto import pb
from support.server import Server, run_to_end

SERVING = health_pb2.HealthCheckResponse.SERVING
MANY = pb.ExplainManyRequest(id="a", request=pb.ExplainRequest(input=pb.Input(text="Income is stable.")))
CALLS = {
    "Explain": pb.ExplainRequest(input=pb.Input(text="Income is stable.")),
    "ExplainMany": MANY,
    "Predict": pb.PredictRequest(input=pb.Input(text="Income is stable.")),
    "Tokenize": pb.TokenizeRequest(input=pb.Input(text="Income is stable.")),
    "EstimateCost": pb.EstimateCostRequest(request=pb.ExplainRequest(input=pb.Input(text="Income is stable."))),
    "ListModels": pb.ListModelsRequest(),
    "GetModel": pb.GetModelRequest(),
}


def hashed(name, token, **limits):
    return {"name": name, "token_sha256": hashlib.sha256(token.encode()).hexdigest(), **limits}


def write_tokens(path, *clients):
    replace(path, json.dumps({"clients": list(clients)}).encode())


def ask(server, call="GetModel", token=None, scheme="Bearer"):
    """The status code and the details."""
    metadata = [("authorization", f"{scheme} {token}")] if token is not None else []
    with Client(server.address) as client:
        message = CALLS[call]
        try:
            answer = getattr(client.stub, call)(iter([message]) if call == "ExplainMany" else message, timeout=30,
                                                metadata=metadata)
            if hasattr(answer, "__next__"):
                parts = list(answer)
                failures = [part.failure for part in parts if call == "ExplainMany" and part.HasField("failure")]
                if failures:
                    return failures[0].code, failures[0].message
        except grpc.RpcError as error:
            return error.code(), error.details()
    return grpc.StatusCode.OK, ""


def accepts(server, token):
    return ask(server, token=token)[0] == grpc.StatusCode.OK


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """(server, its token file): "search" with the token s3cret."""
    path = tmp_path_factory.mktemp("tokens") / "tokens.json"
    write_tokens(path, hashed("search", "s3cret", max_concurrent_requests=8, priority="bulk"))
    with Server({"demo": DEMO}, "--auth-tokens", path, "--reflection", "on") as server:
        yield server, path


@pytest.mark.parametrize("call", CALLS)
def test_every_call_needs_a_known_token(guarded, call):
    server, _ = guarded
    assert ask(server, call, "s3cret") == (grpc.StatusCode.OK, "")
    refusals = {ask(server, call, token, scheme) for token, scheme in
                [(None, ""), ("wrong", "Bearer"), ("", "Bearer"), ("s3cret", "Basic"), ("s3cret ", "Bearer")]}
    assert len(refusals) == 1, "the text does not tell what was wrong"
    code, text = refusals.pop()
    assert code == grpc.StatusCode.UNAUTHENTICATED
    assert "authorization: Bearer" in text


def test_health_needs_no_token(guarded):
    assert guarded[0].health() == SERVING


def test_the_log_names_the_client_and_the_fault_and_never_a_token(guarded):
    server, _ = guarded
    ask(server, "GetModel", "s3cret")
    ask(server, "GetModel", "another-s3cret")

    def causes():
        return {line.get("client", line.get("authentication")) for line in server.log_lines() if "rpc" in line}

    until(lambda: {"search", "the bearer token is unknown"} <= causes(), "both lines")
    assert "s3cret" not in server.log_path.read_text()


def test_a_changed_list_comes_into_force_and_a_broken_one_does_not(guarded):
    server, path = guarded
    write_tokens(path, hashed("search", "s3cret"), hashed("batch", "new"))
    until(lambda: accepts(server, "new"), "the new token's acceptance")
    assert accepts(server, "s3cret")

    path.write_text('{"clients": [{"name": "batch"')
    until(lambda: [line for line in server.log_lines() if "old one stays" in line["message"]], "the complaint")
    assert accepts(server, "new") and accepts(server, "s3cret")

    write_tokens(path, hashed("search", "s3cret"))
    until(lambda: not accepts(server, "new"), "the end of the new token")
    assert accepts(server, "s3cret")


@pytest.mark.parametrize("content, words", [
    ("", ("JSON",)),
    ("{}", ("clients",)),
    ('{"clients": []}', ("clients",)),
    ('{"clients": [{"name": "a", "token_sha256": "zz"}]}', ("clients[0]", "token_sha256", "64")),
    ('{"clients": [{"token_sha256": "%s"}]}' % ("0" * 64), ("clients[0]", "name")),
])
def test_a_start_with_a_wrong_list_ends_with_flag_and_field_named(tmp_path, content, words):
    path = tmp_path / "tokens.json"
    path.write_text(content)
    code, output = run_to_end({"demo": DEMO}, "--auth-tokens", path)
    assert code == 1 and all(word in output.splitlines()[-1] for word in ("--auth-tokens", *words)), output


@pytest.fixture(scope="module")
def jwt(tmp_path_factory):
    """(server, {algorithm: key}): issuer and audience are looked at."""
    folder = tmp_path_factory.mktemp("jwt")
    keys = {name: JwtKey(folder, name) for name in ("RS256", "ES256")}
    public = folder / "public.pem"
    public.write_bytes(b"".join(key.public for key in keys.values()))
    with Server({"demo": DEMO}, "--auth-jwt-keys", public, "--auth-jwt-issuer", "https://issuer.test",
                "--auth-jwt-audience", "limpid") as server:
        yield server, keys


def claims(**changes):
    made = {"sub": "batch", "exp": time.time() + 600, "iss": "https://issuer.test", "aud": ["limpid", "other"]}
    return {key: value for key, value in (made | changes).items() if value is not None}


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_signed_token_is_taken_and_its_subject_is_the_client(jwt, algorithm):
    server, keys = jwt
    assert accepts(server, keys[algorithm].token(claims(sub=f"client-of-{algorithm}")))
    until(lambda: f"client-of-{algorithm}" in [line.get("client") for line in server.log_lines()], "its line")


@pytest.mark.parametrize("changes", [
    {"exp": time.time() - 600}, {"exp": None}, {"exp": "tomorrow"}, {"nbf": time.time() + 600}, {"iss": "x"},
    {"iss": None}, {"aud": "x"}, {"aud": None}, {"sub": None}, {"sub": "x" * 300},
], ids=str)
def test_a_token_whose_claims_do_not_hold_is_refused(jwt, changes):
    server, keys = jwt
    assert ask(server, token=keys["ES256"].token(claims(**changes)))[0] == grpc.StatusCode.UNAUTHENTICATED


def forged(keys, folder):
    """Tokens that nobody with a key has signed."""
    good = keys["RS256"].token(claims())
    head, body, signature = good.split(".")
    hs256 = f"{encode({'alg': 'HS256'})}.{body}"
    mac = base64.urlsafe_b64encode(hmac.digest(keys["RS256"].public, hs256.encode(), "sha256"))
    return {
        "no signature": f"{encode({'alg': 'none'})}.{body}.",
        "alg none with the signature of another": f"{encode({'alg': 'none'})}.{body}.{signature}",
        "public key as secret": f"{hs256}.{mac.rstrip(b'=').decode()}",
        "another key": JwtKey(folder, "RS256").token(claims()),
        "algorithm of the other key": keys["RS256"].token(claims(), {"alg": "ES256"}),
        "changed claims": f"{head}.{encode(claims(sub='admin'))}.{signature}",
        "critical extension": keys["RS256"].token(claims(), {"alg": "RS256", "crit": ["b64"]}),
        "no JWT": "a.b.c", "nothing": "..", "one part": "abc",
    }


def test_forged_tokens_are_refused(jwt, tmp_path):
    server, keys = jwt
    codes = {name: ask(server, token=token)[0] for name, token in forged(keys, tmp_path).items()}
    assert set(codes.values()) == {grpc.StatusCode.UNAUTHENTICATED}, codes
    assert accepts(server, keys["RS256"].token(claims()))
