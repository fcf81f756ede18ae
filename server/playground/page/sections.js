"use strict";

// The report's sections, each drawn when what it shows has come; until then it is the last answer's, greyed.

const chosenScores = {
  label: null,
  granularity: "word",
  showAll: false
};
let shownAttention = null;

function drawnAttention(answer) {
  const made = attentionSection(answer);
  shownAttention = made;
  return made?.node;
}

// Name, the part that brings it news, and how it is drawn: nothing where the answer does not have it.
const SECTIONS = [
  ["prediction", "prediction", predictionSection],
  ["scores", "attribution", (answer) => scoresSection(answer, chosenScores)],
  ["quality", "quality", (answer) => answer.quality.length ? qualitySection(answer) : null],
  ["convergence", "attribution", convergenceSection],
  ["edits", "attribution", editsSection],
  ["heads", "attribution", headsSection],
  ["attention", "summary", drawnAttention],
  ["provenance", "summary", provenanceSection],
];

const slots = SECTIONS.map(() => element("div"));

function showIntroduction() {
  slots[0].replaceChildren(element(
      "section", {id: "prediction"}, element("h1", {}, "What does the model say, and why?"),
      element(
          "p", {class: "meaning"}, "The prediction comes first, then each explanation as soon as it is computed.")));
}

function setUpSections() {
  showIntroduction();
  document.getElementById("answer").append(...slots);
  drawWithTheme(() => shownAttention?.draw());
}

// Whoever is at one of a section's controls stays there.
function keepFocus(slot, draw) {
  const {name, value} = slot.contains(document.activeElement) ? document.activeElement : {};
  draw();
  if (name) slot.querySelector(`input[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`)?.focus();
}

// Something else in place of an answer's sections.
function showInstead(node) {
  markStale();
  dropStale();
  slots[0].replaceChildren(node);
}

function markStale() {
  slots.forEach((slot) => slot.classList.add("stale"));
}

// Where no more will come of what is shown.
function dropStale() {
  for (const slot of slots.filter(({classList}) => classList.contains("stale"))) {
    slot.replaceChildren();
    slot.classList.remove("stale");
  }
  if (!slots[0].firstChild) showIntroduction();
}

// After a part of that kind has come; after the summary, what is still the last answer's goes.
function drawSections(answer, kind) {
  const isWhole = kind === "summary";
  SECTIONS.forEach(([name, news, draw], i) => {
    const slot = slots[i], isOld = slot.classList.contains("stale");
    const isDue = news === kind || (isWhole && (isOld || name === "prediction"));
    if (!answer.prediction || !isDue) return;
    const node = draw(answer);
    if (!node && !isWhole) return;
    keepFocus(slot, () => slot.replaceChildren(...(node ? [node] : [])));
    slot.classList.remove("stale");
  });
  if (isWhole) shownAttention?.draw();
}
