"use strict";

// Elements are made here and nowhere else. Texts become text nodes, never markup: an answer may hold anything.

const SVG = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") {
      for (const [property, text] of Object.entries(value)) made.style.setProperty(property, text);
    } else if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else {
      made.setAttribute(name, value === true ? "" : value);
    }
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return made;
}

function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

// A titled part of the page; `sentence` says what its numbers are.
function section(id, title, sentence, ...children) {
  return element(
      "section", {id, "aria-labelledby": `${id}-title`}, element("h2", {id: `${id}-title`}, title),
      sentence ? element("p", {class: "meaning"}, sentence) : null, ...children);
}

// One of several, as pills; the browser gives them their keys. `choices`: [[value, label], ...].
function choice(name, legend, choices, chosen, onChoose) {
  return element(
      "fieldset", {class: "choice controls"}, element("legend", {}, legend),
      choices.map(
          ([value, label]) => element(
              "label", {},
              element(
                  "input", {type: "radio", name, value, checked: value === chosen, onchange: () => onChoose(value)}),
              element("span", {}, label))));
}

// For what may be wider than the window; focus lets the keyboard scroll it.
function wide(label, ...children) {
  return element(
      "div", {class: "wide", tabindex: "0", role: "region", "aria-label": `${label}, may be scrolled`}, ...children);
}

function table(caption, headings, rows) {
  return element(
      "table", {}, element("caption", {}, caption),
      element("thead", {}, element("tr", {}, headings.map((heading) => element("th", {scope: "col"}, heading)))),
      element(
          "tbody", {},
          rows.map(
              (cells) => element(
                  "tr", {},
                  cells.map((cell, i) => i === 0 ? element("th", {scope: "row"}, cell) : element("td", {}, cell))))));
}

// For a table that may be wider than the window.
function wideTable(caption, headings, rows) {
  return wide(caption, table(caption, headings, rows));
}

// [[what, value], ...]; what has no value is left out.
function facts(pairs) {
  return element(
      "dl", {},
      pairs.filter(([, value]) => value !== "" && value !== undefined && value !== null)
          .map(([what, value]) => element("div", {}, element("dt", {}, what), element("dd", {}, value))));
}

// Arrow keys, Home and End move among `items`, of which one is in the tab order. `columns`: of a grid.
function rove(items, onFocus, columns = 1) {
  const focusOn = (index) => {
    const item = items[Math.max(0, Math.min(items.length - 1, index))];
    items.forEach((other) => other.setAttribute("tabindex", other === item ? "0" : "-1"));
    item.focus();
  };
  items.forEach((item, index) => {
    item.setAttribute("tabindex", index === 0 ? "0" : "-1");
    item.addEventListener("focus", () => onFocus(index));
    item.addEventListener("keydown", (event) => {
      const steps =
          {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -items.length, End: items.length};
      if (!(event.key in steps)) return;
      event.preventDefault();
      focusOn(index + steps[event.key]);
    });
  });
}
