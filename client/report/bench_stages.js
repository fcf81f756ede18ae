"use strict";

// All stages of a load test beside each other.

function isOpen(report) {
  return report.stages[0].rate > 0;
}

// What was varied: the rate of an open loop, the streams of a closed one.
function loadOf(stage) {
  return stage.rate > 0 ? stage.rate : stage.streams;
}

function loadName(stage) {
  return stage.rate > 0 ? `${number(stage.rate, 4)}/s` : count(stage.streams, "stream");
}

function byLoad(report) {
  return [...report.stages].sort((a, b) => loadOf(a) - loadOf(b));
}

function holds(stage) {
  return stage.slo.every((outcome) => outcome.holds);
}

function outcomeWords({condition, measured, holds: is_met}) {
  return element(
      "span", {class: is_met ? null : "poor"},
      `${condition}: ${measured === null ? "never answered" : number(measured, 4)}`);
}

function stageRow(stage) {
  const {latency_ms: latency} = stage;
  return [
    loadName(stage), String(stage.streams), String(stage.answered), String(stage.failed),
    number(stage.texts_per_second, 4), ...["p50", "p90", "p99", "p99_9", "max"].map((name) => number(latency[name])),
    stage.slo.length ? element("span", {class: holds(stage) ? null : "poor"}, holds(stage) ? "yes" : "no") : "\u2013"
  ];
}

// A bound of a condition on a quantile, to be drawn among latencies: {name, ms}.
function latencyBounds(report) {
  const units = {ms: 1, s: 1000, m: 60000};
  return report.stages[0]
      .slo.map(({condition}) => condition.match(/^(p[\d.]+|max)<=?([\d.]+)(ms|s|m)$/))
      .filter((match) => match)
      .map(([, name, value, unit]) => ({name, ms: Number(value) * units[unit]}));
}

function latencyChart(report) {
  const stages = byLoad(report), loads = stages.map(loadOf), bounds = latencyBounds(report);
  const of = (name) => stages.map((stage) => [loadOf(stage), stage.latency_ms[name]]);
  const x = isOpen(report) ? linearScale(loads) : logScale(loads);
  const ends = [isOpen(report) ? 0 : loads[0], loads[loads.length - 1]];
  const lines = [
    {points: of("p99"), label: "p99", kind: "line-a"}, {points: of("p50"), label: "p50", kind: "line-b"},
    ...bounds.map(({name, ms}) => ({points: ends.map((load) => [load, ms]), label: `${name} bound`, kind: "level"}))
  ];
  const y = logScale(lines.flatMap(({points}) => points.map(([, value]) => value)));
  return chart("Latency in milliseconds, p50 and p99, by load", {
    lines,
    x: x.at,
    y: y.at,
    xTicks: x.ticks,
    yTicks: y.ticks,
    xTitle: isOpen(report) ? "calls a second, asked for" : "streams",
    yTitle: "latency, ms"
  });
}

function throughputChart(report) {
  const stages = byLoad(report), loads = stages.map(loadOf), last = loads[loads.length - 1];
  const lines =
      [{points: stages.map((stage) => [loadOf(stage), stage.texts_per_second]), label: "answered", kind: "line-a"}];
  const x = isOpen(report) ? linearScale(loads) : logScale(loads);
  if (isOpen(report)) lines.push({points: [[0, 0], [last, last]], label: "asked for", kind: "level"});
  const y = linearScale(lines.flatMap(({points}) => points.map(([, value]) => value)));
  return chart("Answers a second by load", {
    lines,
    x: x.at,
    y: y.at,
    xTicks: x.ticks,
    yTicks: y.ticks,
    xTitle: isOpen(report) ? "calls a second, asked for" : "streams",
    yTitle: "answers a second"
  });
}

function stagesSection(report) {
  const headings =
      ["load", "streams", "answered", "failed", "answers/s", "p50", "p90", "p99", "p99.9", "max", "conditions met"];
  return section(
      "stages", "Load by load",
      "Latencies in milliseconds, of the calls that were answered" +
          (isOpen(report) ?
               ", counted from the moment a call was due, whether or not the client or the server was ready for it." :
               "."),
      report.stages.length > 1 ?
          element(
              "div", {class: "beside"},
              element("figure", {}, latencyChart(report), element("figcaption", {}, "Latency; logarithmic scale")),
              element("figure", {}, throughputChart(report), element("figcaption", {}, "Throughput"))) :
          null,
      element(
          "div", {class: "stages"},
          wideTable("Stages in the order they were run", headings, report.stages.map(stageRow))));
}
