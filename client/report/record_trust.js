"use strict";

// How faithful the explanation is, the measures in words, with what they do not show.

// What the measures look at: a probability is told in percentage points.
function figureOf(answer) {
  const {target, classes} = answer.prediction;
  const isProbability = target.class_index >= 0 && Boolean(classes?.probabilities?.length);
  return {
    name: isProbability ? `the model's probability of ${labelOf(answer, target.class_index)}` : "the explained score",
    level: (value) => isProbability ? percent(value, 2) : number(value, 2),
    change: (value) => isProbability ? `${number(100 * value, 2)} percentage points` : number(value, 2)
  };
}

function beside(value, told) {
  if (value.random_value === undefined) return "";
  return value.beats_random ? `, better than with words picked at random (${told(value.random_value)})` :
                              `, no better than with words picked at random (${told(value.random_value)})`;
}

function measureSentence(value, {name, level, change}) {
  switch (value.metric) {
    case "METRIC_COMPREHENSIVENESS":
      return `Without the words that weigh most, ${name} falls by ${change(value.value)}${beside(value, change)}.`;
    case "METRIC_SUFFICIENCY":
      return `With those words alone, it falls by ${change(value.value)}${beside(value, change)}.`;
    case "METRIC_DELETION":
      return `While words are taken out by their weight, ${name} falls by ${change(value.value)} on average${
          beside(value, change)}.`;
    case "METRIC_INSERTION":
      return `While words are put in by their weight, it stands at ${level(value.value)} on average${
          beside(value, level)}.`;
    case "METRIC_COMPLETENESS":
      return `The weights miss by ${percent(value.value, 2)} what the score loses without any word.`;
    default:
      return `${metricName(value.metric)}: ${number(value.value, 2)}${beside(value, number)} (${
          metricBetter(value.metric)} is better). ${metricMeaning(value.metric)}`;
  }
}

function overall(report) {
  const compared = report.values.filter((value) => value.random_value !== undefined),
        good = compared.filter((value) => value.beats_random).length;
  if (!compared.length) return "It was not compared with chance.";
  if (good === compared.length)
    return `The words named here matter to the model more than words picked at random, by ${
        good === 1 ? "the one measure" : `all ${good} measures`} taken.`;
  if (!good)
    return "The words named here matter to the model no more than words picked at random: " +
        "do not rely on this explanation.";
  return `The words named here matter more than words picked at random by ${good} of ${
      compared.length} measures: rely on this explanation with care.`;
}

function counterfactualSentence(answer) {
  const found = answer.attributions.find(
      ({card, edits}) => card.method === "counterfactual" && edits?.outcome === "OUTCOME_FOUND" && edits.edits.length);
  if (!found) return null;
  const texts = textsOf(answer);
  const changes =
      found.edits.edits.map((edit) => editPiece(answer, texts, edit))
          .map(
              ({label, replacement}) => `had “${label}” ` + (replacement ? `been “${replacement}”` : "not been there"));
  return `A change that turns the decision: ${spoken(changes)}, the model would have decided ${
      labelAndShare(answer, found.edits.class_after, found.edits.probabilities)}.`;
}

function trust(answer, attribution) {
  const report = attribution && answer.quality.find((other) => other.method_index === attribution.method_index);
  const sums = attribution?.card.completeness;
  const items = [
    ...(report ? report.values.map((value) => measureSentence(value, figureOf(answer))) : []),
    sums ? `The weights add up to what the method promises, to within ${percent(sums.error, 2)}${
               sums.is_certified ? " (certified)" : ""}.` :
           "",
    counterfactualSentence(answer),
  ].filter((text) => text);
  return [
    element(
        "p", {},
        element(
            "strong", {},
            report ? overall(report) :
                     "Not measured: nothing here shows how well these words reflect what the model did.")),
    element("ul", {}, items.map((text) => element("li", {}, text))),
    element(
        "p", {class: "note"},
        "This sheet says what the model reacted to. It does not say that the text is true, " +
            "that the decision is right, fair or lawful, or that a person would weigh these words alike.")
  ];
}
