"""All heads at a glance, one in detail."""

import pytest


def title(page):
    return page.locator(".detail h3").inner_text()


@pytest.fixture
def cells(page):
    return page.locator("[role=gridcell]")


def test_every_head_has_its_picture(page, answer, cells):
    assert cells.count() == sum(len(layer["heads"]) for layer in answer["attention"])
    inked = page.locator("[role=gridcell] canvas").evaluate_all(
        "all => all.map(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(value => value))")
    assert all(inked)


def test_heads_are_chosen_by_pointer_and_keyboard(page, cells):
    cells.nth(2).click()
    assert title(page) == "Layer 0, head 2"
    page.keyboard.press("ArrowDown")
    assert title(page) == "Layer 1, head 2"
    page.keyboard.press("ArrowRight")
    assert title(page) == "Layer 1, head 3"
    assert page.locator("[role=gridcell][aria-selected=true]").get_attribute("aria-label") == "layer 1, head 3"


def test_lines_are_the_weights(page, answer, cells):
    cells.nth(1).click()
    rows = answer["attention"][0]["values"][1]
    lines = page.locator(".lines line")
    assert lines.count() == pytest.approx(sum(weight >= 0.02 for row in rows for weight in row), abs=2)
    query = page.locator(".queries li").nth(3)
    query.focus()
    assert lines.count() == pytest.approx(sum(weight >= 0.02 for weight in rows[3]), abs=1)
    largest = max(range(len(rows[3])), key=rows[3].__getitem__)
    assert f"{answer['prediction']['tokens'][largest]['text']} " in query.get_attribute("aria-label")
    page.keyboard.press("ArrowDown")
    assert page.focused() == page.locator(".queries li").nth(4).get_attribute("aria-label")
    page.keyboard.press("Tab")
    assert lines.count() > len(rows), "all lines are back"


def test_matrix_reads_out_its_cells(page, answer, cells):
    cells.nth(5).click()
    page.get_by_label("matrix", exact=True).check()
    matrix = page.locator(".matrix canvas")
    matrix.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    tokens = [token["text"] for token in answer["prediction"]["tokens"]]
    weight = 100 * answer["attention"][1]["values"][1][1][1]
    said = page.locator(".readout").inner_text()
    assert said.startswith(f"{tokens[1]} (token 1) looks at {tokens[1]} (token 1): ")
    assert float(said.split(": ")[1].split("\u00a0")[0]) == pytest.approx(weight, rel=6e-3, abs=2e-3)
    box = matrix.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 3)
    assert f"(token {len(tokens) - 1}) looks at" in page.locator(".readout").inner_text()
    page.get_by_label("lines", exact=True).check()
    assert page.locator(".matrix").count() == 0


def test_largest_keys_alone_and_means_are_shown(make_pages, browser):
    answer, report, _ = make_pages("She missed three payments.", "--model", "demo", "--attention", "-1",
                                   "--attention-top-k", "2", "--attention-mean")
    with browser.open(report) as page:
        assert title(page) == "Layer 1, mean of 4 heads"
        assert page.locator(".lines line").count() <= 2 * len(answer["prediction"]["tokens"])
        assert "Only the largest weights" in page.locator("#attention").inner_text()


def test_an_answer_without_maps_has_no_attention(make_pages, browser):
    _, report, _ = make_pages("She missed three payments.", "--model", "demo")
    with browser.open(report) as page:
        assert page.locator("#attention").count() == 0
        assert "Not measured" in page.locator("#quality").inner_text()
