"""`limpid evaluate`: quality of methods over a file, held against what `limpid explain` says of each text."""

import json
import statistics

import pytest

from report.browser import Browser
from support.cli import limpid

TEXTS = ["Two payments were missed and the account is in arrears.", "Income is stable, but two payments were missed.",
         "The loan was repaid in full and on time.", "She has four children and a dog."]
METHODS = "saliency,attention_rollout"
QUALITY = "deletion:comprehensiveness:completeness:random_orders=2"


@pytest.fixture
def evaluate(server):
    def command(*arguments, **options):
        return limpid("evaluate", *arguments, "--model", "demo", "--server", server.address, **options)

    return command


@pytest.fixture
def answers(server):
    asked = ("--model", "demo", "--server", server.address, "--method", METHODS, "--quality", QUALITY, "--json")
    return [json.loads(limpid("explain", text, *asked).stdout) for text in TEXTS]


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def result_of(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def letters(tmp_path):
    return write(tmp_path / "letters.jsonl", [{"text": text} for text in TEXTS])


def test_the_numbers_are_those_of_each_text(evaluate, letters, answers):
    result = result_of(evaluate(letters, "--method", METHODS, "--quality", QUALITY, "--concurrency", "3", "--json"))

    assert result["num_texts"] == 4 and result["failed"] == 0 and result["labels"] is None
    for index, method in enumerate(result["methods"]):
        assert method["method"] == METHODS.split(",")[index] and len(method["metrics"]) == 3
        for metric in method["metrics"]:
            values = [next(value for value in answer["quality"][index]["values"] if value["metric"] == metric["metric"])
                      for answer in answers]
            found = [value["value"] for value in values]
            assert metric["texts"] == 4
            assert metric["mean"] == pytest.approx(statistics.mean(found), rel=1e-3)
            assert metric["standard_error"] == pytest.approx(statistics.stdev(found) / 2, rel=1e-3)
            if metric["metric"] == "METRIC_COMPLETENESS":
                assert metric["random_mean"] is None and metric["beats_random_share"] is None
            else:
                chance = statistics.mean(value["random_value"] for value in values)
                assert metric["random_mean"] == pytest.approx(chance, rel=1e-3)
                assert metric["beats_random_share"] == statistics.mean(value["beats_random"] for value in values)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_labels_are_held_against_predictions(evaluate, answers, tmp_path, suffix):
    predicted = [answer["prediction"]["classes"]["predicted_index"] for answer in answers]
    names = answers[0]["prediction"]["classes"]["labels"]
    labels = [names[predicted[0]], predicted[1], 1 - predicted[2], "no class"]
    path = tmp_path / f"letters.{suffix}"
    if suffix == "csv":
        path.write_text("body,right\n" + "".join(f'"{text}",{label}\n' for text, label in zip(TEXTS, labels)))
    else:
        write(path, [{"body": text, "right": label} for text, label in zip(TEXTS, labels)])

    arguments = (path, "--text-column", "body", "--label-column", "right", "--method", "none", "--quality", "none")
    counted = result_of(evaluate(*arguments, "--json"))["labels"]
    assert (counted["texts"], counted["right"], counted["unmatched"]) == (3, 2, 1)
    assert counted["accuracy"] == pytest.approx(2 / 3)
    wrong = next(one for one in counted["classes"] if one["label"] == names[1 - predicted[2]])
    assert {"label": names[predicted[2]], "texts": 1} in wrong["predicted"]
    table = evaluate(*arguments).stdout
    assert "4 texts, 0 failed" in table and "2 of 3 texts" in table and "labels of 1 texts name no class" in table


def test_the_table_has_every_metric_and_method(evaluate, letters):
    done = evaluate(letters)
    assert done.returncode == 0, done.stderr
    for part in ("comprehensiveness, higher is better", "sufficiency, lower is better", "completeness, lower is better",
                 "\nsaliency ", "\ngradient_x_input ", "\nintegrated_gradients ", "beats chance"):
        assert part in done.stdout
    assert "\x1b" not in done.stdout


def test_a_method_without_token_scores_is_measured_on_no_text(evaluate, letters):
    saliency, heads = result_of(evaluate(letters, "--method", "saliency,head_importance", "--json"))["methods"]
    assert saliency["metrics"][0]["texts"] == 4 and heads["metrics"] == []


def test_a_text_that_fails_is_counted_and_ends_with_6(evaluate, letters):
    with letters.open("a") as file:
        file.write(json.dumps({"text": "the " * 600}) + "\n" + json.dumps({"body": "no text"}) + "\n")
    done = evaluate(letters, "--json")
    assert done.returncode == 6 and "the first failure: " in done.stderr
    result = json.loads(done.stdout)
    assert (result["num_texts"], result["failed"]) == (6, 2)
    assert result["methods"][0]["metrics"][0]["texts"] == 4


def test_a_text_without_the_label_that_is_asked_for_fails(evaluate, tmp_path):
    path = write(tmp_path / "letters.jsonl", [{"text": TEXTS[0], "right": 0}, {"text": TEXTS[1]}])
    done = evaluate(path, "--label-column", "right", "--json")
    assert done.returncode == 6 and 'it has no "right"' in done.stderr


def test_what_concerns_all_texts_stops_the_run(evaluate, letters, server):
    done = limpid("evaluate", letters, "--model", "no-such", "--server", server.address)
    assert done.returncode == 4 and not done.stdout


@pytest.mark.parametrize("arguments, words", [
    ((), "FILE"), (("nowhere.csv",), "nowhere.csv"), (("LETTERS", "--method", "none"), "nothing to measure"),
    (("LETTERS", "--quality", "none"), "nothing to measure"), (("LETTERS", "--attention", "all"), "--attention"),
    (("LETTERS", "--quality", "no_such"), "no_such"),
])
def test_what_cannot_be_evaluated_ends_with_2(evaluate, letters, arguments, words):
    done = evaluate(*[letters if argument == "LETTERS" else argument for argument in arguments])
    assert done.returncode == 2 and not done.stdout and words in done.stderr


def test_a_table_without_the_label_column_ends_with_2(evaluate, tmp_path):
    path = tmp_path / "letters.csv"
    path.write_text("text\nhello\n")
    done = evaluate(path, "--label-column", "right")
    assert done.returncode == 2 and 'no column "right"' in done.stderr


@pytest.fixture(scope="module")
def browser():
    with Browser() as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_a_plot_a_metric_with_error_bars_and_chance(evaluate, browser, tmp_path, scheme):
    hostile = "</script><script>alert(1)</script>"
    path = write(tmp_path / "<b>letters.jsonl", [{"text": text, "label": label} for text, label in
                                                 zip(TEXTS, [0, 1, 0, hostile])])
    done = evaluate(path, "--label-column", "label", "--method", METHODS, "--quality", f"{QUALITY}:log_odds",
                    "--html", tmp_path / "page.html", "--json")
    result = result_of(done)
    with browser.open(tmp_path / "page.html", color_scheme=scheme) as page:
        assert page.title().startswith("Limpid evaluation: ")
        assert page.locator("svg.chart").count() == 4
        deletion = page.locator("#deletion")
        assert deletion.locator("rect.bar-for").count() == 2 and deletion.locator(".chance").count() == 2
        assert deletion.locator(".error-bar").count() == 6, "a line and two ends each"
        assert page.locator("#completeness .chance").count() == 0
        means = {metric["metric"]: metric["mean"] for metric in result["methods"][0]["metrics"]}
        widths = [float(bar.get_attribute("width")) for bar in deletion.locator("rect").all()]
        other = next(metric["mean"] for metric in result["methods"][1]["metrics"] if metric["metric"] == "METRIC_DELETION")
        assert widths[0] / widths[1] == pytest.approx(abs(means["METRIC_DELETION"] / other), rel=0.01)
        assert f"{path}" in page.locator("#result").inner_text()
        assert result["model"]["name"] == "demo", "which nobody asked for by name"
        assert f"Model\n{result['model']['name']}" in page.locator("#asked").inner_text()
        assert result["model"]["weights_sha256"] in page.locator("#asked").inner_text()
        assert "3 texts whose label names a class" in page.locator("#labels").inner_text()
        assert page.evaluate("[...document.querySelectorAll('.wide')].every((box) => box.scrollWidth <= box.clientWidth)")
        assert page.barriers() == []


def test_a_page_of_labels_alone_has_no_plot(evaluate, browser, tmp_path):
    path = write(tmp_path / "letters.jsonl", [{"text": text, "label": 0} for text in TEXTS])
    counted = result_of(evaluate(path, "--label-column", "label", "--method", "none", "--quality", "none", "--json",
                                 "--html", tmp_path / "page.html"))["labels"]
    with browser.open(tmp_path / "page.html") as page:
        assert page.locator("svg.chart").count() == 0
        assert f"{counted['right']} of 4 texts" in page.locator("#labels").inner_text()
        assert "Random orders" not in page.locator("#asked").inner_text()
