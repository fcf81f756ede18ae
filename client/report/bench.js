"use strict";

function verdict(report) {
  if (report.interrupted) return "Interrupted";
  if (report.knee) {
    return report.knee.rate === null ? "No rate that was tried meets all conditions" :
                                       `${number(report.knee.rate, 4)} calls a second meet all conditions`;
  }
  const missed = report.stages.filter((stage) => !holds(stage)).length;
  if (report.stages[0].slo.length) {
    if (missed === 0) return "All conditions are met";
    return report.stages.length > 1 ? `${missed} of ${report.stages.length} loads miss a condition` :
                                      "A condition is missed";
  }
  const best = Math.max(...report.stages.map((stage) => stage.texts_per_second));
  return `${number(best)} answers a second${report.stages.length > 1 ? " at most" : ""}`;
}

function verdictSection(report) {
  const failed = report.stages.reduce((sum, stage) => sum + stage.failed, 0);
  const calls = report.stages.reduce((sum, stage) => sum + stage.calls, 0);
  const conditions = report.stages[0].slo.map(({condition}) => condition);
  return element(
      "section", {id: "verdict", "aria-label": "Result"}, element("h1", {}, verdict(report)),
      element(
          "p", {},
          (report.interrupted ? "The last stage was not run to its end, nor any behind it. " : "") +
              `${count(calls, "call")} in ${count(report.stages.length, "stage")}, ${failed} of them failed.` +
              (conditions.length ? ` Conditions: ${spoken(conditions)}.` : "")));
}

function methodSection(report) {
  const {arrivals, seed} = report.stages[0];
  const loops = {
    closed: "Closed loop: each stream calls again as soon as it was answered.",
    poisson: `Open loop: calls are due at random times (Poisson, seed ${seed}), whatever the answers do.`,
    constant: "Open loop: calls are due at equal intervals, whatever the answers do.",
  };
  return section(
      "method", "How it was measured", loops[arrivals], facts([
        ["Started", report.started_at], ["Client", `limpid ${report.client_version}`],
        ["Servers", report.servers.join(", ")], ["Texts", `${count(report.lines, "line")} of ${report.file}`],
        [
          "Warm-up",
          report.warmup_seconds ? `${number(report.warmup_seconds)} s, not counted` : "none; connections were open"
        ],
        [
          "Latencies",
          "in a histogram, right to 0.1 %; a call that failed counts as never answered where a condition is checked"
        ]
      ]));
}

function showBench() {
  const report = JSON.parse(document.getElementById("answer").textContent);
  document.title = `Limpid load test: ${verdict(report)}`;
  document.getElementById("main").replaceChildren(
      verdictSection(report), stagesSection(report), stageSection(report), methodSection(report));
  setUpTheme();
}

showBench();
