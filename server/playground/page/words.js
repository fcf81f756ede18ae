"use strict";

// What the numbers mean, of everything that can be asked here.

function meanings(pairs) {
  return facts(pairs.map(([, [name, ...words]]) => [name, words[words.length - 1]]));
}

function setUpWords() {
  field("words").append(
      element("h2", {id: "words-title"}, "What the numbers mean"),
      element(
          "p", {class: "meaning"},
          "A score says how much a piece of the text matters to one number of the model, the target; " +
              "not whether the model is right. Methods answer different questions, so they may differ."),
      element(
          "details", {}, element("summary", {}, "Methods: what a piece\u2019s score is"),
          meanings(Object.entries(METHODS))),
      element(
          "details", {}, element("summary", {}, "Measures: how far scores can be trusted"),
          meanings(Object.entries(METRICS))));
}
