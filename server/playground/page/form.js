"use strict";

// What is asked for, from the page's fields.

// Those that answer at once come first.
const COMMON = [
  "integrated_gradients", "gradient_x_input", "saliency", "attention_rollout", "gradient_weighted_attention",
  "occlusion"
];
const CHOSEN_AT_FIRST = ["integrated_gradients", "gradient_x_input", "attention_rollout"];
// Of a classifier's decision; and one whose scores are of pairs, which this page does not show.
const OF_DECISIONS = ["hot_flip", "input_reduction", "counterfactual"];
const NOT_HERE = ["token_interactions"];
const OPTIONS = {
  integrated_gradients: {send_refinements: true}
};

const field = (id) => document.getElementById(id);

function methodsOf(model) {
  return model.methods.filter(
      (method) => !NOT_HERE.includes(method) && (model.task === "classification" || !OF_DECISIONS.includes(method)));
}

function methodChoice(legend, names, chosen) {
  return element(
      "fieldset", {class: "choice"}, element("legend", {}, legend),
      names.map(
          (name) => element(
              "label", {title: methodMeaning(name)},
              element("input", {type: "checkbox", name: "ask_for", value: name, checked: chosen.includes(name)}),
              element("span", {}, methodName(name)))));
}

function chosenMethods() {
  return [...document.querySelectorAll("#methods input:checked")].map((input) => input.value);
}

// What was chosen for the last model stays chosen.
function showMethods(model) {
  const names = methodsOf(model), shown = field("methods"),
        chosen = shown.firstChild ? chosenMethods() : CHOSEN_AT_FIRST;
  const rest = names.filter((name) => !COMMON.includes(name));
  shown.replaceChildren(
      methodChoice("Methods", COMMON.filter((name) => names.includes(name)), chosen),
      element(
          "details", {open: rest.some((name) => chosen.includes(name))}, element("summary", {}, "More methods"),
          methodChoice("More methods", rest, chosen)));
}

function requestFromForm(model) {
  const pair = field("text_pair").value;
  return {
    model: model.identity.name,
    input: {text: field("text").value, ...(pair && {text_pair: pair})},
    methods: chosenMethods().map((name) => ({[name]: OPTIONS[name] ?? {}})),
    ...targetFromForm(model),
    granularity: field("granularity").value,
    allow_partial: true,
    ...(field("with_attention").checked && {attention: {}}),
    ...(field("with_quality").checked && {quality: {}}),
  };
}
