"""The playground in a real browser: typed texts, parts that arrive, choices, errors."""

import base64
import hashlib
import json
import struct

import pytest

from integration.waiting import until
from support.paths import DEMO, minilm
from support.playground import Visitor, playground_port
from support.server import Server

TEXT = "She repaid a car loan in full, but missed three payments; and she has a dog."


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from oracle import random_models  # loads PyTorch
    shapes = {shape.name: shape for shape in (*random_models.DECODERS, *random_models.TOKEN_HEADS)}
    folder = tmp_path_factory.mktemp("models")
    made = {name: random_models.make(shapes[name], folder / name) for name in ("gpt2", "gpt2-tokens")}
    with Server({"demo": DEMO, "minilm": minilm(), **made}, "--playground", "0") as running:
        yield running


@pytest.fixture(scope="module")
def site(server):
    return f"http://127.0.0.1:{playground_port(server)}/"


@pytest.fixture
def page(browser, site):
    with browser.visit(site) as opened:
        wait_until_whole(opened)
        yield opened


def wait_until_whole(page, words="ms"):
    page.locator("#status", has_text=words).wait_for()


def type_text(page, text, shown=None):
    """And waits for its answer, in which `shown` is the text or a part of it."""
    page.get_by_label("Text", exact=True).fill(text)
    page.locator(".heatmap .text", has_text=shown or text).wait_for()
    wait_until_whole(page)


def test_a_typed_text_is_explained(page):
    type_text(page, TEXT)
    assert page.locator("h1").inner_text().split(",")[0] in ("approved", "declined")
    pieces = page.locator(".heatmap .piece")
    assert {"repaid", "missed"} <= set(pieces.all_inner_texts())
    assert page.locator("#convergence tbody tr").count() >= 2, "refinements came before their method's scores"
    assert "3 explanations" in page.locator("#status").inner_text()


def test_the_choice_of_what_is_shown_outlives_an_answer(page):
    page.locator("#scores").get_by_label("Attention rollout").check()
    page.locator("#scores").get_by_label("tokens").check()
    meaning = page.locator("#scores .meaning").inner_text()
    assert meaning.startswith("Attention rollout")
    type_text(page, TEXT)
    assert page.locator("#scores .meaning").inner_text() == meaning
    assert page.locator("#scores").get_by_label("tokens").is_checked()


def test_methods_granularity_attention_and_quality_are_asked_for(page):
    page.locator("#methods").get_by_label("Occlusion").check()
    page.get_by_label("Scores by").select_option("sentence")
    page.get_by_label("attention maps").check()
    page.get_by_label("measure how far").check()
    page.get_by_role("button", name="Explain").click()
    page.locator("#status", has_text="4 explanations").wait_for()
    page.locator("#attention .bipartite").wait_for()
    assert page.locator("#scores").get_by_label("Occlusion").count() == 1
    assert page.locator(".heatmap .text .piece").count() == 2
    assert page.locator("#attention .thumbs canvas").count() == 2 * 4
    assert page.locator("#quality tbody tr").count() > 0
    page.get_by_label("Model", exact=True).select_option("minilm")
    page.locator("h1", has_text="An embedding of 384 numbers").wait_for()
    wait_until_whole(page, "embedding")
    assert page.locator("#attention .thumbs canvas").count() == 6 * 12


def test_attention_is_the_services(page, server):
    type_text(page, TEXT)
    page.get_by_label("attention maps").check()
    page.get_by_label("matrix", exact=True).check()
    page.locator(".matrix canvas").focus()
    page.keyboard.press("ArrowRight")
    parts = Visitor(server).parts("/explain", {"input": {"text": TEXT}, "attention": {"layers": [0], "heads": [0]}})
    [chunk] = [part["attention"] for part in parts if "attention" in part]
    [first] = struct.unpack_from("<f", base64.b64decode(chunk["data"]))
    assert page.locator(".readout").inner_text() == f"[CLS] (token 0) looks at [CLS] (token 0): {100 * first:.3g}\u00a0%"


def test_a_language_model_writes_on_and_says_why(browser, page, server):
    assert not page.get_by_role("button", name="Write on").is_visible()
    page.get_by_label("Model", exact=True).select_option("gpt2")
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.locator(".heatmap .text", has_text=TEXT).wait_for()
    page.get_by_label("New tokens").fill("5")
    page.get_by_role("button", name="Write on").click()
    wait_until_whole(page, "5 tokens")
    written = page.locator("#generation .token")
    assert written.count() == 5 and written.last.get_attribute("aria-pressed") == "true"
    parts = Visitor(server).parts("/generate", {"model": "gpt2", "input": {"text": TEXT}, "max_new_tokens": 5})
    texts = [part["token"]["text"] for part in parts if "token" in part]
    assert page.locator("#generation > .text").inner_text().startswith(TEXT + "".join(texts)[:1].strip())
    page.locator("#scores").get_by_label("tokens").check()
    written.nth(2).click()
    assert "logit of" in page.locator("#generation .target").inner_text()
    assert page.locator("#scores .heatmap .piece").count() == len(parts[0]["prediction"]["tokens"]) + 2
    assert page.barriers() == []


def choose_model(page, name):
    page.get_by_label("Model", exact=True).select_option(name)


def await_target(page, words):
    page.locator("#prediction .target strong", has_text=words).wait_for()
    wait_until_whole(page)
    return page.locator("#prediction .target strong").inner_text()


def asked_target(page):
    """Of the request that the page shows."""
    return json.loads(page.locator("#provenance pre").last.text_content()).get("target")


def test_a_class_is_explained_alone_and_against_another(page):
    type_text(page, TEXT)
    assert asked_target(page) is None
    page.get_by_label("Why", exact=True).select_option("declined")
    await_target(page, "logit of class 0 (declined) =")
    assert asked_target(page) == {"class": {"index": 0}}
    page.get_by_label("and not").select_option("approved")
    await_target(page, "(declined) minus logit of class 1 (approved) =")
    assert asked_target(page) == {"contrast": {"target": {"index": 0}, "foil": {"index": 1}}}
    page.get_by_label("Why", exact=True).select_option("the predicted class")
    page.get_by_label("and not").select_option("the runner-up")
    until(lambda: asked_target(page) == {"contrast": {}}, "the answer about predicted class and runner-up")
    page.get_by_label("and not").select_option("declined")
    page.get_by_label("Why", exact=True).select_option("declined")
    page.get_by_role("alert", name="").filter(has_text="target.contrast.foil").wait_for()
    assert page.barriers() == []


def test_an_embedding_is_explained_by_its_closeness_to_another_text(page):
    choose_model(page, "minilm")
    await_target(page, "mean of the last")
    page.get_by_label("Closeness to").fill("Somebody repaid a loan.")
    page.keyboard.press("Tab")
    await_target(page, "cosine similarity")
    assert asked_target(page) == {"similarity": {"text": "Somebody repaid a loan."}}


def test_a_language_models_token_is_explained_against_another(page):
    choose_model(page, "gpt2")
    await_target(page, "logit of token")
    likely = page.locator("#likely_tokens option").evaluate_all("nodes => nodes.map(node => node.value)")
    assert len(likely) == 10
    page.get_by_label("Why the token").fill(likely[2])
    page.keyboard.press("Tab")
    await_target(page, f"({likely[2]}) =")
    page.get_by_label("and not").fill(likely[0])
    page.keyboard.press("Tab")
    await_target(page, f"({likely[0]}) =")
    assert asked_target(page) == {"contrast": {"target": {"label": likely[2]}, "foil": {"label": likely[0]}}}
    last = await_target(page, " minus ")
    page.get_by_label("at", exact=True).select_option(index=3)
    page.locator("#prediction .target strong").filter(has_not_text=last).wait_for()
    wait_until_whole(page)
    assert asked_target(page)["position"] == 2
    page.get_by_label("and not").fill(likely[9])  # the likeliest would be written, and nothing stands against itself
    page.get_by_label("New tokens").fill("2")
    page.get_by_role("button", name="Write on").click()
    wait_until_whole(page, "2 tokens")
    assert f"({likely[9]}) =" in page.locator("#generation .target").inner_text()


def test_the_token_whose_label_is_explained_can_be_chosen(page):
    choose_model(page, "gpt2-tokens")
    usual = await_target(page, " at token ")
    where = page.get_by_label("of the token", exact=True)
    tokens = where.locator("option").all_inner_texts()
    assert tokens[0] == "where the label is surest" and tokens[1].startswith("0: ")
    where.select_option(index=4)
    page.get_by_label("Why", exact=True).select_option("B-DATE")
    assert await_target(page, "(B-DATE) at token 3 =") != usual
    assert asked_target(page) == {"class": {"index": 3}, "position": 3}
    page.get_by_label("Text", exact=True).fill(TEXT)
    page.locator(".heatmap .text", has_text=TEXT).wait_for()
    wait_until_whole(page)
    assert asked_target(page) == {"class": {"index": 3}}, "a token of one text is none of another"


def test_an_error_names_the_field_and_takes_the_old_answer_away(page):
    page.get_by_label("Text", exact=True).fill("")
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("alert").wait_for()
    assert page.get_by_role("alert").inner_text() == "input.text: must not be empty"
    assert page.locator(".heatmap").count() == 0
    type_text(page, TEXT)
    assert not page.get_by_role("alert").is_visible()
    assert page.locator(".heatmap").count() == 1


def test_a_hostile_text_stays_a_text(page):
    type_text(page, "<img src=x onerror=alert(1)></script><b>repaid</b> \u202e in full", "repaid</b>")
    assert page.locator(".heatmap img, .heatmap b").count() == 0
    assert "\u27e8U+202E\u27e9" in page.locator(".heatmap").inner_text()


def test_a_question_can_be_stopped(browser, site):
    with browser.visit(site) as page:
        wait_until_whole(page)
        page.get_by_label("as I type").uncheck()
        page.get_by_text("More methods").first.click()
        page.get_by_label("KernelSHAP").check()
        page.get_by_label("Model", exact=True).select_option("minilm")
        page.get_by_role("button", name="Explain").click()
        page.locator("h1", has_text="An embedding").wait_for()
        page.get_by_role("button", name="Stop").click()
        page.locator("#status", has_text="Stopped.").wait_for()
        assert not page.get_by_role("button", name="Stop").is_visible()


def test_a_token_is_asked_for_when_one_is_needed(browser, tmp_path):
    clients = [{"name": "ann", "token_sha256": hashlib.sha256(b"secret-of-ann").hexdigest()}]
    (tmp_path / "tokens.json").write_text(json.dumps({"clients": clients}))
    with Server({"demo": DEMO}, "--playground", "0", "--auth-tokens", tmp_path / "tokens.json") as server:
        with browser.visit(f"http://127.0.0.1:{playground_port(server)}/") as page:
            page.get_by_label("Token, which").fill("secret-of-ann")
            page.keyboard.press("Enter")
            wait_until_whole(page)
            assert page.locator(".heatmap").count() == 1
            assert not page.get_by_role("alert").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_keeps_people_from_using_it(browser, site, scheme):
    with browser.visit(site, color_scheme=scheme) as page:
        wait_until_whole(page)
        for details in page.locator("summary").all():
            details.click()
        assert page.barriers() == []
        page.get_by_label("Text", exact=True).fill("")
        page.get_by_role("button", name="Explain").click()
        page.get_by_role("alert").wait_for()
        assert page.barriers() == []


def test_the_keyboard_is_enough(page):
    page.get_by_label("Text", exact=True).focus()
    page.keyboard.type(" She has a dog.")
    page.keyboard.press("Control+Enter")
    page.locator(".heatmap .piece", has_text="dog").wait_for()
    wait_until_whole(page)
    page.locator(".heatmap .piece").first.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("#tip").is_visible()


def test_a_narrow_window_needs_no_sideways_scrolling(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
