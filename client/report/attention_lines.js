"use strict";

// One head as lines from each token (left) to the tokens it looks at (right), the thicker the more.

const LINE_HEIGHT = 22, GAP = 190, FAINT = 0.02;

function strongest(row, tokens) {
  const order = [...row.keys()].sort((a, b) => row[b] - row[a]).slice(0, 3);
  return order.map((key) => `${visible(tokens[key].text)} ${percent(row[key])}`).join(", ");
}

function attentionLines(tokens, rows) {
  const size = tokens.length, height = size * LINE_HEIGHT;
  const rowOf = (query) => rows.subarray(query * size, (query + 1) * size);
  const middle = (index) => (index + 0.5) * LINE_HEIGHT;
  const lines =
      svg("svg", {class: "lines", width: GAP, height, viewBox: `0 0 ${GAP} ${height}`, "aria-hidden": "true"});
  const keys = tokens.map((token) => element("li", {}, element("bdi", {}, visible(token.text))));
  const draw = (chosen) => {
    const made = [];
    for (let query = 0; query < size; ++query) {
      if (chosen !== null && query !== chosen) continue;
      rowOf(query).forEach((weight, key) => {
        if (weight < FAINT) return;
        made.push(svg("line", {
          x1: 0,
          y1: middle(query),
          x2: GAP,
          y2: middle(key),
          "stroke-opacity": (chosen === null ? weight : Math.max(0.3, weight)).toFixed(3),
          "stroke-width": 0.75 + 2 * weight
        }));
      });
    }
    lines.replaceChildren(...made);
    keys.forEach((item, key) => {
      item.style.setProperty("--strength", chosen === null ? 0 : rows[chosen * size + key].toFixed(3));
      item.dataset.weight =
          chosen !== null && rows[chosen * size + key] >= FAINT ? percent(rows[chosen * size + key]) : "";
    });
  };
  const queries = tokens.map((token, query) => {
    const text = visible(token.text);
    return element(
        "li", {
          role: "option",
          "aria-selected": "false",
          "aria-label": `${text} looks at ${strongest(rowOf(query), tokens)}`,
          onmouseenter: () => draw(query),
          onmouseleave: () => draw(null),
          onblur: () => draw(null)
        },
        element("bdi", {}, text));
  });
  rove(queries, (index) => {
    queries.forEach((item, i) => item.setAttribute("aria-selected", String(i === index)));
    draw(index);
  });
  draw(null);
  return element(
      "div", {class: "bipartite"},
      element("ul", {class: "queries", role: "listbox", "aria-label": "Tokens that look"}, queries), lines,
      element("ul", {class: "keys", "aria-label": "Tokens looked at"}, keys));
}
