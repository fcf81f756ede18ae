"""`limpid bench`: a load test of a file of texts, its conditions, its page."""

import json
import signal
import subprocess

import pytest

from report.browser import Browser
from support.cli import limpid
from support.paths import DEMO
from support.server import Server, binary

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


def stages_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["stages"]


def test_every_text_is_explained_as_often_as_asked(bench):
    [stage] = stages_of(bench(lines_of(TEXTS), "--streams", "7", "--repeat", "3", "--attention", "all", "--json"))

    assert (stage["answered"], stage["failed"], stage["streams"]) == (60, 0, 7)
    assert stage["attention_bytes"] > 0
    latency = stage["latency_ms"]
    assert 0 < latency["p50"] <= latency["p90"] <= latency["p99"] <= latency["max"]
    low, high = latency["p99_interval"]
    assert low <= latency["p99"] <= high
    assert stage["texts_per_second"] == pytest.approx(60 / stage["seconds"], rel=1e-3)
    assert stage["client_cpu_seconds"] > 0


def test_predictions_alone_are_timed_without_explaining(bench, server):
    explained = server.metric("limpid_grpc_requests_total", rpc="Explain")

    [stage] = stages_of(bench(lines_of(TEXTS), "--predict", "--json"))

    assert (stage["answered"], stage["failed"], stage["attention_bytes"]) == (20, 0, 0)
    assert server.metric("limpid_grpc_requests_total", rpc="Predict") >= 20
    assert server.metric("limpid_grpc_requests_total", rpc="Explain") == explained


def test_what_the_server_refuses_is_counted_and_told(bench):
    done = bench(lines_of([*TEXTS, "too long " * 300]), "--json")

    assert done.returncode == 4
    [stage] = json.loads(done.stdout)["stages"]
    assert (stage["answered"], stage["failed"]) == (20, 1)
    assert {code: failure["count"] for code, failure in stage["failures"].items()} == {"INVALID_ARGUMENT": 1}
    assert "at most" in done.stderr


def test_a_ramp_has_a_stage_for_each_rate_and_a_warm_up_that_is_not_counted(bench, server):
    asked = server.metric("limpid_grpc_requests_total", rpc="Explain")

    stages = stages_of(bench(lines_of(TEXTS), "--rate", "20:60:3", "--duration", 1, "--warmup", 1, "--json"))

    assert [stage["rate"] for stage in stages] == [20, 40, 60]
    assert {stage["arrivals"] for stage in stages} == {"poisson"}
    assert all(0.5 < stage["calls"] / stage["rate"] < 1.6 for stage in stages), "a Poisson count of 20 has sigma 4.5"
    assert server.metric("limpid_grpc_requests_total", rpc="Explain") - asked > sum(s["calls"] for s in stages)


def test_a_mix_has_its_own_methods_and_weights(bench, server):
    predicted = server.metric("limpid_grpc_requests_total", rpc="Predict")
    lines = [json.dumps({"text": TEXTS[0], "weight": 3, "label": "quick", "rpc": "predict"}),
             json.dumps({"text": TEXTS[1], "label": "long", "method": "integrated_gradients", "attention": "all"})]

    [stage] = stages_of(bench(lines, "--repeat", 20, "--json"))

    assert {part["name"]: part["answered"] for part in stage["by_label"]} == {"quick": 30, "long": 10}
    assert server.metric("limpid_grpc_requests_total", rpc="Predict") - predicted == 30
    assert stage["attention_bytes"] > 0


def test_several_servers_share_the_streams(bench, server):
    with Server({"demo": DEMO}) as other:
        [stage] = stages_of(bench(lines_of(TEXTS), "--servers", f"{server.address},{other.address}", "--streams", 4,
                                  "--duration", 1, "--json"))

    parts = {part["name"]: part["answered"] for part in stage["by_server"]}
    assert set(parts) == {server.address, other.address}
    assert min(parts.values()) > 0 and sum(parts.values()) == stage["answered"]


def test_a_condition_decides_about_the_exit_code(bench):
    kept = bench(lines_of(TEXTS), "--slo", "p99<1h", "--slo", "errors<1%", "--json")
    missed = bench(lines_of(TEXTS), "--slo", "p99<1h", "--slo", "p50<1us")

    [stage] = stages_of(kept)
    assert [outcome["holds"] for outcome in stage["slo"]] == [True, True]
    assert missed.returncode == 7
    assert "p99<1h holds" in missed.stdout and "p50<1us does not hold" in missed.stdout


def test_failed_calls_are_for_the_conditions_to_judge(bench):
    lines = lines_of([*TEXTS, "too long " * 300])
    assert bench(lines, "--slo", "errors<10%").returncode == 0
    assert bench(lines, "--slo", "p99<1h").returncode == 7
    assert bench(lines_of(["too long " * 300]), "--slo", "errors<=100%").returncode == 4, "nothing was answered at all"


def test_the_knee_is_looked_for(bench):
    # The 40th call fails, and half a second has rate / 2 + 1 calls: however fast the server is, 78 a second is too much.
    lines = lines_of([*TEXTS, *TEXTS[:19], "too long " * 300])
    done = bench(lines, "--find-knee", "--slo", "errors<=0%", "--arrivals", "constant", "--duration", 0.5, "--json")
    result = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert result["knee"]["rate"] in (76, 78)
    assert [stage["rate"] for stage in result["stages"]] == [16, 32, 64, 128, 96, 80, 72, 76, 78]

    never = bench(lines_of(TEXTS), "--find-knee", "--slo", "p50<1us", "--duration", 0.1)
    assert never.returncode == 7
    assert "Even the lowest rate" in never.stdout


@pytest.mark.parametrize("line, problem", [
    ("not json", "line 2"), ('{"txt": "a"}', 'line 2: there is no field "txt"'),
    ('{"text": "a", "text_pair": 3}', '"text_pair": not a string')])
def test_a_broken_line_is_named_before_anything_is_asked(bench, line, problem):
    done = bench([*lines_of(TEXTS[:1]), line])

    assert done.returncode == 2
    assert problem in done.stderr and done.stdout == ""


@pytest.mark.parametrize("arguments, problem", [
    (["--slo", "p99<250"], "p99<250ms"), (["--rate", "fast"], "--rate fast"), (["--find-knee", "--duration", 1], "--slo"),
    (["--rate", "5,6", "--find-knee", "--slo", "p50<1s", "--duration", 1], "--rate: one number"),
    (["--streams", "1,2", "--rate", 5], "--streams: one number"), (["--method", "magic"], "magic"),
    (["--servers", "a:1,b:1", "--streams", 1], "--servers")])
def test_what_cannot_be_is_refused_before_anything_is_asked(bench, arguments, problem):
    done = bench(lines_of(TEXTS), *arguments)

    assert done.returncode == 2
    assert problem in done.stderr and done.stdout == ""


def test_without_a_server_nothing_is_measured(bench):
    done = bench(lines_of(TEXTS), "--servers", "127.0.0.1:1")
    assert done.returncode == 3
    assert "no server answers at 127.0.0.1:1" in done.stderr and done.stdout == ""


def interrupted(server, lines, tmp_path, *arguments, after=lambda process: process.stdout.readline()):
    """The exit code, output and errors of a run that gets SIGINT `after` something."""
    path = tmp_path / "texts.jsonl"
    path.write_text("".join(line + "\n" for line in lines))
    command = [binary("limpid"), "bench", path, "--server", server.address, "--model", "demo", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    after(process)
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def test_an_interrupted_run_keeps_what_it_has_measured(server, browser, tmp_path):
    page_path, json_path = tmp_path / "load.html", tmp_path / "load.json"

    def after(process):
        head, first = process.stdout.readline(), process.stdout.readline()
        assert "answers/s" in head and first.split()[:2] == ["40.0", "512"]
        asked = server.metric("limpid_grpc_requests_total", rpc="Explain")
        while server.metric("limpid_grpc_requests_total", rpc="Explain") == asked:
            assert process.poll() is None

    code, output, errors = interrupted(server, lines_of(TEXTS), tmp_path, "--rate", "40,20,10", "--duration", 4, "--html",
                                       page_path, "--output-json", json_path, after=after)

    assert code == -signal.SIGINT and not errors
    assert output.endswith("Interrupted: the last load was not run to its end, nor any behind it.\n")
    result = json.loads(json_path.read_text())
    assert result["interrupted"] is True
    whole, cut = result["stages"]
    assert (whole["rate"], cut["rate"]) == (40, 20) and whole["failed"] == cut["failed"] == 0
    assert 0 < cut["answered"] < whole["answered"] and cut["seconds"] < 4
    with browser.open(page_path) as page:
        assert page.locator("h1").inner_text() == "Interrupted"
        assert "2 stages" in page.locator("#verdict p").inner_text() and page.barriers() == []


def test_an_interruption_does_not_wait_for_a_call_that_is_not_due(server, tmp_path):
    code, output, _ = interrupted(server, lines_of(TEXTS), tmp_path, "--rate", 0.001, "--arrivals", "constant", "--duration", 600,
                                  "--find-knee", "--slo", "p50<1h")
    assert code == -signal.SIGINT and "Interrupted" in output and "highest rate" not in output


@pytest.fixture(scope="module")
def browser():
    with Browser() as opened:
        yield opened


@pytest.mark.parametrize("arguments", [("--rate", "20,40,80"), ("--streams", "1,4"), ("--rate", "30", "--slo", "p50<1us")],
                         ids=["open", "closed", "one"])
def test_the_page_shows_what_the_json_says(bench, browser, tmp_path, arguments):
    page_path, json_path = tmp_path / "load.html", tmp_path / "load.json"
    lines = [json.dumps({"text": "</script><b>", "label": "<i>"}), *lines_of(["too long " * 300]), *lines_of(TEXTS)]
    bench(lines, *arguments, "--duration", 1, "--html", page_path, "--output-json", json_path)
    result = json.loads(json_path.read_text())
    stages = result["stages"]

    for scheme in ("light", "dark"):
        with browser.open(page_path, color_scheme=scheme) as page:
            assert page.barriers() == []
            rows = [row.inner_text().split("\t") for row in page.locator("#stages tbody tr").all()]
            assert [int(row[2]) for row in rows] == [stage["answered"] for stage in stages]
            assert page.locator("#stages .chart").count() == (2 if len(stages) > 1 else 0)
            assert "INVALID_ARGUMENT" in page.locator("#stage").inner_text()
            assert "<i>" in page.locator("#stage").inner_text()
            page.set_viewport_size({"width": 390, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            if len(stages) > 1:
                page.locator("#stage .choice label").first.click()
                calls = page.locator("#stage p.note").inner_text()
                assert f"p99 of {stages[0]['answered']} answers" in calls
            else:
                assert page.locator("h1").inner_text() == "A condition is missed"
