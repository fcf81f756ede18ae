"use strict";

// Which number of the model is explained, as far as its card offers a choice: a class or why it and no other, a token
// and what it stands against, closeness to another text, and the token whose label or follower is meant.

const hasPosition = (model) => ["token_classification", "language_model"].includes(model.task);

// What is explained where nothing is chosen.
function usualPosition(model) {
  return model.task === "token_classification" ? "where the label is surest" :
      isCausal(model)                          ? "behind the text" :
                                                 "the first mask";
}

const labelled = (label, control) => element("span", {}, element("label", {for: control.id
                                             }, label), " ", control);

function classSelect(id, usual, model) {
  return element(
      "select", {id}, usual.map(([value, words]) => element("option", {value}, words)),
      model.labels.map((label, index) => element("option", {value: index}, visible(label) || `class ${index}`)));
}

// Spaces count: " good" and "good" are two tokens.
function tokenInput(id, usual) {
  return element("input", {id, type: "text", list: "likely_tokens", placeholder: usual, spellcheck: "false"});
}

function targetFields(model) {
  const {task, labels} = model;
  if (task === "language_model") {
    return [
      labelled("Why the token", tokenInput("target_class", "the likeliest")),
      labelled("and not", tokenInput("target_foil", "no comparison")), element("datalist", {id: "likely_tokens"})
    ];
  }
  if (task === "embedding")
    return [labelled(
        "Closeness to",
        element(
            "input",
            {id: "target_similar", type: "text", placeholder: "no other text: the mean output", spellcheck: "false"}))];
  if (labels.length < 2) return [];
  return [
    labelled("Why", classSelect("target_class", [["", "the predicted class"]], model)),
    labelled("and not", classSelect("target_foil", [["", "no comparison"], ["runner_up", "the runner-up"]], model))
  ];
}

function positionField(model) {
  return labelled(
      model.task === "token_classification" ? "of the token" : "at",
      element("select", {id: "target_position"}, element("option", {value: ""}, usualPosition(model))));
}

function showTarget(model) {
  const fields = targetFields(model);
  field("target").replaceChildren(...fields, ...(hasPosition(model) ? [positionField(model)] : []));
  field("target").hidden = !fields.length;
}

// The tokens of a text are known from its prediction, and so are a language model's likeliest ones.
function offerTokens({tokens, classes}) {
  field("likely_tokens")?.replaceChildren(...classes.labels.map((label) => element("option", {value: label})));
  const select = field("target_position");
  if (!select) return;
  const chosen = select.value;
  select.replaceChildren(
      select.firstChild,
      ...tokens.map((token, index) => element("option", {value: index}, `${index}: ${visible(token.text)}`)));
  select.value = chosen;
}

// Of another text: its tokens are others.
function forgetTokens() {
  if (field("target_position")) field("target_position").value = "";
}

const valueOf = (id) => field(id)?.value ?? "";

function classOf(model, value) {
  return model.task === "language_model" ? {label: value} : {index: Number(value)};
}

// Nothing where nothing is chosen.
function targetFromForm(model) {
  const chosen = valueOf("target_class"), foil = valueOf("target_foil"), similar = valueOf("target_similar"),
        position = valueOf("target_position");
  const target = {
    ...(similar && {similarity: {text: similar}}),
    ...(chosen && !foil && {class: classOf(model, chosen)}),
    ...(foil && {
      contrast:
          {...(chosen && {target: classOf(model, chosen)}), ...(foil !== "runner_up" && {foil: classOf(model, foil)})}
    }),
    ...(position && {position: Number(position)})
  };
  return Object.keys(target).length ? {target} : {};
}
