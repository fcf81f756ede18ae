"""A text may hold anything: it is shown, and does nothing."""

import pytest

EVERYTHING = ("--model", "demo", "--method", "gradient_x_input,counterfactual", "--attention", "-1",
              "--quality", "default")
TEXTS = {
    "markup": "<img src=x onerror=alert(1)><script>alert(2)</script> missed three payments",
    "script": "</script><script>alert(3)</script><!--<script> missed <b>three</b> payments & \"more\"",
    "template": "${alert(4)} {{constructor.constructor('alert(5)')()}} `missed` 'three' payments \\u003cimg\\u003e",
    "right to left": "היא לא שילמה שלושה תשלומים, missed three payments, لم تدفع",
    "emoji": "She 👩‍👩‍👧‍👦 missed three payments 💸🇵🇹 é",
    "long word": "missed " + "x" * 300 + " payments",
    "lines": "missed\n\n  three\tpayments\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_is_shown_and_does_nothing(make_pages, browser, text):
    _, report, record = make_pages(text, *EVERYTHING)
    for path, selector in ((report, ".heatmap .text"), (record, ".text")):
        with browser.open(path) as page:
            assert page.locator(selector).first.evaluate("node => node.textContent") == text
            assert page.locator("main img, main script, main b").count() == 0
            page.set_viewport_size({"width": 390, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_characters_that_disguise_a_text_are_shown_by_number(make_pages, browser):
    _, report, _ = make_pages("missed \u202epayments\u202c three", *EVERYTHING)
    with browser.open(report) as page:
        assert "⟨U+202E⟩" in page.locator(".heatmap .text").inner_text()


def test_right_to_left_text_runs_from_the_right(make_pages, browser):
    _, report, _ = make_pages(TEXTS["right to left"], *EVERYTHING)
    with browser.open(report) as page:
        assert page.locator(".heatmap .text").evaluate("node => getComputedStyle(node).direction") == "rtl"
