"use strict";

// What was decided and which words spoke for it, in sentences that need no statistics.

const MAX_WORDS = 5, LEAST_SHARE = 0.02;

// Signed scores say for and against; of those the first asked for.
function recordedAttribution(answer) {
  const withScores = answer.attributions.filter((attribution) => attribution.scores.length && !attribution.edits);
  return withScores.find(({card}) => card.is_signed) ?? withScores[0];
}

function confidenceWord(share) {
  if (share >= 0.99) return "very sure";
  if (share >= 0.9) return "sure";
  if (share >= 0.7) return "fairly sure";
  return "unsure";
}

function decisionSentences(answer) {
  const {classes, target} = answer.prediction;
  if (!classes)
    return [
      "This model makes no decision: it turns the text into numbers for comparison.",
      `What is explained here is the ${targetWords(answer)}.`
    ];
  const index = classes.predicted_index, share = classes.probabilities[index];
  if (share === undefined) return [`The model's answer is ${headlineNumber(answer)}.`];
  const order = classes.probabilities.map((_, i) => i)
                    .filter((i) => i !== index)
                    .sort((a, b) => classes.probabilities[b] - classes.probabilities[a]);
  const sentences = [
    `The model decided: ${labelOf(answer, index)}.`,
    `By its own figures the model is ${confidenceWord(share)} of this: it gives it a probability of ${percent(share)}` +
        (order.length ? `, and ${percent(classes.probabilities[order[0]])} to the next possibility, ${
                            labelOf(answer, order[0])}.` :
                        ".")
  ];
  if (target.class_index >= 0 && target.class_index !== index) {
    sentences.push(
        `Note: this sheet explains ${labelOf(answer, target.class_index)}, which is not what the model decided.`);
  }
  return sentences;
}

function headlineNumber(answer) {
  const {classes} = answer.prediction;
  return `${labelOf(answer, classes.predicted_index)} = ${number(classes.logits[classes.predicted_index], 5)}`;
}

// What the scores speak for.
function cause(answer) {
  const {class_index: index, foil_index: foil} = answer.prediction.target;
  if (index < 0) return "the score";
  return labelOf(answer, index) + (foil >= 0 ? ` rather than ${labelOf(answer, foil)}` : "");
}

function evidenceList(pieces, all, words) {
  const shown = byStrength(pieces).filter((piece) => Math.abs(piece.score) / all >= LEAST_SHARE).slice(0, MAX_WORDS);
  if (!shown.length) return element("p", {}, "No single word stands out.");
  return element(
      "ul", {},
      shown.map(
          (piece) => element(
              "li", {}, "\u201c", element("bdi", {}, piece.label), "\u201d ",
              `${words}, with ${percent(Math.abs(piece.score) / all, 2)} of all weight.`)));
}

function evidence(answer, attribution) {
  const pieces = piecesOf(answer, attribution, "word"), all = sumOfSizes(pieces) || 1, name = cause(answer);
  const text = pieces.filter((piece) => !piece.isSpecial);
  if (!attribution.card.is_signed) {
    return [
      element("h2", {}, "Which words mattered"), evidenceList(text, all, "mattered"),
      element("p", {class: "note"}, "The method used does not say whether a word spoke for or against.")
    ];
  }
  return [element(
      "div", {class: "two"},
      element(
          "div", {}, element("h2", {}, `Words that spoke for ${name}`),
          evidenceList(text.filter((piece) => piece.score > 0), all, "spoke for it")),
      element(
          "div", {}, element("h2", {}, `Words that spoke against ${name}`),
          evidenceList(text.filter((piece) => piece.score < 0), all, "spoke against it")))];
}

// The text with its strongest words marked, so that they are read in their place.
function markedRecordText(answer, attribution) {
  const pieces = attribution ? piecesOf(answer, attribution, "word") : [], scale = scaleOf(pieces);
  const show = (piece, text) => element("span", styleOf(piece, scale), text);
  return textsOf(answer).map(
      (characters, sequence) => characters.length ?
          element(
              "p", {class: "text", dir: "auto"},
              markedText(
                  characters, pieces.filter((piece) => piece.sequence === sequence && piece.end > piece.begin), show)) :
          null);
}
