"""The rest of the page: figures, provenance, theme, print, people who cannot see it or use a pointer."""

import json
import re
import shlex

import pytest

from report.conftest import TEXT
from support.cli import limpid


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", [1, 2], ids=["report", "record"])
def test_nothing_keeps_people_from_reading(browser, whole, kind, scheme):
    with browser.open(whole[kind], color_scheme=scheme) as page:
        for details in page.locator("summary").all():
            details.click()
        if (kind, scheme) == (1, "dark"):
            page.get_by_label("matrix", exact=True).check()
        assert page.barriers() == []


def test_prediction_and_target(page):
    text = page.locator("#prediction").inner_text()
    assert "logit of class 0 (declined) = 4.1302" in text
    assert page.title().startswith("Limpid report: declined")


def test_theme_follows_the_system_and_the_switch(browser, whole):
    paper = "getComputedStyle(document.body).backgroundColor"
    ink = "document.querySelector('.thumbs canvas').toDataURL()"
    with browser.open(whole[1], color_scheme="dark") as page:
        dark = page.evaluate(paper), page.evaluate(ink)
        page.get_by_label("Theme").select_option("light")
        light = page.evaluate(paper), page.evaluate(ink)
        assert dark[0] != light[0] and dark[1] != light[1], "canvases are drawn again"
        page.get_by_label("Theme").select_option("dark")
        assert (page.evaluate(paper), page.evaluate(ink)) == dark
    with browser.open(whole[1], color_scheme="light") as page:
        assert page.evaluate(paper) == light[0]


def test_quality_is_the_answers_beside_chance(page, answer):
    rows = [row.inner_text().split("\t") for row in page.locator("#quality tbody").first.locator("tr").all()]
    values = answer["quality"][0]["values"]
    shown = [float(row[1].replace("−", "-")) for row in rows]
    assert shown == pytest.approx([value["value"] for value in values], rel=6e-3)
    assert [row[4].strip() for row in rows] == ["no comparison" if "random_value" not in value else "better than chance"
                                        if value["beats_random"] else "not better than chance" for value in values]
    assert page.locator("#quality figure").count() == 2 * len(answer["quality"])
    assert page.locator("#quality .chart polyline.level").count() == 2 * len(answer["quality"])
    captions = page.locator("#quality figcaption").all_inner_texts()
    assert "mean height of 4 random orders" in captions[0] and captions[0].endswith("lower than random is better.")
    assert captions[1].endswith("higher than random is better.")


def test_convergence_has_every_refinement(page, answer):
    rows = page.locator("#convergence tbody tr")
    assert rows.count() == len(answer["refinements"]) + 1
    assert rows.last.inner_text().endswith("yes")
    assert page.locator("#convergence polyline").count() == 3


def test_edits_are_marked_in_the_text(page, answer):
    edits = [attribution["edits"] for attribution in answer["attributions"] if "edits" in attribution]
    shown = page.locator("#edits .edit")
    assert shown.count() == len(edits) == 2
    characters = answer["request"]["input"]["text"]
    units = [edit["unit"] for edit in edits[0]["edits"]]
    gone = [characters[unit["begin_char"]:unit["end_char"]] for unit in units]
    put_in = [edit["replacement"] for edit in edits[0]["edits"] if edit["replacement"]]
    assert shown.first.locator("del").all_inner_texts() == gone
    assert shown.first.locator("ins").all_inner_texts() == put_in
    assert shown.nth(1).locator("del").count() == len(edits[1]["edits"])


def test_heads_are_a_table(page, answer):
    heads = next(attribution["heads"] for attribution in answer["attributions"] if "heads" in attribution)
    assert page.locator(".heads tbody td").count() == heads["layers"] * heads["heads"]


def test_an_auditor_can_ask_the_same_again(page, answer, run):
    text = page.locator("#provenance").inner_text()
    assert answer["summary"]["model"]["weights_sha256"] in text
    assert answer["received_at"] in text
    program, *arguments = shlex.split(page.locator("#provenance pre").first.inner_text())
    assert program == "limpid"
    again = json.loads(run(*arguments))
    for attribution, other in zip(answer["attributions"], again["attributions"], strict=True):
        assert attribution["scores"] == pytest.approx(other["scores"], rel=1e-4, abs=1e-6)
    page.get_by_text("The request as it was sent").click()
    assert json.loads(page.locator("#provenance pre").last.inner_text())["input"]["text"] == TEXT


def test_print_leaves_controls_out_and_opens_details(page):
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".controls:visible").count() == 0
    assert page.locator("details:not([open])").count() == 0
    assert page.locator(".heatmap").is_visible()
    assert len(page.pdf()) > 10_000


def test_a_narrow_window_needs_no_sideways_scrolling(browser, whole):
    for path in whole[1:]:
        with browser.open(path) as page:
            page.set_viewport_size({"width": 390, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_command_asks_itself(run, browser, tmp_path):
    for model, name in (("demo", "declined"), ("minilm", "embedding")):
        text = "She missed three payments."
        run("report", "--text", text, "--model", model, "--timeout", 300, "-o", tmp_path / "report.html")
        with browser.open(tmp_path / "report.html") as page:
            assert re.search(name, page.locator("h1").inner_text())
            assert page.locator("section").count() >= 5


def test_the_command_says_what_is_wrong(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    for arguments, code, message in (([], 2, "ANSWER or --text"), (["nowhere.json"], 2, "cannot read nowhere.json"),
                                     ([tmp_path / "other.json"], 2, 'it has no "request"'),
                                     (["x.json", "--text", "y"], 2, "excludes")):
        done = limpid("report", *arguments)
        assert (done.returncode, message in done.stderr) == (code, True), done.stderr
