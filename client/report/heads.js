"use strict";

function headTable(answer, attribution) {
  const {layers, heads, scores} = attribution.heads, largest = Math.max(...scores.map(Math.abs)) || 1;
  const indices = (many) => Array.from({length: many}, (_, i) => i);
  return wide(
      methodLabel(answer, attribution),
      element(
          "table", {class: "heads"}, element("caption", {}, methodLabel(answer, attribution)),
          element(
              "thead", {},
              element(
                  "tr", {}, element("th", {scope: "col"}, "layer"),
                  indices(heads).map((head) => element("th", {scope: "col"}, `head ${head}`)))),
          element(
              "tbody", {},
              indices(layers).map(
                  (layer) =>
                      element("tr", {}, element("th", {scope: "row"}, String(layer)), indices(heads).map((head) => {
                        const score = scores[layer * heads + head];
                        return element("td", {style: {"--strength": Math.abs(score) / largest}}, number(score, 2));
                      }))))));
}

function headsSection(answer) {
  const shown = answer.attributions.filter((attribution) => attribution.heads);
  if (!shown.length) return null;
  return section(
      "heads", "Which heads matter", methodMeaning("head_importance"),
      shown.map((attribution) => headTable(answer, attribution)));
}
