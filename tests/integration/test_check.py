"""`limpid check`: what a folder is, whether it runs, and what is wrong with one that does not."""

import json
import shutil

import pytest

from support.cli import limpid
from support.paths import DEMO


@pytest.mark.parametrize("name", ["demo", "gpt2", "bert-masked", "electra", "llama-classes"])
def test_a_folder_that_runs_passes(model_folders, name):
    done = limpid("check", str(model_folders[name]), "--json")

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["passed"] and [item["passed"] for item in report["checks"]] == [True] * 4
    assert report["model"]["architecture"] == json.loads((model_folders[name] / "config.json").read_text())["architectures"][0]


def test_what_is_found_is_said_in_words():
    done = limpid("check", str(DEMO))

    assert done.returncode == 0 and done.stdout.count("\nok ") == 4
    assert "BertForSequenceClassification" in done.stdout and "integrated gradients" in done.stdout


@pytest.mark.parametrize("change, said", [
    (lambda config: config.update(architectures=["T5Model"]), "'T5Model' is not supported; supported are"),
    (lambda config: config.update(num_hidden_layers=5), "is missing"),
    (lambda config: config.update(vocab_size=-1), "vocab_size")])
def test_a_folder_that_does_not_load_is_refused_with_the_reason(tmp_path, change, said):
    folder = shutil.copytree(DEMO, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))

    done = limpid("check", str(folder))

    assert done.returncode == 4 and said in done.stderr
