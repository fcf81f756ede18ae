"use strict";

// Horizontal bars in SVG, each with its error bar and a line where chance is. `rows`: {label, value, error, chance},
// of which all but the label may be null; `scale` is one of scales.js.

const BAR_CHART = {
  width: 460,
  left: 170,
  letters: 26,
  right: 16,
  row: 26,
  bottom: 22
};

// What has room beside a bar.
function shortened(label) {
  return label.length > BAR_CHART.letters ? `${label.slice(0, BAR_CHART.letters - 1)}\u2026` : label;
}

function barRow({label, value, error, chance}, px, top) {
  const {left, row} = BAR_CHART;
  const middle = top + row / 2;
  const line = (kind, x1, x2, y1, y2) => svg("line", {class: kind, x1, x2, y1, y2});
  const parts = [svg("text", {class: "row-label", x: left - 8, y: middle + 4, "text-anchor": "end"}, shortened(label))];
  if (value !== null) {
    const [begin, end] = [px(0), px(value)].sort((a, b) => a - b);
    parts.push(svg("rect", {class: "bar-for", x: begin, width: end - begin, y: top + 5, height: row - 10}));
  }
  if (value !== null && error !== null) {
    const [low, high] = [px(value - error), px(value + error)];
    parts.push(
        line("error-bar", low, high, middle, middle),
        ...[low, high].map((x) => line("error-bar", x, x, middle - 4, middle + 4)));
  }
  if (chance !== null) parts.push(line("chance", px(chance), px(chance), top, top + row));
  return parts;
}

function barChart(description, rows, scale) {
  const {width, left, right, row, bottom} = BAR_CHART;
  const height = rows.length * row + bottom;
  const px = (value) => left + scale.at(value) * (width - left - right);
  const ticks = scale.ticks.map(
      ([value, label]) =>
          [svg("line",
               {class: value === 0 ? "zero" : "tick", x1: px(value), x2: px(value), y1: 0, y2: height - bottom}),
           svg("text", {class: "tick-label", x: px(value), y: height - 6, "text-anchor": "middle"}, label)]);
  return svg(
      "svg", {class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": description}, ticks.flat(),
      rows.flatMap((one, i) => barRow(one, px, i * row)));
}
