"""`limpid bench`: a file of texts over many streams."""

import json

import pytest

from support.cli import limpid

TEXTS = [f"Loan {number} was repaid in full in {2000 + number}." for number in range(20)]


@pytest.fixture
def bench(server, tmp_path):
    def command(lines, *arguments):
        path = tmp_path / "texts.jsonl"
        path.write_text("".join(line + "\n" for line in lines))
        return limpid("bench", path, "--server", server.address, "--model", "demo", *arguments)

    return command


def lines_of(texts):
    return [json.dumps({"text": text}) for text in texts]


def test_every_text_is_explained_as_often_as_asked(bench):
    done = bench(lines_of(TEXTS), "--streams", "7", "--repeat", "3", "--attention", "all", "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["explained"], result["failed"], result["streams"]) == (60, 0, 7)
    assert result["attention_bytes"] > 0
    latency = result["latency_ms"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"]
    assert result["texts_per_second"] == pytest.approx(60 / result["seconds"], rel=1e-3)


def test_predictions_alone_are_timed_without_explaining(bench, server):
    explained = server.metric("limpid_grpc_requests_total", rpc="Explain")

    done = bench(lines_of(TEXTS), "--predict", "--json")

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (result["predicted"], result["failed"], result["attention_bytes"]) == (20, 0, 0)
    assert server.metric("limpid_grpc_requests_total", rpc="Predict") >= 20
    assert server.metric("limpid_grpc_requests_total", rpc="Explain") == explained


def test_what_the_server_refuses_is_counted_and_told(bench):
    done = bench(lines_of([*TEXTS, "too long " * 300]), "--json")

    assert done.returncode == 4
    result = json.loads(done.stdout)
    assert (result["explained"], result["failed"]) == (20, 1)
    assert "at most" in done.stderr


@pytest.mark.parametrize("line, problem", [
    ("not json", "line 2"), ('{"txt": "a"}', "line 2"), ('{"text": "a", "text_pair": 3}', "text_pair")])
def test_a_broken_line_is_named_before_anything_is_asked(bench, line, problem):
    done = bench([*lines_of(TEXTS[:1]), line])

    assert done.returncode == 2
    assert problem in done.stderr and done.stdout == ""
