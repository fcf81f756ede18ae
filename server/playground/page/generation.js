"use strict";

// What a language model writes behind the text, token by token as they come; whoever chooses a token sees why it came.

function isCausal(model) {
  return model?.task === "language_model" && !model.architecture.endsWith("MaskedLM");
}

// Each token is the target; what it shall be compared with stays.
function generationRequest(asked) {
  const {model, input, methods, granularity, target} = asked;
  return {
    model,
    input,
    methods: methods.map((method) => ({[Object.keys(method)[0]]: {}})),
    granularity,
    ...(target?.contrast && {target: {contrast: {foil: target.contrast.foil}}}),
    max_new_tokens: Number(field("max_new_tokens").value)
  };
}

// An answer about one token, for which all tokens before it are the text: those that were written are its second part.
function answerAbout(generation, index) {
  const before = generation.tokens.slice(0, index), attributions = generation.attributions[index];
  const text_pair = before.map(({text}) => text).join("");
  return {
    ...beginAnswer({input: {text: generation.request.input.text, text_pair}}),
    attributions,
    prediction: {
      ...generation.prediction,
      tokens: [...generation.prediction.tokens, ...before.map(({token}) => token)],
      target: attributions[0].target
    }
  };
}

function whyToken(generation, index) {
  const answer = answerAbout(generation, index), {target} = answer.prediction;
  return [
    element(
        "p", {class: "target"},
        "Explained: ", element("strong", {}, `${targetWords(answer)} = ${number(target.value, 5)}`)),
    scoresSection(answer, chosenScores)
  ];
}

// {node, add(part)}
function generationSection(request) {
  const generation = {request, prediction: null, tokens: [], attributions: []};
  const written =
      element("p", {class: "text", dir: "auto"}, element("span", {class: "given"}, visible(request.input.text)));
  const why = element("div");
  const show = (index) => {
    [...written.querySelectorAll("button")].forEach(
        (other, i) => other.setAttribute("aria-pressed", String(i === index)));
    why.replaceChildren(...(generation.attributions[index] ? whyToken(generation, index) : []));
  };
  const addToken = (token) => {
    const index = generation.tokens.push(token) - 1;
    written.append(element(
        "button", {
          type: "button",
          class: "token",
          "aria-pressed": "false",
          title: `${percent(Math.exp(token.log_prob))} likely`,
          onclick: () => show(index)
        },
        visible(token.text || token.token.text)));
  };
  const add = (part) => {
    if (part.prediction) generation.prediction = part.prediction;
    if (part.token) addToken(part.token);
    if (!part.attribution) return;
    const {generated_index: index} = part.attribution;
    (generation.attributions[index] ??= []).push(part.attribution);
    keepFocus(why, () => show(index));
  };
  return {
    node: element(
        "section", {id: "generation"}, element("h1", {}, "What the model writes"),
        element("p", {class: "meaning"}, "Choose a token to see what spoke for it, in all that stands before it."),
        written, why),
    add
  };
}
