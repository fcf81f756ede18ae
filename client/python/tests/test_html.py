"""The picture of a notebook: everything that came from outside is escaped, and can be read on light and dark paper."""

import re
from html import unescape

import pytest
from limpid import Target, html

NASTY = 'She <b>missed</b> & "paid" <script>alert(1)</script>\nthen saved. \u00fc\U0001f600'


def text_of(markup):
    return unescape(re.sub(r"<[^>]*>", "", markup))


def paragraphs(markup):
    return [text_of(paragraph) for paragraph in re.findall(r"<p[^>]*>(.*?)</p>", markup, re.DOTALL)]


def test_the_text_is_there_to_the_letter_and_no_tag_of_it(client):
    markup = client.explain(NASTY, model="demo", methods=["gradient_x_input", "saliency"], granularity="word")._repr_html_()

    assert paragraphs(markup) == [NASTY, NASTY]
    assert "<script" not in markup and "<b>missed" not in markup
    assert "orange: for, blue: against" in markup and "the stronger the tint" in markup


def test_a_value_where_the_pointer_rests(client, text):
    attribution = client.explain(text, model="demo", methods="saliency", granularity="word")[0]
    score = attribution.scores[attribution.pieces.index("payments")]
    assert f'title="payments: {score:+.4g}">payments</span>' in attribution._repr_html_()


def test_the_strongest_word_has_the_strongest_tint(client, text):
    attribution = client.explain(text, model="demo", methods="gradient_x_input", granularity="word")[0]
    tints = dict(re.findall(r',([0-9.]+)\)" title="([^:]*):', attribution._repr_html_()) and
                 [(word, float(a)) for a, word in re.findall(r',([0-9.]+)\)" title="([^:]*):', attribution._repr_html_())])
    scores = {piece: abs(score) for piece, score, unit in zip(attribution.pieces, attribution.scores, attribution.units)
              if not unit.is_special}
    assert max(tints, key=tints.get) == max(scores, key=scores.get) and max(tints.values()) == html.OPACITY


def test_pairs_heads_matrices_edits_and_quality(client, text):
    pair = client.explain("a cat sleeps", model="minilm", text_pair="a <dog> rests", methods="saliency")._repr_html_()
    assert paragraphs(pair) == ["a cat sleeps", "a <dog> rests"]

    answer = client.explain(text, model="demo", methods=["head_importance", "counterfactual", "occlusion"],
                            quality=["comprehensiveness"])._repr_html_()
    assert answer.count("layer 1, head 3: ") == 1 and "<del>" in answer and "comprehensiveness" in answer

    matrix = client.explain("a cat", model="minilm", methods="token_interactions", target=Target.similarity("a dog"))
    assert "cat, dog: " in matrix._repr_html_()


def test_ids_are_shown_as_the_vocabulary_spells_them(client):
    markup = client.explain([101, 299, 102], model="demo", methods="saliency")._repr_html_()
    assert len(paragraphs(markup)) == 1 and "income" in markup


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (part / 255 for part in color)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("paper, ink", [((255, 255, 255), (33, 33, 33)), ((17, 17, 17), (212, 212, 212))],
                         ids=["light", "dark"])
@pytest.mark.parametrize("hue", [html.ORANGE, html.BLUE], ids=["orange", "blue"])
def test_text_on_the_strongest_tint_is_readable(paper, ink, hue):
    tinted = [html.OPACITY * h + (1 - html.OPACITY) * p for h, p in zip(hue, paper)]
    light, dark = sorted([luminance(tinted), luminance(ink)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5, "WCAG 2.2, level AA"
