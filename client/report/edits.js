"use strict";

// Texts that were changed until the decision changed, or as long as it did not.

function outcomeSentence({card, edits}) {
  const isReduction = card.method === "input_reduction";
  if (edits.outcome === "OUTCOME_BUDGET_SPENT")
    return "The passes ran out before all was tried; this is the best so far.";
  if (edits.outcome !== "OUTCOME_FOUND") {
    return isReduction ? "No word can be taken out without another decision." :
                         "No change within the limits turns the decision; this is the best that was tried.";
  }
  if (!edits.edits.length)
    return isReduction ? "Nothing was taken out." : "The target is behind from the start: no change is needed.";
  if (isReduction) {
    return edits.is_minimal ? "The decision stays with these words alone, and needs every one of them (verified)." :
                              "The decision stays with these words alone; whether it needs them all was not verified.";
  }
  return edits.is_minimal ? "This change turns the decision, and no part of it alone does (verified)." :
                            "This change turns the decision; whether all of it is needed was not verified.";
}

function editPiece(answer, texts, {unit, replacement}) {
  const piece = pieceOf(answer, texts, unit, 0);
  return {...piece, replacement: visible(replacement.replace(/^##/, ""))};
}

// The text with what was taken out struck, and what was put in beside it.
function editedText(answer, edits) {
  const texts = textsOf(answer),
        pieces = edits.edits.map((edit) => editPiece(answer, texts, edit)).sort((a, b) => a.begin - b.begin);
  const show = (piece, text) => element(
      "span", {}, element("del", {}, text), piece.replacement ? " " : "",
      piece.replacement ? element("ins", {}, piece.replacement) : "");
  return texts.map(
      (characters, sequence) => characters.length ?
          element(
              "p", {class: "text", dir: "auto"},
              markedText(characters, pieces.filter((piece) => piece.sequence === sequence), show)) :
          null);
}

function decisionSentence(answer, edits) {
  const before = labelAndShare(answer, edits.class_before),
        after = labelAndShare(answer, edits.class_after, edits.probabilities);
  return `Before: ${before}. After: ${after}. The explained class is ahead by ${
             signed(edits.margin_before)} before and by ` +
      `${signed(edits.margin_after)} after, in logits.`;
}

function editsSection(answer) {
  const shown = answer.attributions.filter((attribution) => attribution.edits);
  if (!shown.length) return null;
  return section(
      "edits", "What would have to be different?",
      "Struck words were taken out and underlined ones put in; the model then read the new text and decided again.",
      shown.map(
          (attribution) => element(
              "div", {class: "edit"}, element("h3", {}, methodLabel(answer, attribution)),
              element("p", {}, outcomeSentence(attribution)), editedText(answer, attribution.edits),
              element("p", {class: "note"}, decisionSentence(answer, attribution.edits)))));
}
