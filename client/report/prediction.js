"use strict";

// Classes beyond this many are told by the first ones.
const MAX_CLASSES = 12;

function headline(answer) {
  const {classes, embedding} = answer.prediction;
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

function predictionSection(answer) {
  const {classes, target} = answer.prediction;
  const sentence = classes ?
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
      classes ? classTable(answer) : null);
}
