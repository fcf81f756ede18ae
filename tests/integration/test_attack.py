"""`limpid attack`: edits that change a decision, of one text and counted over a file."""

import json

import pytest

from support.cli import limpid

TEXTS = ["Two payments were missed and the account is in arrears.", "Income is stable, but two payments were missed.",
         "The loan was repaid in full and on time."]


@pytest.fixture
def attack(server):
    def command(*arguments, **options):
        return limpid("attack", *arguments, "--model", "demo", "--server", server.address, **options)

    return command


@pytest.fixture
def letters(tmp_path):
    path = tmp_path / "letters.jsonl"
    path.write_text("".join(json.dumps({"id": f"t{i}", "text": text}) + "\n" for i, text in enumerate(TEXTS)))
    return path


def predicted(server, text):
    done = limpid("predict", text, "--model", "demo", "--server", server.address, "--json")
    return json.loads(done.stdout)["prediction"]["classes"]["predicted_index"]


def test_a_flip_is_one_for_predict_too(attack, server):
    done = attack(TEXTS[1], "--method", "counterfactual:no_deletions", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    edits = answer["attributions"][0]["edits"]
    assert edits["outcome"] == "OUTCOME_FOUND" and edits["class_before"] != edits["class_after"]
    assert predicted(server, TEXTS[1]) == edits["class_before"]
    assert predicted(server, edits["text"]) == answer["rereadings"][0]["classes"]["predicted_index"]


def test_the_report_has_every_method_the_edits_and_the_decision(attack):
    done = attack(TEXTS[1])
    assert done.returncode == 0, done.stderr
    for part in ("\nhot_flip  ", "\ninput_reduction  ", "\ncounterfactual  ", "  decision  ", "  edits     ", "  new text  ",
                 "  as text   "):
        assert part in done.stdout
    assert "\x1b" not in done.stdout


def test_a_budget_holds_for_all_methods_that_have_it(attack):
    done = attack(TEXTS[0], "--max-edits", "1", "--max-passes", "99", "--beam-width", "2", "--candidates", "3",
                  "--words-only", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    flip, reduction, counterfactual = answer["request"]["methods"]
    limits = {"max_edits": 1, "max_rows": 99, "beam_width": 2}
    for method in (flip["hot_flip"], reduction["input_reduction"], counterfactual["counterfactual"]):
        assert limits.items() <= method["limits"].items()
    assert flip["hot_flip"]["candidates"] == counterfactual["counterfactual"]["candidates"] == 3
    assert flip["hot_flip"]["words_only"] and counterfactual["counterfactual"]["words_only"]
    assert all(len(attribution["edits"]["edits"]) <= 1 for attribution in answer["attributions"])


def test_the_rate_over_a_file_counts_what_each_text_says(attack, letters):
    done = attack("--file", letters, "--method", "hot_flip,counterfactual", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["num_texts"] == 3 and result["failed"] == 0
    assert [text["id"] for text in result["texts"]] == ["t0", "t1", "t2"]
    for index, counted in enumerate(result["methods"]):
        found = [text["attacks"][index] for text in result["texts"] if text["attacks"][index]["outcome"] == "found"]
        assert counted["attacked"] == 3 and counted["succeeded"] == len(found) > 0
        assert counted["success_rate"] == pytest.approx(len(found) / 3)
        assert counted["mean_edits"] == pytest.approx(sum(attack["edits"] for attack in found) / len(found))
        assert counted["hold_as_text"] == sum(attack["holds_as_text"] is True for attack in found)


def test_a_text_whose_target_is_behind_is_not_attacked(attack, letters, server):
    declined = sum(predicted(server, text) == 0 for text in TEXTS)
    done = attack("--file", letters, "--method", "hot_flip", "--target", "0", "--json")
    assert json.loads(done.stdout)["methods"][0]["attacked"] == declined


def test_a_text_that_fails_is_counted_and_ends_with_6(attack, letters):
    with letters.open("a") as file:
        file.write(json.dumps({"text": "the " * 600}) + "\n" + json.dumps({"body": "no text"}) + "\n")
    done = attack("--file", letters, "--method", "hot_flip", "--max-passes", "64")
    assert done.returncode == 6
    assert "5 texts, 2 failed" in done.stdout and "hot_flip" in done.stdout
    assert "the first failure: " in done.stderr and "256" in done.stderr


@pytest.mark.parametrize("arguments, words", [
    ((), "no text"), (("text", "--file", "letters.csv"), "--file"), (("text", "--method", "saliency"), "find no edits"),
    (("text", "--method", "input_reduction", "--candidates", "3"), "--candidates"), (("--file", "nowhere.csv"), "nowhere.csv"),
])
def test_what_cannot_be_attacked_ends_with_2(attack, arguments, words):
    done = attack(*arguments)
    assert done.returncode == 2 and not done.stdout and words in done.stderr
