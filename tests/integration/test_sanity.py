"""`limpid sanity`: the parameter randomisation test, with servers of its own."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from integration.waiting import until
from support.cli import limpid
from support.paths import DEMO
from support.server import binary

TEXTS = ("Zoë lives in Kraków and has missed three payments.", "Income is stable, but two payments were missed.")
METHODS = "attention_rollout,integrated_gradients,saliency:l1"


@pytest.fixture
def temporary(tmp_path):
    """Where the command may put what it needs; empty again at the end, and no process has it on its command line."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == [] and servers_of(folder) == []


@pytest.fixture
def sanity(temporary):
    def command(*arguments, **options):
        # Settings of a public server must not reach the private one.
        environment = {"TMPDIR": str(temporary), "LIMPID_LISTEN": "256.0.0.0:1", "LIMPID_TLS_CERT": "/none"}
        return limpid("sanity", *arguments, environment=environment | options.pop("environment", {}), **options)

    return command


def servers_of(folder) -> list:
    def command_line(process):
        try:
            return (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:  # it has ended meanwhile
            return []

    return [process for process in Path("/proc").glob("[0-9]*")
            if any(str(folder) in argument for argument in command_line(process))]


def links_to(folder, place) -> Path:
    """As Hugging Face's cache has it."""
    place.mkdir()
    for file in folder.iterdir():
        (place / file.name).symlink_to(os.path.relpath(file, place))
    return place


def test_a_table_with_a_line_a_method_and_a_column_a_stage(sanity, tmp_path):
    done = sanity(links_to(DEMO, tmp_path / "snapshot"), *TEXTS, "Hi", "--method", METHODS + ",head_importance")
    assert done.returncode == 0 and done.stderr == ""
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[3] == ["method", "head", "L1", "L0", "embeddings"]
    assert [line[0] for line in lines[4:7]] == METHODS.split(",")
    assert all(-1 <= float(cell) <= 1 for line in lines[4:7] for cell in line[1:])
    assert "mean of 2 texts" in done.stdout
    assert "head_importance is left out" in done.stdout and '"Hi" is left out: too short' in done.stdout


def test_gradients_depend_on_the_weights_and_attention_alone_not_on_the_head(sanity):
    done = sanity(DEMO, "--method", METHODS, "--json", stdin="\n".join(TEXTS) + "\n\n")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["texts"] == len(TEXTS) and found["stages"] == ["head", "L1", "L0", "embeddings"]
    correlations = {method["method"]: method["correlations"] for method in found["methods"]}
    assert correlations["attention_rollout"][0] == pytest.approx(1)
    for method in ("integrated_gradients", "saliency:l1"):
        assert correlations[method][-1] < correlations[method][0] - 0.3
    assert found["methods_without_scores"] == [] and found["short_texts"] == []


def test_another_seed_is_another_shuffling(sanity):
    tables = {sanity(DEMO, TEXTS[0], "--method", "saliency", "--seed", seed).stdout for seed in (1, 2)}
    assert len(tables) == 2


def test_shuffled_models_are_asked_about_the_class_that_the_whole_one_predicted(sanity):
    # With this seed a shuffled model predicts the other class.
    tables = {sanity(DEMO, TEXTS[0], "--method", "gradient_x_input", "--seed", 0, *target).stdout
              for target in ((), ("--target", "declined"))}
    assert len(tables) == 1


def test_a_model_without_a_head_has_no_head_stage(sanity, tmp_path):
    folder = links_to(DEMO, tmp_path / "embedding")
    config = json.loads((DEMO / "config.json").read_text()) | {"architectures": ["BertModel"]}
    (folder / "config.json").unlink()
    (folder / "config.json").write_text(json.dumps(config))
    done = sanity(folder, TEXTS[0], "--method", "saliency", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stages"] == ["L1", "L0", "embeddings"]


def test_an_interrupted_run_leaves_nothing_behind(temporary):
    run = subprocess.Popen([binary("limpid"), "sanity", DEMO, *TEXTS * 500, "--method", "all"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | {"TMPDIR": str(temporary)})
    try:
        until(lambda: list(temporary.glob("*/address")), "a server that listens")
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=60) == -signal.SIGINT
        assert run.stderr.read() == b""
    finally:
        run.kill()
        run.wait()
        run.stderr.close()


def test_what_cannot_be_done_is_said(sanity, tmp_path):
    def refused(*arguments, code=2, **options):
        done = sanity(*arguments, **options)
        assert done.returncode == code and done.stdout == ""
        return done.stderr

    assert "cannot open" in refused(tmp_path / "none", "text") and "MODEL_FOLDER" in refused()
    assert "no text: give TEXT" in refused(DEMO, stdin="\n")
    assert "text 1: not UTF-8" in refused(DEMO, "\udcff")
    assert "--server-binary: /none is not a program" in refused(DEMO, "text", "--server-binary", "/none")
    (tmp_path / "broken").write_text("no program")
    (tmp_path / "broken").chmod(0o755)
    assert "Exec format error" in refused(DEMO, "text", "--server-binary", tmp_path / "broken", code=5)
    assert "no such method" in refused(DEMO, "text", "--method", "magic")
    assert "too short to rank" in refused(DEMO, "Hi", "--method", "saliency", code=5)
    assert "text 1, whole model: " in refused(DEMO, "text", "--target", "nobody", code=4)
    alone = tmp_path / "limpid"
    shutil.copy(binary("limpid"), alone)
    done = subprocess.run([alone, "sanity", DEMO, "text"], env={"PATH": "/nowhere"}, capture_output=True, text=True)
    assert done.returncode == 2 and "neither beside limpid nor on PATH" in done.stderr


def test_a_server_that_does_not_start_says_why(sanity, tmp_path):
    folder = links_to(DEMO, tmp_path / "snapshot")
    (folder / "config.json").unlink()
    done = sanity(folder, "text")
    assert done.returncode == 5
    assert done.stderr.startswith("limpid: the private server did not start: ") and "config.json" in done.stderr
