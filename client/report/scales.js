"use strict";

// Axes of charts: {at: a value's place from 0 to 1, ticks: [[value, label], ...]}.

// From 0 to a round number that all values lie below.
function linearScale(values) {
  const most = Math.max(...values, 1e-9);
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [0.2, 0.5, 1, 2].map((factor) => factor * power).find((size) => most / size <= 5);
  const ticks = Array.from({length: Math.ceil(most / step) + 1}, (_, i) => i * step);
  const end = ticks[ticks.length - 1];
  return {at: (value) => value / end, ticks: ticks.map((value) => [value, number(value)])};
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
