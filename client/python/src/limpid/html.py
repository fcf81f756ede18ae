"""How results look in a notebook: the text as a heatmap, values where the pointer rests.

Orange is for, blue against, which people who confuse red and green tell apart. Tints are translucent and the ink is the
page's own, so that they suit light and dark pages alike. Whatever came from outside is escaped.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from limpid.generation import GeneratedText, GeneratedToken
    from limpid.predictions import Prediction
    from limpid.results import Attribution, Edits, Explanation, MethodCard, QualityReport, Unit

ORANGE, BLUE = (224, 130, 20), (67, 147, 195)
# Of the strongest tint: text on it stays readable (4.5 to 1) on white and on near-black paper.
OPACITY = 0.55
# Cells of a matrix that are drawn; more is a picture for other tools.
MAX_CELLS = 64 * 64
# Of the heatmaps of a generated text, all told; a notebook is slow with more.
MAX_SPANS = 20_000
_STRONGEST = "strongest \u00b1"

_STYLE = """<style>
.limpid { font: 14px/1.7 system-ui, sans-serif; max-width: 56em; }
.limpid p { margin: .1em 0 .5em; white-space: pre-wrap; overflow-wrap: anywhere; }
.limpid p span { border-radius: 3px; padding: .15em 0; }
.limpid .method { margin-top: .6em; }
.limpid .small { font-size: 12px; opacity: .8; }
.limpid .grid { display: inline-grid; gap: 1px; margin: .2em 0 .5em; }
.limpid .generated { display: flex; flex-wrap: wrap; white-space: pre-wrap; }
.limpid .generated label { position: relative; border-bottom: 1px dotted; margin-right: 1px; }
.limpid .generated label:has(input) { cursor: pointer; }
.limpid .generated label:has(:checked) { outline: 2px solid; border-radius: 2px; }
.limpid .generated label:has(:focus-visible) { outline: 3px solid Highlight; }
.limpid .generated input { position: absolute; opacity: 0; }
.limpid .generated .why { display: none; order: 1; width: 100%; margin-top: .6em; }
.limpid .generated label:has(:checked) + .why { display: block; }
.limpid b.token { white-space: pre-wrap; }
.limpid .grid i { width: 1.2em; height: 1.2em; border-radius: 2px; }
</style>"""


def of_explanation(explanation: Explanation) -> str:
    summary = explanation.summary
    notes = [f"by {summary.model.name}", f"{len(explanation.prediction.tokens)} tokens",
             f"{summary.timings.total_ms:.0f} ms"]
    if explanation.prediction.truncated:
        notes.append("truncated")
    if summary.partial:
        notes.append("partial: the deadline came first")
    if summary.condition_unmet:
        notes.append("the condition does not hold, nothing was explained")
    body = [_prediction(explanation.prediction), _small(", ".join(notes))]
    body += [_attribution(attribution) for attribution in explanation.attributions]
    if explanation.attention is not None:
        body.append(_small(repr(explanation.attention).strip("<>")))
    return _page(body)


def of_attribution(attribution: Attribution) -> str:
    return _page([_attribution(attribution)])


def of_generated_token(token: GeneratedToken) -> str:
    return _page([f"<div>{_chosen(token)}</div>", *map(_attribution, token.attributions)])


def of_generated_text(generated: GeneratedText) -> str:
    """The text, of which one token can be chosen; below it, what was before that token as heatmaps.

    Radio buttons and CSS, so that it works wherever a notebook is shown, and from the keyboard.
    """
    spans, shown, body = 0, 0, []
    group = f"limpid-{uuid.uuid4().hex}"
    for token in generated.tokens:
        spans += sum(len(attribution.units) for attribution in token.attributions)
        piece = f'<span title="{_chance(token)}">{_visible(token)}</span>'
        if not token.attributions or spans > MAX_SPANS:
            body.append(f"<label>{piece}</label>")
            continue
        shown += 1
        body.append(f'<label><input type="radio" name="{group}"{" checked" * (shown == 1)}>{piece}</label>'
                    f'<div class="why"><div>{_chosen(token)}</div>{"".join(map(_attribution, token.attributions))}</div>')
    summary = generated.summary
    notes = [f"by {summary.model.name}", f"{len(generated.tokens)} tokens behind {len(generated.prediction.tokens)}",
             f"ended by {generated.finish_reason}", f"{summary.timings.total_ms:.0f} ms"]
    if shown:
        notes.append("choose a token to see what it owes to those before it")
    if left := sum(bool(token.attributions) for token in generated.tokens) - shown:
        notes.append(f"{left} more have an explanation, each shown by itself")
    given = f'<p class="small" dir="auto">{escape(" ".join(generated.source.texts))}</p>' if generated.source.texts else ""
    return _page([given, f'<div class="generated" dir="auto">{"".join(body)}</div>', _small(", ".join(notes))])


def tint(score: float, scale: float) -> str:
    """A CSS colour; `scale` is the score of the strongest."""
    red, green, blue = ORANGE if score >= 0 else BLUE
    return f"rgba({red},{green},{blue},{OPACITY * min(1.0, abs(score) / scale):.3f})"


def _page(body: Iterable[str]) -> str:
    return f'{_STYLE}<div class="limpid">{"".join(body)}</div>'


def _small(text: str) -> str:
    return f'<div class="small">{escape(text)}</div>'


def _prediction(prediction: Prediction) -> str:
    said = prediction.label or (f"class {prediction.classes.predicted_index}" if prediction.classes else
                                "answer" if prediction.answer else "embedding")
    chance = "" if prediction.probability is None else f" {_percent(prediction.probability)}"
    target = prediction.target
    about = f" &middot; {escape(target.description)} = {target.value:.4g}" if target else ""
    return f"<div><b>{escape(said)}</b>{chance}{about}</div>"


def _visible(token: GeneratedToken) -> str:
    """Line ends are seen, not made: the tokens are a row of things to choose from."""
    return escape(token.piece).replace("\n", "\u21b5")


def _chance(token: GeneratedToken) -> str:
    return f"p {np.exp(token.log_prob):.3f}"


def _chosen(token: GeneratedToken) -> str:
    others = ", ".join(f"{escape(other.text)} {np.exp(other.log_prob):.3f}" for other in token.alternatives)
    return (f'<b class="token">{_visible(token)}</b> <span class="small">token {token.index}, {_chance(token)}'
            f'{f"; best: {others}" if others else ""}</span>')


def _percent(probability: float) -> str:
    """Never 100 %, which nothing is."""
    return "&gt;99.9 %" if probability > 0.999 else f"{100 * probability:.1f} %"


def _attribution(attribution: Attribution) -> str:
    words = f'<span class="small">{escape(_words(attribution.card))}</span>'
    body = [f'<div class="method"><b>{escape(attribution.method)}</b> {words}</div>']
    if attribution.heads is not None:
        body.append(_grid(attribution.heads, [f"layer {layer}" for layer in range(len(attribution.heads))],
                          [f"head {head}" for head in range(attribution.heads.shape[1])]))
    elif len(attribution.units):
        body += _text(attribution)
    if attribution.matrix is not None and attribution.matrix.values.size <= MAX_CELLS:
        body.append(_grid(attribution.matrix.values, [token.text for token in attribution.source.tokens],
                          [token.text for token in attribution.matrix.other_tokens]))
    if attribution.edits is not None:
        body.append(_edits(attribution, attribution.edits))
    if attribution.quality is not None:
        body.append(_small(_quality(attribution.quality)))
    return "".join(body)


def _text(attribution: Attribution) -> Iterator[str]:
    pieces = attribution.pieces
    texts = attribution.source.texts
    # A generated token has no character until those that complete it have come.
    is_aside = [unit.is_special or bool(texts) and unit.begin_char == unit.end_char for unit in attribution.units]
    plain = [i for i, aside in enumerate(is_aside) if not aside]
    asides = [i for i, aside in enumerate(is_aside) if aside]
    scale = max((abs(float(attribution.scores[i])) for i in plain), default=0.0) or 1.0

    def span(index: int, text: str) -> str:
        score = float(attribution.scores[index])
        return (f'<span style="background:{tint(score, scale)}" title="{escape(pieces[index])}: {score:+.4g}">'
                f"{escape(text)}</span>")

    for sequence, text in enumerate(texts):
        of_text = [(i, attribution.units[i]) for i in plain if attribution.units[i].sequence == sequence]
        yield f'<p dir="auto">{"".join(_marked(text, of_text, span))}</p>'
    if not texts:
        yield f'<p>{" ".join(span(i, pieces[i]) for i in plain)}</p>'
    legend = "orange: for, blue: against" if attribution.card.is_signed else "the stronger the tint, the larger"
    aside = "".join(f", {pieces[i]} {attribution.scores[i]:+.3g}" for i in asides)
    yield _small(f"{legend}; {_STRONGEST}{scale:.3g}{aside}")


def _marked(text: str, units: list[tuple[int, Unit]], span: Callable[[int, str], str]) -> Iterator[str]:
    """The text with its units in spans, and what lies between them as it is."""
    at = 0
    for index, unit in sorted(units, key=lambda item: item[1].begin_char):
        # Tokens may share a character.
        begin = max(at, unit.begin_char)
        if unit.end_char <= begin:
            continue
        yield escape(text[at:begin])
        yield span(index, text[begin:unit.end_char])
        at = unit.end_char
    yield escape(text[at:])


def _grid(values: npt.NDArray[np.float32], rows: list[str], columns: list[str]) -> str:
    scale = float(np.abs(values).max(initial=0)) or 1.0
    cells = (f'<i style="background:{tint(float(values[r, c]), scale)}" '
             f'title="{escape(rows[r])}, {escape(columns[c])}: {values[r, c]:+.4g}"></i>'
             for r, c in itertools.product(range(len(rows)), range(len(columns))))
    grid = f'<div class="grid" style="grid-template-columns:repeat({len(columns)},1.2em)">{"".join(cells)}</div>'
    axes = f"{rows[0]} to {rows[-1]} down, {columns[0]} to {columns[-1]} across"
    return f"<div>{grid}</div>{_small(f'{axes}; {_STRONGEST}{scale:.3g}')}"


def _edits(attribution: Attribution, edits: Edits) -> str:
    changes = " ".join(f"<del>{escape(attribution.source.piece(edit.unit))}</del>"
                       + (f" <ins>{escape(edit.replacement)}</ins>" if edit.replacement_id >= 0 else "")
                       for edit in edits.edits)
    outcome = edits.outcome.replace("_", " ") + (", minimal" if edits.is_minimal else "")
    classes = f"class {edits.class_before} to {edits.class_after}"
    margin = f"margin {edits.margin_before:+.3g} to {edits.margin_after:+.3g}"
    return f"<div>{changes}</div>{_small(f'{outcome}: {classes}, {margin}')}"


def _quality(report: QualityReport) -> str:
    return ", ".join(f"{value.metric} {value.value:.3g}"
                     + ("" if value.random_value is None else f" (random {value.random_value:.3g})")
                     for value in report.values)


def _words(card: MethodCard) -> str:
    words = [card.form, card.attach_point and f"at {card.attach_point}", card.reduction,
             card.layer >= 0 and f"layer {card.layer}", card.baseline and f"from {card.baseline}",
             card.replacement and f"with {card.replacement}", card.samples and f"{card.samples} samples"]
    if card.completeness:
        words.append(f"error {card.completeness.error:.1e}" + (" certified" if card.completeness.is_certified else ""))
    return ", ".join(str(word).replace("_", " ") for word in words if word)
