"use strict";

// One question at a time: a new one takes the place of the one under way.

const PAUSE_MS = 350;
let models = [], underWay = null, timer = 0;

function showError(error) {
  if (!(error instanceof Refused)) throw error;
  field("error").textContent = visible(`${error.message}${error.reason ? ` (${error.reason})` : ""}`);
  field("error").hidden = false;
  field("status").textContent = "";
  if (error.code === UNAUTHENTICATED) {
    field("token_field").hidden = false;
    field("token").focus();
  }
}

function summaryWords(answer) {
  const {rows_forward: rows, timings} = answer.summary;
  return `${headline(answer)}: ${count(answer.attributions.length, "explanation")}, ${count(rows, "pass", "passes")}, ${
      milliseconds(timings.total_ms)}`;
}

async function explain() {
  clearTimeout(timer);
  underWay?.abort();
  const own = underWay = new AbortController(), answer = beginAnswer(requestFromForm());
  field("error").hidden = true;
  field("stop").hidden = false;
  field("status").textContent = "Asking\u2026";
  hideTip();
  markStale();
  try {
    const how = {request: answer.request, token: field("token").value, signal: own.signal};
    await ask("explain", how, (part) => drawSections(answer, addPart(answer, part)));
    field("status").textContent = summaryWords(answer);
  } catch (error) {
    if (own !== underWay) return;
    field("stop").hidden = true;
    field("status").textContent = "Stopped.";
    dropStale();
    if (error.name !== "AbortError") showError(error);
    return;
  }
  field("stop").hidden = true;
}

function explainSoon() {
  if (!field("as_typed").checked || !field("text").value) return;
  clearTimeout(timer);
  timer = setTimeout(explain, PAUSE_MS);
}

const modelChosen = () => models.find(({identity}) => identity.name === field("model").value);

async function loadModels() {
  try {
    await ask("models", {token: field("token").value}, (answer) => models = answer.models);
  } catch (error) {
    showError(error);
    return;
  }
  const preset = models.find((model) => model.is_default) ?? models[0];
  field("model").replaceChildren(...models.map(
      (model) => element(
          "option", {value: model.identity.name, selected: model === preset},
          `${visible(model.identity.name)} (${plain(model.task, "")})`)));
  showMethods(modelChosen());
  explainSoon();
}

function setUp() {
  setUpTheme();
  setUpSections();
  setUpWords();
  loadModels();
  field("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!models.length) await loadModels();
    if (models.length) explain();
  });
  field("stop").addEventListener("click", () => underWay?.abort());
  field("model").addEventListener("change", () => showMethods(modelChosen()));
  for (const id of ["text", "text_pair"]) {
    field(id).addEventListener("input", explainSoon);
    field(id).addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field("form").requestSubmit();
    });
  }
  for (const id of ["model", "granularity", "with_attention", "with_quality", "methods"])
    field(id).addEventListener("change", explainSoon);
}

setUp();
