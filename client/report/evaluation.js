"use strict";

// Quality of methods over a data set, a plot a measure, and how often the model is right.

function metricsOf(evaluation) {
  return [...new Set(evaluation.methods.flatMap(({metrics}) => metrics.map(({metric}) => metric)))];
}

// Of each method what it has of the measure.
function rowsOf(evaluation, metric) {
  return evaluation.methods.map(
      ({method, metrics}) => ({method, tally: metrics.find((other) => other.metric === metric)}));
}

const orDash = (value, words = number) => value === null || value === undefined ? "\u2013" : words(value);

function headline({labels, methods, num_texts: texts}) {
  return labels?.texts ? `${percent(labels.accuracy)} of ${count(labels.texts, "label")} predicted` :
                         `${count(methods.length, "method")} over ${count(texts, "text")}`;
}

function resultSection(evaluation) {
  const {file, failed, num_texts: texts} = evaluation;
  return element(
      "section", {id: "result", "aria-label": "Result"}, element("h1", {}, headline(evaluation)),
      element(
          "p", {},
          `${count(texts, "text")} of ${file}` +
              (failed ? `; ${failed} of them failed, and no number is about these.` : ".")));
}

function metricPlot(metric, rows) {
  const bars = rows.map(({method, tally}) => ({
                          label: method,
                          value: tally?.mean ?? null,
                          error: tally?.standard_error ?? null,
                          chance: tally?.random_mean ?? null
                        }));
  const ends = bars.flatMap(
      ({value, error, chance}) => value === null ? [chance ?? 0] : [value - error, value + error, chance ?? 0]);
  return element(
      "figure", {},
      barChart(
          `${metricName(metric)}: ${bars.map(({label, value}) => `${label} ${orDash(value)}`).join(", ")}`, bars,
          linearScale(ends)),
      element(
          "figcaption", {},
          `Mean of ${metricName(metric).toLowerCase()}, ${metricBetter(metric)} is better, \u00b1 its ` +
              (bars.some(({chance}) => chance !== null) ? "standard error; dashed: random orders of the same words" :
                                                          "standard error; it knows no order to hold against chance")));
}

function metricTable(metric, rows) {
  return element(
      "div", {class: "numbers"},
      wideTable(
          metricName(metric), ["method", "texts", "mean", "std. error", "random order", "beats chance"],
          rows.map(
              ({method, tally}) =>
                  [method, String(tally?.texts ?? 0), orDash(tally?.mean), orDash(tally?.standard_error),
                   orDash(tally?.random_mean), orDash(tally?.beats_random_share, percent)])));
}

function metricSection(evaluation, metric) {
  const rows = rowsOf(evaluation, metric);
  return section(
      plain(metric, "METRIC_").replace(/ /g, "-"), metricName(metric), metricMeaning(metric),
      element("div", {class: "beside"}, metricPlot(metric, rows), metricTable(metric, rows)));
}

function takenFor({label, predicted}) {
  return predicted.filter((other) => other.label !== label)
      .sort((a, b) => b.texts - a.texts)
      .map((other) => `${other.label} ${other.texts}`)
      .join(", ");
}

function labelsSection({labels}) {
  if (!labels) return null;
  const {texts, right, unmatched, classes} = labels;
  return section(
      "labels", "How often is the model right?",
      `${right} of ${count(texts, "text")} whose label names a class.` +
          (unmatched ? ` The labels of ${count(unmatched, "text")} name none.` : ""),
      classes.length ? wideTable(
                           "Texts by the label that the file gives", ["label", "texts", "right", "share", "taken for"],
                           classes.map(
                               (one) =>
                                   [one.label, String(one.texts), String(one.right), percent(one.right / one.texts),
                                    takenFor(one) || "\u2013"])) :
                       null);
}

function askedSection(evaluation) {
  const {model, request: {quality}} = evaluation, measures = metricsOf(evaluation).length > 0;
  return section(
      "asked", "How it was measured",
      measures ? "Words are taken out or kept in the order of their scores, and the model reads what is left." : null,
      facts([
        ["Client", `limpid ${evaluation.client_version}`], ["Model", model.name],
        ["Weights (SHA-256)", model.weights_sha256],
        ["Methods", evaluation.methods.map(({method}) => method).join(", ")],
        ["Random orders of each text", measures ? String(quality?.random_orders || 1) : ""],
        ["Beats chance", measures ? "share of texts where the method is better than all their random orders" : ""],
        ["Standard error", measures ? "of the mean, over the texts" : ""]
      ]));
}

function showEvaluation() {
  const evaluation = JSON.parse(document.getElementById("answer").textContent);
  document.title = `Limpid evaluation: ${headline(evaluation)}`;
  const parts = [
    resultSection(evaluation), ...metricsOf(evaluation).map((metric) => metricSection(evaluation, metric)),
    labelsSection(evaluation), askedSection(evaluation)
  ];
  document.getElementById("main").replaceChildren(...parts.filter((part) => part));
  setUpTheme();
}

showEvaluation();
