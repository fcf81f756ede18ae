"use strict";

// Of methods whose scores sum to a difference: how the errors fell while nodes were added.

const SMALLEST = 1e-9;

function toleranceOf(answer, attribution) {
  const method = answer.request.methods?.[attribution.method_index] ?? {};
  return method[attribution.card.method]?.tolerance || 1e-3;
}

function convergenceChart(name, steps, tolerance) {
  const x0 = Math.log2(steps[0].card.rows), x1 = Math.log2(steps[steps.length - 1].card.rows);
  const errors = steps.map(({card}) => [card.completeness.error, card.completeness.refinement_error]).flat();
  const low = Math.floor(Math.log10(Math.max(SMALLEST, Math.min(tolerance, ...errors.filter((error) => error > 0)))));
  const high = Math.max(0, Math.ceil(Math.log10(Math.max(...errors, tolerance))));
  const line = (label, kind, of) =>
      ({label, kind, points: steps.map(({card}) => [card.rows, Math.max(10 ** low, of(card.completeness))])});
  const every = Math.ceil((high - low) / 5);
  const decades = Array.from({length: Math.floor((high - low) / every) + 1}, (_, i) => low + i * every);
  return chart(
      `Errors of ${name} while the passes grew from ${steps[0].card.rows} to ${steps[steps.length - 1].card.rows}`, {
        lines: [
          line("sum", "line-a", (sums) => sums.error), line("refinement", "line-b", (sums) => sums.refinement_error), {
            label: "tolerance",
            kind: "level",
            points: [[steps[0].card.rows, tolerance], [steps[steps.length - 1].card.rows, tolerance]]
          }
        ],
        x: (rows) => x1 > x0 ? (Math.log2(rows) - x0) / (x1 - x0) : 0.5,
        y: (error) => (Math.log10(error) - low) / (high - low),
        xTicks: steps.map(({card}) => [card.rows, String(card.rows)]),
        yTicks: decades.map(
            (power) =>
                [10 ** power,
                 power === 0     ? "100 %" :
                     power >= -4 ? `${number(10 ** (power + 2))} %` :
                                   `1e${power}`]),
        xTitle: "passes",
        yTitle: "error",
      });
}

function convergenceOf(answer, attribution) {
  const name = methodLabel(answer, attribution);
  const steps = [...answer.refinements.filter((other) => other.method_index === attribution.method_index), attribution];
  const rows = steps.map(
      ({
        card: {rows: passes, completeness: sums}
      }) => [String(passes), percent(sums.error), percent(sums.refinement_error), sums.is_certified ? "yes" : "no"]);
  return element(
      "div", {class: "beside"},
      table(
          `${name}, tolerance ${percent(toleranceOf(answer, attribution))}`,
          ["passes", "sum's error", "refinement error", "certified"], rows),
      steps.length > 1 ? convergenceChart(name, steps, toleranceOf(answer, attribution)) : null);
}

function convergenceSection(answer) {
  const shown = answer.attributions.filter(({card}) => card.completeness);
  if (!shown.length) return null;
  return section(
      "convergence", "Do the scores add up?",
      "The sum's error is how far the scores miss the difference that they must add up to; " +
          "the refinement error estimates how much they would still change with more passes.",
      shown.map((attribution) => convergenceOf(answer, attribution)));
}
