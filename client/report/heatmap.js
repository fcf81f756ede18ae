"use strict";

// The text itself as the picture. Colour is never alone: what speaks for the target is underlined, what speaks against
// it is underlined with dashes, and strong pieces carry their sign.

const STRONG = 0.35, WEAK = 0.03;

function describePiece(piece, pieces, isSigned) {
  const share = Math.abs(piece.score) / (sumOfSizes(pieces) || 1);
  const direction = !isSigned || piece.score === 0 ? "" : piece.score > 0 ? ", for" : ", against";
  return `${piece.label}: ${isSigned ? signed(piece.score) : number(piece.score)}${direction}, ${
      percent(share)} of all`;
}

function tipLines(piece, pieces, isSigned) {
  const ranked = byStrength(pieces), rank = ranked.indexOf(piece) + 1;
  const [begin, end] = piece.tokens;
  return [
    describePiece(piece, pieces, isSigned),
    rank ? `number ${rank} of ${ranked.length} by size` : "a special token, not ranked among the text's pieces",
    `${end - begin === 1 ? `token ${begin}` : `tokens ${begin} to ${end - 1}`}: ${piece.spelling}`
  ];
}

function styleOf(piece, scale) {
  const strength = scale > 0 ? Math.min(1, Math.abs(piece.score) / scale) : 0;
  const classes = ["piece"];
  if (strength >= WEAK) classes.push(piece.score > 0 ? "for" : "against");
  if (strength >= STRONG) classes.push("strong");
  return {class: classes.join(" "), style: {"--strength": strength.toFixed(3)}};
}

// One of the texts as paragraph, gaps between pieces included.
function markedText(characters, pieces, show) {
  const nodes = [];
  let at = 0;
  for (const piece of pieces) {
    const begin = Math.max(at, piece.begin);
    if (begin >= piece.end) continue;
    nodes.push(visible(characters.slice(at, begin).join("")));
    nodes.push(show(piece, visible(characters.slice(begin, piece.end).join(""))));
    at = piece.end;
  }
  nodes.push(visible(characters.slice(at).join("")));
  return nodes;
}

// For pieces that no text stands for: special tokens, and input given as ids.
function looseLine(pieces, show) {
  return element(
      "p", {class: "loose"},
      "Without text of their own: ", pieces.map((piece) => [show(piece, piece.label), " "]).flat());
}

function heatmap(answer, attribution, pieces) {
  const isSigned = attribution.card.is_signed,
        scale = scaleOf(pieces) || Math.max(...pieces.map((piece) => Math.abs(piece.score)));
  const spans = [];
  const show = (piece, text) => {
    const span = element(
        "span", {
          ...styleOf(piece, scale),
          role: "option",
          "aria-selected": "false",
          "aria-label": describePiece(piece, pieces, isSigned)
        },
        text);
    tipOn(span, () => tipLines(piece, pieces, isSigned));
    spans.push(span);
    return span;
  };
  const texts = textsOf(answer);
  const isShown = (piece) => piece.end > piece.begin && texts[piece.sequence];
  const paragraphs = texts.map((characters, sequence) => {
    const own = pieces.filter((piece) => piece.sequence === sequence && isShown(piece));
    return own.length ? element("p", {class: "text", dir: "auto"}, markedText(characters, own, show)) : null;
  });
  const loose = pieces.filter((piece) => !isShown(piece));
  const box = element(
      "div", {class: "heatmap", role: "listbox", "aria-label": "The text, piece by piece, with scores"}, paragraphs,
      loose.length ? looseLine(loose, show) : null);
  rove(spans, (index) => spans.forEach((span, i) => span.setAttribute("aria-selected", String(i === index))));
  return box;
}

function legend(isSigned) {
  const sample = (kind, text) => element("span", {class: `piece strong ${kind}`, style: {"--strength": "0.8"}}, text);
  return element(
      "p", {class: "legend"},
      isSigned ?
          [
            sample("for", "orange, underlined"), " speaks for the target, ", sample("against", "blue, dashed"),
            " against it; "
          ] :
          [sample("for", "orange, underlined"), " matters, in one direction or the other; "],
      "the stronger, the more. Arrow keys go from piece to piece.");
}
