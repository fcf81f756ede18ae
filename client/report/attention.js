"use strict";

// All heads at a glance, one in detail.

const THUMB = 64;

function thumbnails(layers, onChoose) {
  const columns = Math.max(...layers.map(({maps}) => maps.length)), cells = [], draws = [];
  const rows = layers.map(
      ({layer, maps}) =>
          element("div", {role: "row"}, element("span", {role: "rowheader"}, `layer ${layer}`), maps.map((map) => {
            const canvas = element("canvas", {class: "map", "aria-hidden": "true"});
            const cell = element(
                "span", {role: "gridcell", "aria-selected": "false", "aria-label": `layer ${layer}, ${map.name}`},
                canvas);
            cell.addEventListener("click", () => cell.focus());
            draws.push(() => paintMap(canvas, map.rows(), Math.round(Math.sqrt(map.rows().length)), THUMB));
            cells.push({cell, map});
            return cell;
          })));
  const heading = element(
      "div", {role: "row"}, element("span", {role: "columnheader"}, "heads"),
      layers[0].maps.map((map) => element("span", {role: "columnheader"}, map.name.replace(/^head /, ""))));
  rove(cells.map(({cell}) => cell), (index) => {
    cells.forEach(({cell}, i) => cell.setAttribute("aria-selected", String(i === index)));
    onChoose(cells[index].map);
  }, columns);
  return {
    node: element(
        "div", {class: "wide"},
        element(
            "div", {
              class: "thumbs",
              role: "grid",
              "aria-label": "Attention of all heads",
              style: {"--columns": columns, "--thumb": columns > 8 ? "3rem" : "5.5rem"}
            },
            heading, rows)),
    draw: () => draws.forEach((draw) => draw()),
    first: cells[0]
  };
}

function attentionSection(answer) {
  if (!answer.attention.length) return null;
  const {tokens} = answer.prediction, layers = attentionMaps(answer);
  const detail = element("div", {class: "detail"});
  const state = {map: layers[0].maps[0], view: "lines"};
  let redraw = () => {};
  const show = () => {
    const rows = state.map.rows();
    const matrix = state.view === "matrix" ? attentionMatrix(tokens, rows) : null;
    detail.replaceChildren(
        element("h3", {}, `Layer ${state.map.layer}, ${state.map.name}`),
        wide("One head in detail", matrix ? matrix.node : attentionLines(tokens, rows)));
    redraw = matrix ? matrix.draw : () => {};
    redraw();
  };
  const all = thumbnails(layers, (map) => {
    state.map = map;
    show();
  });
  const view = choice("view", "View", [["lines", "lines"], ["matrix", "matrix"]], state.view, (value) => {
    state.view = value;
    show();
  });
  all.first.cell.setAttribute("aria-selected", "true");
  const isCut = answer.attention.some((packed) => packed.key_positions);
  return {
    node: section(
        "attention", "Where the model looks",
        "Each row of a map is one token and sums to 100 %: how much of its new meaning it takes from each token. " +
            "Attention shows where a model looks, not why it decides.",
        element(
            "p", {class: "note"},
            "Choose a head with the pointer or arrow keys; the more colour, the more attention (square-root scale). ",
            `Lines under ${percent(FAINT)} are not drawn.`,
            isCut ? " Only the largest weights of each row were asked for; the others are blank." : ""),
        element("div", {class: "attention"}, all.node, element("div", {}, view, detail))),
    draw: () => {
      all.draw();
      if (!detail.firstChild) show();
      redraw();
    },
  };
}
