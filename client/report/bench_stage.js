"use strict";

// One stage in detail: latency by percentile, failures, servers and labels.

// As HDR histograms are drawn: each step to the right halves the share of calls that took longer.
function spectrumChart(stage) {
  const halvings = (fraction) => -Math.log2(1 - fraction);
  const last = Math.max(1, halvings(stage.spectrum[stage.spectrum.length - 1][0]));
  const y = logScale(stage.spectrum.map(([, ms]) => ms));
  const ticks = [[0.5, "50 %"], [0.9, "90 %"], [0.99, "99 %"], [0.999, "99.9 %"], [0.9999, "99.99 %"]];
  return chart(`Latency in milliseconds by percentile at ${loadName(stage)}`, {
    lines: [{points: stage.spectrum, label: "slowest", kind: "line-a"}],
    x: (fraction) => halvings(fraction) / last,
    y: y.at,
    xTicks: ticks.filter(([fraction]) => halvings(fraction) <= last),
    yTicks: y.ticks,
    xTitle: "share of calls that took no longer",
    yTitle: "latency, ms"
  });
}

function latencyTable(stage) {
  const rows = [["latency", stage.latency_ms], ["server, beside the model", stage.server_overhead_ms]];
  if (stage.rate > 0) rows.push(["sent late by", stage.send_delay_ms]);
  return wideTable(
      "Milliseconds", ["time", "mean", "p50", "p99", "p99.9", "max"],
      rows.map(([name, ms]) => [name, ...["mean", "p50", "p99", "p99_9", "max"].map((which) => number(ms[which]))]));
}

function failureTable(stage) {
  const rows = Object.entries(stage.failures)
                   .map(([
                          code, {count: many, latency_ms: ms}
                        ]) => [code, String(many), percent(many / stage.calls), number(ms.p50), number(ms.p99)]);
  return rows.length ? wideTable("Calls that failed", ["status", "calls", "share", "after, p50 ms", "p99"], rows) :
                       null;
}

function partsTable(title, parts) {
  if (parts.length < 2) return null;
  return wideTable(
      title, ["name", "answered", "failed", "p50 ms", "p99"],
      parts.map(
          ({name,
            answered,
            failed,
            latency_ms:
                ms}) => [name || "(no label)", String(answered), String(failed), number(ms.p50), number(ms.p99)]));
}

function stageDetail(stage) {
  const [low, high] = stage.latency_ms.p99_interval;
  return element(
      "div", {class: "beside"},
      stage.answered ? element(
                           "figure", {}, spectrumChart(stage),
                           element("figcaption", {}, "Latency by percentile; both scales logarithmic")) :
                       element("p", {}, "No call was answered."),
      element(
          "div", {}, latencyTable(stage),
          element(
              "p", {class: "note"},
              `With 95 % confidence the p99 of ${stage.answered} answers lies between ${number(low)} and ${
                  number(high)} ms. ` +
                  `The client used ${
                      number(1000 * stage.client_cpu_seconds / Math.max(1, stage.calls))} ms of CPU a call.`),
          stage.slo.map((outcome) => element("p", {}, outcomeWords(outcome))), failureTable(stage),
          partsTable("Servers", stage.by_server), partsTable("Labels", stage.by_label)));
}

function stageSection(report) {
  const place = element("div", {});
  const show = (index) => place.replaceChildren(stageDetail(report.stages[index]));
  const knee = report.stages.findIndex((stage) => stage.rate === report.knee?.rate);
  const shown = knee >= 0 ? knee : report.stages.length - 1;
  show(shown);
  return section(
      "stage", "One load in detail", null,
      report.stages.length > 1 ?
          choice("stage", "Load", report.stages.map((stage, i) => [i, loadName(stage)]), shown, show) :
          null,
      place);
}
