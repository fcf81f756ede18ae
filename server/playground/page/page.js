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

// `onPart` is given each part; `words` says at the end what came.
async function run(path, request, onPart, words) {
  clearTimeout(timer);
  underWay?.abort();
  const own = underWay = new AbortController();
  field("error").hidden = true;
  field("stop").hidden = false;
  field("status").textContent = "Asking\u2026";
  hideTip();
  try {
    await ask(path, {request, token: field("token").value, signal: own.signal}, onPart);
    field("status").textContent = words();
  } catch (error) {
    if (own !== underWay) return;
    field("status").textContent = "Stopped.";
    dropStale();
    if (error.name !== "AbortError") showError(error);
  } finally {
    if (own === underWay) field("stop").hidden = true;
  }
}

function explain() {
  const answer = beginAnswer(requestFromForm(modelChosen()));
  markStale();
  return run("explain", answer.request, (part) => {
    if (part.prediction) offerTokens(part.prediction);
    drawSections(answer, addPart(answer, part));
  }, () => summaryWords(answer));
}

function write() {
  const request = generationRequest(requestFromForm(modelChosen())), {node, add} = generationSection(request);
  let summary = null;
  showInstead(node);
  return run("generate", request, (part) => {
    add(part);
    summary = part.summary;
  }, () => `${count(summary.generation.tokens, "token")}, ${milliseconds(summary.timings.total_ms)}`);
}

function explainSoon() {
  if (!field("as_typed").checked || !field("text").value) return;
  clearTimeout(timer);
  timer = setTimeout(explain, PAUSE_MS);
}

const modelChosen = () => models.find(({identity}) => identity.name === field("model").value);

function showModel() {
  showMethods(modelChosen());
  showTarget(modelChosen());
  field("write_field").hidden = !isCausal(modelChosen());
}

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
  showModel();
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
  field("write").addEventListener("click", write);
  field("model").addEventListener("change", showModel);
  for (const id of ["text", "text_pair"]) {
    field(id).addEventListener("input", forgetTokens);
    field(id).addEventListener("input", explainSoon);
    field(id).addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field("form").requestSubmit();
    });
  }
  for (const id of ["model", "granularity", "with_attention", "with_quality", "methods", "target"])
    field(id).addEventListener("change", explainSoon);
}

setUp();
