"""A client that knows nothing but the address: grpcurl, through reflection."""

import json
import subprocess

import pytest

from support.paths import DEMO, tool
from support.server import Server

SERVICE = "limpid.v1.Explainer"


@pytest.fixture(scope="module")
def grpcurl():
    path = tool("grpcurl")

    def run(*arguments):
        done = subprocess.run([path, "-plaintext", *arguments], capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    return run


def objects(text):
    """The JSON objects that follow one another in `text`."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while at < len(text):
        value, end = decoder.raw_decode(text, at)
        found.append(value)
        at = end + len(text[end:]) - len(text[end:].lstrip())
    return found


def test_it_lists_the_services(server, grpcurl):
    code, listed, _ = grpcurl(server.address, "list")
    assert code == 0
    assert {SERVICE, "grpc.health.v1.Health"} <= set(listed.split())


def test_it_describes_service_and_messages(server, grpcurl):
    code, described, _ = grpcurl(server.address, "describe", SERVICE)
    assert code == 0
    for rpc in ("Explain", "ExplainMany", "Predict", "Tokenize", "ListModels", "GetModel"):
        assert f"rpc {rpc} (" in described
    code, described, _ = grpcurl(server.address, "describe", "limpid.v1.ExplainRequest")
    assert code == 0 and "repeated .limpid.v1.Method methods" in described


def test_it_explains_a_text(server, grpcurl):
    asked = {"model": "demo", "input": {"text": "She has missed three payments."}, "methods": [{"saliency": {}}],
             "granularity": "GRANULARITY_WORD"}
    code, answered, error = grpcurl("-d", json.dumps(asked), server.address, f"{SERVICE}/Explain")
    assert code == 0, error
    parts = objects(answered)
    assert [next(iter(part)) for part in parts] == ["prediction", "attribution", "summary"]
    assert parts[0]["prediction"]["classes"]["labels"] == ["declined", "approved"]
    assert len(parts[1]["attribution"]["scores"]) == len(parts[1]["attribution"]["units"])


def test_it_shows_why_a_request_was_refused(server, grpcurl):
    code, _, error = grpcurl("-d", '{"model": "nope"}', server.address, f"{SERVICE}/GetModel")
    assert code != 0
    assert "NotFound" in error and "'nope'" in error


def test_reflection_can_be_switched_off(grpcurl):
    with Server({"demo": DEMO}, "--reflection", "off") as closed:
        code, _, error = grpcurl(closed.address, "list")
        assert code != 0 and "reflection" in error
