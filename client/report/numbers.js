"use strict";

// Numbers as people read them, with a true minus sign.

function number(value, digits = 3) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ?
      value.toExponential(digits - 1) :
      String(Number(value.toPrecision(size >= 1000 ? 5 : digits)));
  return text.replace(/-/g, "\u2212");
}

function signed(value, digits = 3) {
  return value > 0 ? `+${number(value, digits)}` : number(value, digits);
}

// Never broken across lines.
function percent(share, digits = 3) {
  if (share > 0 && share < 0.001) return "<\u00a00.1\u00a0%";
  if (share < 1 && share > 0.999) return ">\u00a099.9\u00a0%";
  return `${number(100 * share, digits)}\u00a0%`;
}

function count(many, one, several = `${one}s`) {
  return `${many} ${many === 1 ? one : several}`;
}

function spoken(list) {
  return list.length < 2 ? list.join("") : `${list.slice(0, -1).join(", ")} and ${list[list.length - 1]}`;
}
