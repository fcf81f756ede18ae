"use strict";

// The pieces of text by strength, with bars to both sides of a middle line where scores have a sign.

const TOP = 10;

function scoreBar(piece, scale, isSigned) {
  const share = scale > 0 ? Math.min(1, Math.abs(piece.score) / scale) : 0;
  return element("span", {
    class: `bar ${isSigned ? "signed" : ""} ${piece.score >= 0 ? "for" : "against"}`,
    style: {"--share": share},
    "aria-hidden": "true"
  });
}

function ranking(attribution, pieces, showAll) {
  const isSigned = attribution.card.is_signed, sorted = byStrength(pieces), scale = scaleOf(pieces),
        all = sumOfSizes(pieces) || 1;
  const rows = (showAll ? sorted : sorted.slice(0, TOP))
                   .map(
                       (piece) =>
                           [element("bdi", {}, piece.label), isSigned ? signed(piece.score) : number(piece.score),
                            percent(Math.abs(piece.score) / all), scoreBar(piece, scale, isSigned)]);
  return table(
      `The strongest ${Math.min(rows.length, sorted.length)} of ${count(sorted.length, "piece")}`,
      ["piece", "score", "share", isSigned ? "against | for" : "size"], rows);
}
