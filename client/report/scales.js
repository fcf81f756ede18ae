"use strict";

// Axes of charts: {at: a value's place from 0 to 1, ticks: [[value, label], ...]}.

// From a round number to another, 0 and all values between them.
function linearScale(values) {
  const most = Math.max(...values, 0), least = Math.min(...values, 0), span = Math.max(most - least, 1e-9);
  const power = 10 ** Math.floor(Math.log10(span));
  const step = [0.2, 0.5, 1, 2].map((factor) => factor * power).find((size) => span / size <= 5);
  const first = Math.floor(least / step), last = Math.max(Math.ceil(most / step), first + 1);
  const ticks = Array.from({length: last - first + 1}, (_, i) => (first + i) * step);
  const begin = ticks[0], end = ticks[ticks.length - 1];
  return {at: (value) => (value - begin) / (end - begin), ticks: ticks.map((value) => [value, number(value)])};
}

// Between two of 1, 2, 5, 10, 20, ... that all values lie between; of many ticks the decades alone.
function logScale(values) {
  const positive = values.filter((value) => value > 0);
  const low = Math.min(...positive), high = Math.max(...positive);
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)) + 1; ++power) {
    all.push(...[1, 2, 5].map((factor) => Number(`${factor}e${power}`)));
  }
  const first = all.findLastIndex((value) => value <= low),
        last = all.findIndex((value, i) => value >= high && i > first);
  const inside = all.slice(first, last + 1), begin = Math.log(inside[0]), end = Math.log(inside[inside.length - 1]);
  const shown = inside.length > 7 ?
      inside.filter((value) => Number.isInteger(Math.round(1e9 * Math.log10(value)) / 1e9)) :
      inside;
  return {
    at: (value) => (Math.log(Math.max(value, inside[0])) - begin) / (end - begin),
    ticks: shown.map((value) => [value, number(value)])
  };
}
