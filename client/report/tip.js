"use strict";

// One small box beside whatever the pointer or the keyboard is on. Screen readers have the same words as labels.

function showTip(anchor, lines) {
  const tip = document.getElementById("tip");
  tip.replaceChildren(...lines.map((line) => element("div", {}, line)));
  tip.hidden = false;
  const at = anchor.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - tip.offsetWidth - 8);
  const above = at.top - tip.offsetHeight - 6;
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${(above > 0 ? above : at.bottom + 6) + scrollY}px`;
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}

// `lines` is asked when they are needed.
function tipOn(node, lines) {
  node.addEventListener("mouseenter", () => showTip(node, lines()));
  node.addEventListener("focus", () => showTip(node, lines()));
  node.addEventListener("mouseleave", hideTip);
  node.addEventListener("blur", hideTip);
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});
