"use strict";

// Classes beyond this many are told by the first ones.
const MAX_CLASSES = 12;

// The answer as it stands in the text.
function answerText(answer) {
  const {sequence, begin_char, end_char} = answer.prediction.answer;
  return visible((textsOf(answer)[sequence] ?? []).slice(begin_char, end_char).join(""));
}

function headline(answer) {
  const {classes, embedding} = answer.prediction;
  if (answer.prediction.answer) return `${answerText(answer)}, ${percent(answer.prediction.answer.probability)}`;
  if (!classes) return `An embedding of ${count(embedding?.values?.length ?? 0, "number")}`;
  if (!classes.probabilities.length)
    return `${labelOf(answer, classes.predicted_index)} = ${number(classes.logits[classes.predicted_index], 5)}`;
  return `${labelOf(answer, classes.predicted_index)}, ${percent(classes.probabilities[classes.predicted_index])}`;
}

function classTable(answer) {
  const {classes} = answer.prediction;
  const order = classes.logits.map((_, index) => index).sort((a, b) => classes.logits[b] - classes.logits[a]);
  const bar = (share) => element("span", {class: "share", style: {"--share": share}, "aria-hidden": "true"});
  const rows = order.slice(0, MAX_CLASSES).map((index) => {
    const share = classes.probabilities[index];
    return [
      labelOf(answer, index),
      share === undefined ? "not given" : element("span", {class: "with-bar"}, percent(share), bar(share)),
      number(classes.logits[index], 4)
    ];
  });
  const left = order.length - rows.length;
  return table(
      left > 0 ? `The ${MAX_CLASSES} likeliest of ${order.length} classes` : "All classes",
      ["class", "probability", "logit"], rows);
}

// Tokens whose label says something: "O" stands for no label.
function tokenTable(answer) {
  const {tokens, classes, token_classes} = answer.prediction;
  const texts = textsOf(answer), width = classes.logits.length;
  const rows = tokens.flatMap((token, index) => {
    const label = labelOf(answer, token_classes.predicted_indices[index]);
    if (token.is_special || label === "O") return [];
    const logits = token_classes.logits.slice(index * width, (index + 1) * width), top = Math.max(...logits);
    const share = 1 / logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    const piece = (texts[token.sequence] ?? []).slice(token.begin_char, token.end_char).join("");
    return [[visible(piece || token.text), label, percent(share)]];
  });
  return table("Tokens with a label", ["token", "label", "probability"], rows);
}

function predictionSection(answer) {
  const {classes, target} = answer.prediction;
  const sentence = answer.prediction.answer ?
      "The answer that the model finds in the text. The probability is the model's own confidence, which may be wrong." :
      classes ?
      "What the model says about this text. The probability is the model's own confidence, which may be wrong." :
      "This model gives no decision: it turns the text into numbers that are compared with those of other texts.";
  return element(
      "section", {id: "prediction", "aria-labelledby": "prediction-title"},
      element("h1", {id: "prediction-title"}, headline(answer)), element("p", {class: "meaning"}, sentence),
      warnings(answer).map((text) => element("p", {class: "warning", role: "note"}, text)),
      element(
          "p", {class: "target"},
          "Explained: ", element("strong", {}, `${targetWords(answer)} = ${number(target.value, 5)}`),
          ". Every score below is about this number and no other."),
      classes ? classTable(answer) : null, answer.prediction.token_classes ? tokenTable(answer) : null);
}
