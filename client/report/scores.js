"use strict";

// Scores over the text: which method, by token or by word.

function completenessSentence(card) {
  const sums = card.completeness;
  if (!sums) return null;
  const fits =
      sums.is_certified ? "certified: both errors are within the tolerance asked for" : `off by ${percent(sums.error)}`;
  return `The scores add up to what the text's score (${number(sums.value, 4)}) is above the baseline's ` +
      `(${number(sums.baseline_value, 4)}); ${fits}.`;
}

// `chosen` outlives the answer: the page of many answers keeps what its reader looks at.
function scoresSection(answer, chosen = {
  label: null,
  granularity: "word",
  showAll: false
}) {
  const shown = answer.attributions.filter((attribution) => attribution.scores.length);
  if (!shown.length) return null;
  const attributionOf = (label) => shown.find((attribution) => methodLabel(answer, attribution) === label) ?? shown[0];
  const state = {attribution: attributionOf(chosen.label)};
  const body = element("div", {class: "scores"}), controls = element("div", {class: "row controls"});

  const granularities = () => {
    if (!areTokens(state.attribution)) {
      return element("p", {class: "note"}, "Scores came by larger pieces than tokens, as asked.");
    }
    return choice("granularity", "Pieces", [["word", "words"], ["token", "tokens"]], chosen.granularity, (value) => {
      chosen.granularity = value;
      draw();
    });
  };
  const draw = () => {
    const {attribution} = state, {granularity, showAll} = chosen, {card} = attribution;
    const pieces = piecesOf(answer, attribution, granularity);
    const all = element(
        "label", {class: "controls"}, element("input", {
          type: "checkbox",
          checked: showAll,
          onchange: (event) => {
            chosen.showAll = event.target.checked;
            draw();
            body.querySelector("input[type=checkbox]").focus();
          }
        }),
        " list all pieces");
    hideTip();
    body.replaceChildren(
        element(
            "div", {},
            element(
                "p", {class: "meaning"}, element("strong", {}, methodLabel(answer, attribution)), ": ",
                methodMeaning(card.method)),
            heatmap(answer, attribution, pieces), legend(card.is_signed),
            element("p", {class: "note"}, completenessSentence(card))),
        element("div", {}, ranking(attribution, pieces, showAll), all));
  };
  const redrawControls = () => controls.replaceChildren(
      choice(
          "method", "Method", shown.map((attribution, i) => [String(i), methodLabel(answer, attribution)]),
          String(shown.indexOf(state.attribution)),
          (value) => {
            state.attribution = shown[Number(value)];
            chosen.label = methodLabel(answer, state.attribution);
            controls.replaceChild(granularities(), controls.lastChild);
            draw();
          }),
      granularities());
  redrawControls();
  draw();
  return section("scores", "What spoke for and against", null, controls, body);
}
