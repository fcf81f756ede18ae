"""Triton's own Python client, tritonclient.grpc, as its users call it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from support.paths import REPO
from support.proto import pb

PROGRAM = Path(__file__).with_name("triton_user.py")
PAGE = REPO / "docs" / "open-inference.md"
TEXTS = ("She has missed three payments.", "He paid.")


@pytest.fixture(scope="module")
def got(server):
    """What triton_user.py prints."""
    done = subprocess.run([sys.executable, PROGRAM, server.address, *TEXTS], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def explained(client):
    """The same by limpid.v1.Explainer."""
    method = pb.Method(integrated_gradients=pb.IntegratedGradients(steps=64))
    return [client.explain(pb.ExplainRequest(model="demo", input=pb.Input(text=text), methods=[method])) for text in TEXTS]


def test_server_and_model_are_found(got, client):
    assert got["live"] and got["ready"] and got["model ready"] and got["server"] == "limpid"
    assert got["metadata"]["versions"] == [client.model("demo").identity.weights_sha256]
    assert {"name": "text", "datatype": "BYTES", "shape": ["-1"]} in got["metadata"]["inputs"]
    assert {"label", "attributions"} <= {output["name"] for output in got["metadata"]["outputs"]}


def test_predictions_are_those_of_explain(got, explained):
    assert got["id"] == "seven" and got["labels"] == ["declined", "approved"] and got["outputs"] == ["num_tokens", "label"]
    np.testing.assert_allclose(got["predicted"]["logits"], [answer.logits for answer in explained], rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.sum(got["predicted"]["probabilities"], 1), 1, rtol=0, atol=1e-5)


@pytest.mark.parametrize("way", ["explained", "in the background", "compressed"])
def test_attributions_are_those_of_explain(got, explained, way):
    for scores, answer in zip(got[way]["attributions"], explained, strict=True):
        expected = answer.scores()
        np.testing.assert_allclose(scores[:len(expected)], expected, rtol=0, atol=1e-5)
        assert not any(scores[len(expected):])


def test_a_stream_answers_all_and_tells_what_failed(got):
    assert "attributions" in got["streamed"]["a"] and "label" in got["streamed"]["c"]
    assert "nonesuch" in got["streamed"]["b"]


REFUSALS = {"no such model": ("NOT_FOUND", "nonesuch"), "no such model is ready": ("NOT_FOUND", "nonesuch"),
            "no such field": ("INVALID_ARGUMENT", "method.step"), "too late": ("DEADLINE_EXCEEDED", ""),
            # Triton's own, not of the protocol.
            "configuration": ("UNIMPLEMENTED", "")}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_raised_with_status_and_reason(got, case):
    code, word = REFUSALS[case]
    status, message = got[case]
    assert status == f"StatusCode.{code}" and word in message


def test_the_session_on_the_page_runs_as_it_stands(server, tmp_path):
    session = re.search(r"^```\n(>>> .*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)[1]
    (tmp_path / "test_session.txt").write_text(session.replace("127.0.0.1:50051", server.address))

    # NUMBER: as many digits as the page has.
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o",
                           "doctest_optionflags=NUMBER NORMALIZE_WHITESPACE", "test_session.txt"],
                          cwd=tmp_path, capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stdout
