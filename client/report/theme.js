"use strict";

// Colours are light-dark() pairs; the choice in the page's header only says which of them. What is drawn on canvases is
// drawn again.

const THEMES = [["light dark", "as the system"], ["light", "light"], ["dark", "dark"]];

const redraws = [];

function drawWithTheme(draw) {
  redraws.push(draw);
  draw();
}

function setUpTheme() {
  const redraw = () => redraws.forEach((draw) => draw());
  const onchange = (event) => {
    document.documentElement.style.colorScheme = event.target.value;
    redraw();
  };
  document.querySelector("header").append(element(
      "label", {class: "controls"}, "Theme ",
      element("select", {id: "theme", onchange}, THEMES.map(([value, words]) => element("option", {value}, words)))));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

// [r, g, b] of the element's `color`.
function inkOf(node) {
  return getComputedStyle(node).color.match(/[\d.]+/g).slice(0, 3).map(Number);
}
