"use strict";

// How far the scores can be trusted, each measure beside random orders of the same words.

function verdict(value) {
  if (value.random_value === undefined) return "no comparison";
  return value.beats_random ? "better than chance" : "not better than chance";
}

function qualityTable(answer, report) {
  const attribution = answer.attributions.find((other) => other.method_index === report.method_index);
  const rows = report.values.map(
      (value) =>
          [element("span", {}, metricName(value.metric), element("small", {}, ` ${metricMeaning(value.metric)}`)),
           number(value.value), value.random_value === undefined ? "\u2013" : number(value.random_value),
           metricBetter(value.metric),
           element(
               "span", {class: value.beats_random || value.random_value === undefined ? "" : "poor"}, verdict(value))]);
  return wide(
      `Quality of ${methodLabel(answer, attribution)}`,
      table(methodLabel(answer, attribution), ["measure", "value", "random order", "better is", "verdict"], rows));
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

// p before anything was taken out: what DELETION's value and curve say together.
function startOf(report, value) {
  const deletion = report.values.find((other) => other.metric === "METRIC_DELETION");
  if (value === deletion) return [[0, value.value + mean(value.curve)]];
  return deletion ? [[0, deletion.curve[deletion.curve.length - 1]]] : [];
}

const randomOrders = (answer) => answer.request.quality?.random_orders || 1;

function levelsSentence(value, orders, better) {
  if (value.random_value === undefined) return null;
  return ` The dotted line is the mean height of ${
             count(orders, "random order")} of the same words, the dashed one this ` +
      `order's mean height: ${better} than random is better.`;
}

// The answer has the mean over random orders, not their curve: it is a level line, beside the method's own mean.
function curveChart(report, value, orders) {
  const isDeletion = value.metric === "METRIC_DELETION";
  const points = [...startOf(report, value), ...value.shares.map((share, i) => [share, value.curve[i]])];
  const level = (height) => [[0, height], [1, height]];
  const heights = (v) => isDeletion ? points[0][1] - v : v;
  const lines = [
    {label: "this order", kind: "line-a", points},
    {label: "its mean", kind: "level-a", points: level(heights(value.value))}
  ];
  if (value.random_value !== undefined)
    lines.push({label: "random mean", kind: "level", points: level(heights(value.random_value))});
  const all = lines.flatMap((line) => line.points.map(([, y]) => y));
  const isShare = all.every((y) => y >= 0 && y <= 1);
  const low = isShare ? 0 : Math.min(...all), high = isShare ? 1 : Math.max(...all, low + 1e-6);
  const name = metricName(value.metric), action = isDeletion ? "taken out" : "put in";
  return element(
      "figure", {},
      chart(
          `${name}: p while words are ${action}, from ${number(points[0][1])} to ${
              number(points[points.length - 1][1])}`,
          {
            lines,
            x: (share) => share,
            y: (p) => (p - low) / (high - low),
            xTicks: [[0, "0 %"], [0.5, "50 %"], [1, "100 %"]],
            yTicks: [low, (low + high) / 2, high].map((p) => [p, number(p, 2)]),
            xTitle: `words ${action}`,
            yTitle: "p"
          }),
      element(
          "figcaption", {},
          `${name}: p while words are ${action}, highest score first. ` +
              `A line that ${isDeletion ? "falls" : "rises"} early speaks for the explanation.`,
          levelsSentence(value, orders, isDeletion ? "lower" : "higher")));
}

function qualityOf(answer, report) {
  const curves = report.values.filter(
      ({metric, curve}) => curve.length && ["METRIC_DELETION", "METRIC_INSERTION"].includes(metric));
  return element(
      "div", {class: "measured"}, qualityTable(answer, report),
      element("div", {class: "beside"}, curves.map((value) => curveChart(report, value, randomOrders(answer)))));
}

function qualitySection(answer) {
  if (!answer.quality.length) {
    return section(
        "quality", "How far can this be trusted?",
        "Not measured: nothing here shows how faithful these scores are to the model. " +
            "Ask again with --quality default.");
  }
  const shown = answer.quality.map((report) => qualityOf(answer, report));
  return section(
      "quality", "How far can this be trusted?",
      `Words are taken out or kept in the order of their scores, and the model reads what is left. ${
          whatIsP(answer)} ` +
          `The same is done in ${count(randomOrders(answer), "random order")}: scores that do no better say nothing. ` +
          `What is taken out becomes ${REPLACED_BY[answer.quality[0].replacement] ?? "something else"}.`,
      shown[0],
      shown.length > 1 ?
          element(
              "details", {}, element("summary", {}, `The other ${count(shown.length - 1, "method")}`), shown.slice(1)) :
          null);
}
