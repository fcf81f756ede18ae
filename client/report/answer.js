"use strict";

// What the answer says, as the page's parts ask for it. Its ranges were checked when this page was made.

function readAnswer() {
  return JSON.parse(document.getElementById("answer").textContent);
}

// Characters that could make a text look like another are shown by their number.
function visible(text) {
  return text.replace(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
      (character) => `\u27e8U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}\u27e9`);
}

// The texts that were sent, by code points, as the contract counts them.
function textsOf(answer) {
  const input = answer.request.input ?? {};
  return [Array.from(input.text ?? ""), Array.from(input.text_pair ?? "")];
}

function labelOf(answer, index) {
  const label = answer.prediction.classes?.labels?.[index];
  return label ? visible(label) : `class ${index}`;
}

// With its share, where the model gives one.
function labelAndShare(answer, index, probabilities = answer.prediction.classes.probabilities) {
  const share = probabilities?.[index];
  return labelOf(answer, index) + (share === undefined ? "" : ` (${percent(share)})`);
}

function targetWords(answer) {
  return visible(answer.prediction.target.description);
}

// Names of methods that were asked for twice are numbered.
function methodLabel(answer, attribution) {
  const name = methodName(attribution.card.method);
  const same = answer.attributions.filter((other) => other.card.method === attribution.card.method);
  return same.length < 2 ? name : `${name} ${same.indexOf(attribution) + 1}`;
}

function tooManyMaps(values) {
  return `The attention maps (${values} values) are too many for one page: ` +
      "ask for fewer layers, or for the largest by --attention-top-k.";
}

// What a reader must know before anything else, in sentences.
function warnings(answer) {
  const {prediction, summary} = answer;
  const names = (indices) => spoken(indices.map((index) => `number ${index + 1}`));
  return [
    prediction.truncated ? "The text was longer than the model reads: its end was cut off before the model saw it." :
                           "",
    summary.condition_unmet ? "The condition of the request did not hold, so nothing was explained." : "",
    summary.partial ? "The answer is not whole: its time was over before all was computed." : "",
    summary.missing_methods?.length ? `Missing methods: ${names(summary.missing_methods)}.` : "",
    summary.missing_quality?.length ? `Not measured for lack of time: methods ${names(summary.missing_quality)}.` : "",
    answer.attention_left_out ? tooManyMaps(answer.attention_left_out) : "",
  ].filter((text) => text);
}
