"""`limpid compare`: methods, or models, side by side."""

import json
import re

import pytest
from scipy.stats import spearmanr

from support.cli import limpid
from support.paths import DEMO
from support.server import Server

TEXT = "Zoë lives in Kraków and has missed three payments."


@pytest.fixture
def compare(server):
    def command(*arguments, **options):
        return limpid("compare", TEXT, *arguments, "--server", server.address, **options)

    return command


def scores_of(comparison, row):
    attribution = comparison["answers"][row["answer"]]["attributions"][row["attribution"]]
    return [score for unit, score in zip(attribution["units"], attribution["scores"]) if not unit["is_special"]]


def test_correlations_are_scipys_and_the_rest_can_be_counted(compare):
    done = compare("--method", "gradient_x_input,occlusion,integrated_gradients,head_importance", "--model", "demo", "--json")
    assert done.returncode == 0, done.stderr
    comparison = json.loads(done.stdout)
    assert [row["name"] for row in comparison["rows"]] == ["gradient_x_input", "occlusion", "integrated_gradients"]
    assert comparison["without_scores"] == ["head_importance"]
    scores = [scores_of(comparison, row) for row in comparison["rows"]]
    top = [set(sorted(range(len(s)), key=lambda i: -abs(s[i]))[:5]) for s in scores]
    for first in range(3):
        for second in range(3):
            expected = spearmanr(scores[first], scores[second]).statistic
            assert comparison["rank_correlations"][first][second] == pytest.approx(expected, abs=1e-6)
            assert comparison["top_in_common"][first][second] == len(top[first] & top[second])
            assert comparison["shared_pieces"][first][second] == len(scores[0])


def test_the_report_has_a_line_a_method_with_colour_and_without(compare):
    plain = compare("--quality", "default", environment={"NO_COLOR": "1", "TERM": "xterm-256color"})
    coloured = compare("--quality", "default", "--color", "always")
    assert plain.returncode == 0 and coloured.returncode == 0, plain.stderr + coloured.stderr
    assert "\x1b" not in plain.stdout
    bare = re.sub("\x1b\\[[0-9;]*m", "", coloured.stdout)
    assert re.search(r"^ 4 occlusion  .*missed", plain.stdout, re.M)
    assert re.search(rf"^ 4 occlusion +{re.escape(TEXT)}$", bare, re.M)
    for part in ("rank correlation (Spearman)", "in common of the top 5", "comprehensiveness", "better than all random"):
        assert part in plain.stdout and part in bare


def test_two_models_are_compared_on_the_pieces_that_both_have():
    with Server({"one": DEMO, "two": DEMO}) as both:
        done = limpid("compare", TEXT, "--models", "one,two", "--method", "occlusion:word", "--server", both.address)
        as_json = limpid("compare", TEXT, "--models", "one,two", "--server", both.address, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("model       ") == 2 and re.search(r"^ 2 two +1\.00$", done.stdout, re.M), done.stdout
    comparison = json.loads(as_json.stdout)
    assert [answer["summary"]["model"]["name"] for answer in comparison["answers"]] == ["one", "two"]
    assert comparison["rank_correlations"][0][1] == pytest.approx(1)


@pytest.mark.parametrize("arguments, words", [
    (("--method", "saliency"), "two or more"), (("--models", "demo"), "two or more"),
    (("--models", "demo,", "--method", "lime"), "missing"),
    (("--models", "demo,minilm", "--method", "lime,saliency"), "give one"), (("--models", "a,b", "--model", "c"), "--model"),
])
def test_what_cannot_be_compared_ends_with_2(compare, arguments, words):
    done = compare(*arguments)
    assert done.returncode == 2 and not done.stdout and words in done.stderr


def test_a_model_that_is_not_there_ends_with_4(compare):
    done = compare("--models", "demo,nope")
    assert done.returncode == 4 and not done.stdout and "'nope'" in done.stderr
