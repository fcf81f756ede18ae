"use strict";

// Line charts in SVG. `lines`: {points: [[x, y], ...], label, kind}, kind being a class of report.css; x and y are
// mapped by `x` and `y`, functions to [0, 1].

const WIDTH = 380, HEIGHT = 210, LEFT = 58, RIGHT = 96, TOP_EDGE = 12, BOTTOM = 34;

function chart(description, {lines, x, y, xTicks, yTicks, xTitle, yTitle}) {
  const px = (value) => LEFT + x(value) * (WIDTH - LEFT - RIGHT);
  const py = (value) => HEIGHT - BOTTOM - y(value) * (HEIGHT - TOP_EDGE - BOTTOM);
  const axis = [
    yTicks.map(
        ([value, label]) =>
            [svg("line", {class: "tick", x1: LEFT, x2: WIDTH - RIGHT, y1: py(value), y2: py(value)}),
             svg("text", {class: "tick-label", x: LEFT - 6, y: py(value) + 4, "text-anchor": "end"}, label)]),
    xTicks.map(
        ([value, label]) =>
            svg("text", {class: "tick-label", x: px(value), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle"}, label)),
    svg("text", {class: "tick-label", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 3, "text-anchor": "middle"}, xTitle),
    svg("text",
        {class: "tick-label", x: -(HEIGHT - BOTTOM) / 2, y: 10, "text-anchor": "middle", transform: "rotate(-90)"},
        yTitle),
  ].flat(2);
  const drawn = lines
                    .map(
                        ({points, kind}) =>
                            [svg("polyline", {
                               class: kind,
                               points: points.map(([a, b]) => `${px(a).toFixed(1)},${py(b).toFixed(1)}`).join(" ")
                             }),
                             points.length < 12 && points.length > 2 ?
                                 points.map(([a, b]) => svg("circle", {class: kind, cx: px(a), cy: py(b), r: 2.5})) :
                                 []])
                    .flat(2);
  return svg(
      "svg", {class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": description}, axis, drawn,
      endLabels(lines, px, py));
}

// At the lines' right ends, pushed apart where they would overlap.
function endLabels(lines, px, py) {
  let free = -Infinity;
  return lines.map(({points, label, kind}) => ({label, kind, end: points[points.length - 1]}))
      .sort((a, b) => py(a.end[1]) - py(b.end[1]))
      .map(({label, kind, end}) => {
        free = Math.max(free + 14, py(end[1]) + 4);
        return svg("text", {class: `${kind} label`, x: px(end[0]) + 5, y: free}, label);
      });
}
