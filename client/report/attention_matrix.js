"use strict";

// One head as matrix: rows look, columns are looked at. Pointer or arrow keys choose a cell, which the line below reads
// out.

const CELLS = 420, MAX_LABELS = 64, LABEL = 72;

function attentionMatrix(tokens, rows) {
  const size = tokens.length, cell = Math.max(2, Math.floor(CELLS / size)), margin = size <= MAX_LABELS ? LABEL : 0;
  const canvas = element("canvas", {
    class: "map",
    tabindex: "0",
    role: "img",
    "aria-label": `Attention matrix of ${size} by ${size} tokens; arrow keys read out cells`
  });
  const readout = element("p", {class: "readout", "aria-live": "polite"}, "Point at a cell, or use arrow keys.");
  const picture = element("canvas", {class: "map"});
  let at = null;

  const labels = (context) => {
    context.font = `${Math.min(13, cell)}px sans-serif`;
    context.textBaseline = "middle";
    tokens.forEach((token, i) => {
      const text = visible(token.text);
      context.textAlign = "right";
      context.fillText(text, margin - 5, margin + (i + 0.5) * cell, margin - 8);
      context.save();
      context.translate(margin + (i + 0.5) * cell, margin - 5);
      context.rotate(-Math.PI / 2);
      context.textAlign = "left";
      context.fillText(text, 0, 0, margin - 8);
      context.restore();
    });
  };
  const draw = () => {
    const ink = `rgb(${inkOf(canvas).join(" ")})`;
    canvas.width = canvas.height = margin + size * cell;
    picture.style.color = ink;
    document.body.append(picture);
    paintMap(picture, rows, size, size);
    picture.remove();
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, margin, margin, size * cell, size * cell);
    context.fillStyle = context.strokeStyle = ink;
    context.strokeRect(margin + 0.5, margin + 0.5, size * cell - 1, size * cell - 1);
    if (margin) labels(context);
    if (!at) return;
    context.lineWidth = 2;
    context.strokeRect(margin + at.key * cell - 1, margin + at.query * cell - 1, cell + 2, cell + 2);
  };
  const choose = (query, key) => {
    const inside = (index) => Math.max(0, Math.min(size - 1, index));
    at = {query: inside(query), key: inside(key)};
    const name = (index) => visible(tokens[index].text);
    readout.textContent = `${name(at.query)} (token ${at.query}) looks at ${name(at.key)} (token ${at.key}): ${
        percent(rows[at.query * size + at.key])}`;
    draw();
  };
  canvas.addEventListener("mousemove", (event) => {
    const scale = canvas.width / canvas.clientWidth;
    const index = (offset) => Math.floor((offset * scale - margin) / cell);
    if (index(event.offsetX) >= 0 && index(event.offsetY) >= 0) choose(index(event.offsetY), index(event.offsetX));
  });
  canvas.addEventListener("keydown", (event) => {
    const step = {ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0]}[event.key];
    if (!step) return;
    event.preventDefault();
    choose(at ? at.query + step[0] : 0, at ? at.key + step[1] : 0);
  });
  return {node: element("div", {class: "matrix"}, canvas, readout), draw};
}
