"use strict";

// Colours are light-dark() pairs; the switch only says which of them. What is drawn on canvases is drawn again.

const redraws = [];

function drawWithTheme(draw) {
  redraws.push(draw);
  draw();
}

function setUpTheme() {
  const redraw = () => redraws.forEach((draw) => draw());
  document.getElementById("theme").addEventListener("change", (event) => {
    document.documentElement.style.colorScheme = event.target.value;
    redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

// [r, g, b] of the element's `color`.
function inkOf(node) {
  return getComputedStyle(node).color.match(/[\d.]+/g).slice(0, 3).map(Number);
}
