"""The `limpid` command against the real server."""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import load_file

from support.cli import limpid
from support.proto import pb
from support.server import free_port

TEXT = "Zoë lives in Kraków and has missed three payments."
PLANTED = ("missed", "three", "payments")
ALL = ("saliency", "gradient_x_input", "attention_rollout", "gradient_weighted_attention", "gradient_x_attention",
       "head_importance", "occlusion", "sequential_integrated_gradients")


@pytest.fixture
def run(server):
    def command(*arguments, **options):
        return limpid(*arguments, "--server", server.address, **options)

    return command


@pytest.fixture
def explained(client):
    """The same by plain grpcio."""
    methods = [pb.Method(**{name: {}}) for name in ALL]
    return client.explain(pb.ExplainRequest(model="demo", input=pb.Input(text=TEXT), methods=methods,
                                            attention=pb.AttentionSelection()))


def explain_all(run, *more):
    return run("explain", TEXT, "--model", "demo", "--method", ",".join(ALL), "--attention", "all", *more)


def test_json_is_the_whole_answer(run, explained):
    done = explain_all(run, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer) >= {"prediction", "attributions", "attention", "summary"}
    assert [a["card"]["method"] for a in answer["attributions"]] == list(ALL)
    assert [t["text"] for t in answer["prediction"]["tokens"]] == [t.text for t in explained.prediction.tokens]
    for index in range(5):
        np.testing.assert_allclose(answer["attributions"][index]["scores"], explained.scores(index), rtol=1e-6)
    np.testing.assert_allclose(answer["prediction"]["classes"]["logits"], explained.logits, rtol=1e-6)
    for entry in answer["attention"]:
        np.testing.assert_allclose(entry["values"], explained.attention[entry["layer"]], rtol=1e-6)


def check_arrays(arrays, explained):
    """The same floats as on the wire."""
    for index, name in enumerate(ALL[:5]):
        np.testing.assert_allclose(arrays[f"scores.{index}.{name}"], explained.scores(index), rtol=1e-6)
        assert arrays[f"units.{index}"].shape == (len(explained.ids), 2)
    np.testing.assert_allclose(arrays["heads.5"], explained.scores(5), rtol=1e-6)
    for layer, maps in explained.attention.items():
        np.testing.assert_array_equal(arrays[f"attention.{layer}"], maps)
    np.testing.assert_array_equal(arrays["token_ids"], explained.ids)
    np.testing.assert_array_equal(arrays["logits"], np.array(explained.logits, np.float32))


def test_npz_opens_with_numpy_and_has_every_array(run, explained, tmp_path):
    path = tmp_path / "answer.npz"
    done = explain_all(run, "--npz", path)
    assert done.returncode == 0, done.stderr
    assert str(path) in done.stdout
    with np.load(path) as arrays:
        check_arrays(arrays, explained)
        assert list(arrays["tokens"]) == [t.text for t in explained.prediction.tokens]
        begin_end = [(t.begin_char, t.end_char) for t in explained.prediction.tokens]
        np.testing.assert_array_equal(arrays["offsets.chars"], begin_end)


def test_safetensors_has_the_same_arrays(run, explained, tmp_path):
    path = tmp_path / "answer.safetensors"
    done = explain_all(run, "--safetensors", path)
    assert done.returncode == 0, done.stderr
    check_arrays(load_file(path), explained)


def test_half_precision_maps_are_saved_as_such(run, explained, tmp_path):
    path = tmp_path / "half.npz"
    done = run("explain", TEXT, "--model", "demo", "--attention", "-1:0,3", "--attention-encoding", "fp16",
               "--npz", path)
    assert done.returncode == 0, done.stderr
    with np.load(path) as arrays:
        assert arrays["attention.1"].dtype == np.float16
        np.testing.assert_allclose(arrays["attention.1"], explained.attention[1][[0, 3]], atol=2.5e-4)
        assert "attention.0" not in arrays


def test_the_largest_keys_are_saved_with_their_positions(run, explained, tmp_path):
    path = tmp_path / "largest.npz"
    done = run("explain", TEXT, "--model", "demo", "--attention", "1", "--attention-top-k", "3", "--npz", path)
    assert done.returncode == 0, done.stderr
    assert "the 3 largest of each row" in done.stdout
    with np.load(path) as arrays:
        values, positions = arrays["attention.1"], arrays["attention.1.keys"]
        assert positions.dtype == np.uint16
        np.testing.assert_array_equal(np.take_along_axis(explained.attention[1], positions.astype(int), -1), values)
        sparse = np.zeros_like(explained.attention[1])
        np.put_along_axis(sparse, positions.astype(int), values, -1)
        assert ((sparse > 0).sum(-1) == 3).all()


def test_the_report_shows_the_prediction_the_reasons_and_the_original_words(run):
    done = run("explain", TEXT, "--model", "demo", "--method", "gradient_weighted_attention", "--granularity", "word",
               "--color", "never")
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout
    assert "declined" in done.stdout and "gradient_weighted_attention" in done.stdout
    for word in TEXT.rstrip(".").split():
        assert word in done.stdout


def test_the_planted_evidence_has_the_highest_score(run):
    done = run("explain", TEXT, "--method", "gradient_weighted_attention", "--granularity", "word", "--json")
    scores = json.loads(done.stdout)["attributions"][0]
    words = [i for i, unit in enumerate(scores["units"]) if not unit["is_special"]]
    unit = scores["units"][max(words, key=scores["scores"].__getitem__)]
    assert TEXT[unit["begin_char"]:unit["end_char"]] in PLANTED


@pytest.mark.parametrize("flag, environment, coloured", [
    ("always", {}, True), ("never", {}, False), ("auto", {}, False), ("auto", {"NO_COLOR": "1"}, False)])
def test_colour_only_where_it_is_wanted(run, flag, environment, coloured):
    done = run("explain", TEXT, "--color", flag, environment=environment | {"TERM": "xterm-256color"})
    assert done.returncode == 0, done.stderr
    assert ("\x1b[" in done.stdout) == coloured


# What a person must find below a method's name, with colour and without.
BELOW_METHODS = (
    (("--method", "counterfactual:no_deletions"),
     ("verified minimal: the decision flips", "declined >99.9 % -> approved", " -> ", "  new text  ", " passes")),
    (("--method", "input_reduction"), ("the decision stays", "  edits     [-", "  new text  ")),
    (("--method", "integrated_gradients:send_refinements"),
     ("baseline PAD, clenshaw-curtis, 33", "within the tolerance of 0.001", "  refinements   nodes  completeness error")),
    (("--method", "smooth_grad:seed=7:samples=4", "--quality", "deletion:max_sensitivity"),
     ("4 samples, seed 7", "  deletion   ", "  higher\n", "not measured: the method adds noise itself")),
    (("--method", "token_interactions", "--model", "minilm", "--target", f"similarity={TEXT}"),
     ("  the strongest 10 of ", "payments ~ payments ", "  pairs with special tokens: ")),
)


@pytest.mark.parametrize("arguments, parts", BELOW_METHODS,
                         ids=[arguments[1].split(":")[0] for arguments, _ in BELOW_METHODS])
def test_what_a_method_found_is_read_with_and_without_colour(run, arguments, parts):
    plain = run("explain", TEXT, *arguments, environment={"NO_COLOR": "1", "TERM": "xterm-256color"})
    coloured = run("explain", TEXT, *arguments, "--color", "always")
    assert plain.returncode == 0 and coloured.returncode == 0, plain.stderr + coloured.stderr
    for part in parts:
        assert part in plain.stdout
        assert part in re.sub("\x1b\\[[0-9;]*m", "", coloured.stdout)


def test_json_has_refinements_and_quality(run):
    done = run("explain", TEXT, "--method", "saliency,integrated_gradients:send_refinements", "--quality", "deletion",
               "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert {part["method_index"] for part in answer["refinements"]} == {1}
    assert [report["method_index"] for report in answer["quality"]] == [0, 1]
    assert len(answer["quality"][0]["values"][0]["curve"]) == len(answer["quality"][0]["values"][0]["shares"]) > 0


def test_control_characters_of_a_text_are_not_printed_raw(run):
    done = run("explain", "She \x1b[31mmissed\x07 three\x1b]0;title\x07 payments", "--color", "never")
    assert done.returncode == 0, done.stderr
    assert not {"\x1b", "\x07"} & set(done.stdout)


def test_text_comes_from_standard_input(run):
    done = run("explain", "-", "--json", stdin=TEXT)
    assert done.returncode == 0, done.stderr
    tokens = json.loads(done.stdout)["prediction"]["tokens"]
    assert max(token["end_char"] for token in tokens) == len(TEXT)


def test_predict_and_models(run, client):
    predicted = run("predict", TEXT, "--model", "demo")
    assert predicted.returncode == 0 and "declined" in predicted.stdout
    as_json = json.loads(run("predict", TEXT, "--model", "demo", "--json").stdout)
    assert as_json["prediction"]["classes"]["predicted_index"] == 0

    listed = run("models")
    assert listed.returncode == 0 and "demo" in listed.stdout and "minilm" in listed.stdout
    card = json.loads(run("models", "demo", "--json").stdout)
    assert client.model("demo").identity.weights_sha256 in json.dumps(card)


def test_the_server_may_come_from_the_environment(server):
    done = limpid("models", environment={"LIMPID_SERVER": server.address})
    assert done.returncode == 0 and "demo" in done.stdout


@pytest.mark.parametrize("arguments, words", [
    (("explain", TEXT, "--model", "nope"), ("model", "'nope'", "demo")),
    (("explain", ""), ("input.text",)),
    (("explain", TEXT, "--target", "perhaps"), ("target.class.label", "'perhaps'", "approved")),
    (("explain", TEXT, "--attention", "7"), ("attention.layers[0]", "7")),
    (("explain", "the " * 600), ("input", "256")),
    (("models", "nope"), ("'nope'",)),
])
def test_a_refusal_ends_with_4_and_the_servers_words(run, arguments, words):
    done = run(*arguments)
    assert done.returncode == 4 and not done.stdout
    assert all(word in done.stderr for word in words), done.stderr


@pytest.mark.parametrize("arguments", [
    (), ("explain",), ("explain", TEXT, "--method", "magic"), ("explain", TEXT, "--granularity", "chapter"),
    ("explain", TEXT, "--timeout", "soon"), ("dance",), ("explain", TEXT, "--nonsense")])
def test_a_command_line_not_understood_ends_with_2(arguments):
    done = limpid(*arguments)
    assert done.returncode == 2 and not done.stdout
    assert done.stderr.startswith("limpid: ")


def test_no_server_ends_with_3_and_says_what_to_do():
    address = f"127.0.0.1:{free_port()}"
    done = limpid("explain", TEXT, "--server", address)
    assert done.returncode == 3 and not done.stdout
    assert address in done.stderr and "limpid-server" in done.stderr


@pytest.mark.parametrize("arguments", [("--help",), ("explain", "--help"), ("predict", "--help"), ("models", "--help"),
                                       ("compare", "--help"), ("attack", "--help"), ("evaluate", "--help")])
def test_help_ends_with_0(arguments):
    done = limpid(*arguments)
    assert done.returncode == 0 and not done.stderr
    assert "--server" in done.stdout or arguments == ("--help",)
