"""The text as heatmap: methods, granularity, values by pointer and keyboard."""

import re

import pytest

SPECIAL = 2  # [CLS] and [SEP]


def labels(page):
    return page.locator(".heatmap [role=option]").evaluate_all("nodes => nodes.map(node => node.ariaLabel)")


def value(label):
    """The number of "missed: +2.3, for, 52.7 % of all"."""
    found = re.search(r": ([+−]?[\d.]+(?:e[−\d]+)?)(?:, for|, against|), ", label)
    return float(found.group(1).replace("−", "-"))


def choose(page, name, label):
    page.locator(f"input[name={name}]").nth(
        page.locator(f"input[name={name}] + span").all_inner_texts().index(label)).check()


def test_scores_of_each_method_are_those_of_the_answer(page, answer):
    choose(page, "granularity", "tokens")
    shown = [attribution for attribution in answer["attributions"] if attribution["scores"]]
    names = page.locator("input[name=method] + span").all_inner_texts()
    assert len(names) == len(shown) == 6
    for name, attribution in zip(names, shown):
        choose(page, "method", name)
        first, *inner, last = attribution["scores"]
        found = [value(label) for label in labels(page)]
        assert found == pytest.approx([*inner, first, last], rel=6e-3, abs=1e-12)


def test_words_are_sums_of_their_tokens(make_pages, browser):
    answer, report, _ = make_pages("An unbelievably lazy dog.", "--model", "minilm", "--method", "gradient_x_input")
    tokens, sums = answer["prediction"]["tokens"], {}
    for token, score in zip(tokens, answer["attributions"][0]["scores"]):
        if token["word"] >= 0:
            sums[token["word"]] = sums.get(token["word"], 0) + score
    assert len(sums) < len(tokens) - SPECIAL, "the text has a word of several tokens"
    with browser.open(report) as page:
        assert [value(label) for label in labels(page)][:-SPECIAL] == pytest.approx(list(sums.values()), rel=6e-3)
        assert page.locator(".heatmap [role=option]").nth(1).inner_text() == "unbelievably"
        choose(page, "granularity", "tokens")
        assert len(labels(page)) == len(tokens)


def test_a_pair_is_two_texts(make_pages, browser):
    _, report, record = make_pages("A dog sleeps.", "--pair", "Two cats do not.", "--model", "minilm")
    for path, selector in ((report, ".heatmap .text"), (record, ".text")):
        with browser.open(path) as page:
            assert page.locator(selector).all_inner_texts() == ["A dog sleeps.", "Two cats do not."]


def test_the_text_is_whole_and_as_it_was_sent(page, answer):
    assert page.locator(".heatmap .text").inner_text() == answer["request"]["input"]["text"]


def test_signs_do_not_rest_on_colour(page):
    line = "node => getComputedStyle(node).textDecorationStyle"
    styles = {kind: page.locator(f".heatmap .{kind}").first.evaluate(line) for kind in ("for", "against")}
    assert styles == {"for": "solid", "against": "dashed"}
    sign = page.locator(".heatmap .strong").first.evaluate("node => getComputedStyle(node, '::before').content")
    assert "+" in sign or "−" in sign


def test_keyboard_goes_from_piece_to_piece(page):
    page.locator(".heatmap [role=option]").first.focus()
    first = page.focused()
    page.keyboard.press("ArrowRight")
    assert page.focused() == labels(page)[1] != first
    assert page.locator("[role=option][aria-selected=true]").count() == 1
    assert page.locator("#tip").inner_text().startswith(page.focused())
    page.keyboard.press("End")
    assert page.focused() == labels(page)[-1]
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()
    page.keyboard.press("Tab")
    assert page.focused("type") == "checkbox", "one stop of the tab key for the whole text"


def test_pointer_shows_the_value(page):
    strongest = page.locator(".heatmap .strong").first
    strongest.hover()
    assert page.locator("#tip").inner_text().startswith(strongest.get_attribute("aria-label"))
    page.mouse.move(0, 0)
    assert page.locator("#tip").is_hidden()


def test_ranking_and_tip_count_the_same_pieces(page):
    number = len(labels(page)) - SPECIAL
    assert page.locator("#scores caption").inner_text() == f"The strongest 10 of {number} pieces"
    page.locator(".heatmap .text .piece").first.focus()
    assert f" of {number} by size" in page.locator("#tip").inner_text()
    page.keyboard.press("End")
    assert "a special token, not ranked" in page.locator("#tip").inner_text()


def test_all_pieces_can_be_listed(page, answer):
    rows = page.locator("#scores tbody tr")
    assert rows.count() == 10
    page.get_by_label("list all pieces").check()
    assert rows.count() == len(page.locator(".heatmap [role=option]").all()) - SPECIAL
    assert page.focused("type") == "checkbox", "focus stays where it was"


def test_scores_by_word_say_that_tokens_are_not_there(make_pages, browser):
    _, report, _ = make_pages("She missed three payments.", "--model", "demo", "--granularity", "sentence")
    with browser.open(report) as page:
        assert page.locator("input[name=granularity]").count() == 0
        assert "larger pieces than tokens" in page.locator("#scores").inner_text()
