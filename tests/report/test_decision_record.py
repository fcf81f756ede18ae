"""One sheet for people who decide."""

import re

from report.conftest import EVERYTHING, TEXT


def test_says_what_was_decided_and_by_whom(record, answer):
    text = record.locator("main").inner_text()
    assert "The model decided: declined." in text
    assert "very sure" in text and "next possibility, approved" in text
    assert answer["summary"]["model"]["weights_sha256"] in text
    assert answer["received_at"][:10] in text
    for field in ("Name and role", "Date", "Signature"):
        assert field in text


def test_names_the_words_in_sentences(record, answer):
    scores = answer["attributions"][0]["scores"]
    strongest = max(range(len(scores)), key=scores.__getitem__)
    word = answer["prediction"]["tokens"][strongest]["text"]
    assert f"“{word}” spoke for it" in record.get_by_label("Evidence").locator("li").first.inner_text()


def test_says_how_far_to_trust_it(record, answer):
    text = record.get_by_label("Trust").inner_text()
    good = [value["beats_random"] for value in answer["quality"][0]["values"] if "random_value" in value]
    assert (f"by all {len(good)} measures" if all(good) else f"by {sum(good)} of {len(good)} measures") in text
    assert "percentage points" in text and "does not say that the text is true" in text
    assert "A change that turns the decision: had" in text


def test_fits_one_sheet(record):
    assert len(re.findall(rb"/Type\s*/Page\b", record.pdf(prefer_css_page_size=True))) == 1


def test_without_measures_it_says_so(make_pages, browser):
    _, _, record = make_pages(TEXT, "--model", "demo", "--method", "saliency")
    with browser.open(record) as page:
        assert "Not measured: nothing here shows" in page.locator("main").inner_text()
        assert "does not say whether a word spoke for or against" in page.locator("main").inner_text()


def test_another_class_than_the_decision_is_named(make_pages, browser):
    _, _, record = make_pages(TEXT, *EVERYTHING[:2], "--method", "gradient_x_input", "--target", "approved")
    with browser.open(record) as page:
        assert "explains approved, which is not what the model decided" in page.locator("main").inner_text()


def test_a_model_without_classes_makes_no_decision(make_pages, browser):
    _, report, record = make_pages(TEXT, "--model", "minilm", "--method", "gradient_x_input", "--quality", "default")
    with browser.open(record) as page:
        assert "This model makes no decision" in page.locator("main").inner_text()
    with browser.open(report) as page:
        assert "An embedding of 384 numbers" in page.locator("h1").inner_text()
