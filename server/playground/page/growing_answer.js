"use strict";

// An answer in the form that the report's scripts read (client/lib/json.h, page.cc), while its parts arrive.

function beginAnswer(request) {
  return {
    request,
    command: "",
    received_at: new Date().toISOString(),
    attributions: [],
    refinements: [],
    quality: [],
    attention: [],
    summary: {}
  };
}

// A refining attribution stands for its method's own until that one is there.
function addAttribution(answer, attribution) {
  const last = answer.attributions[answer.attributions.length - 1];
  if (last?.is_refining) answer.refinements.push(answer.attributions.pop());
  answer.attributions.push(attribution);
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

// The chunks of a layer follow each other: rows of a head, heads of a layer. They become the report's 16-bit shares.
function addChunk(answer, chunk) {
  let layer = answer.attention[answer.attention.length - 1];
  if (layer?.layer !== chunk.layer) {
    layer = {
      layer: chunk.layer,
      heads: [],
      mean_over_heads: chunk.mean_over_heads,
      num_keys: chunk.shape[2],
      values: new Uint16Array(0)
    };
    answer.attention.push(layer);
  }
  if (chunk.query_begin === 0) layer.heads.push(...chunk.heads);
  const shares = new Float32Array(bytesOf(chunk.data).buffer);
  const values = new Uint16Array(layer.values.length + shares.length);
  values.set(layer.values);
  shares.forEach((share, i) => values[layer.values.length + i] = Math.round(share * 65535));
  layer.values = values;
}

// The kind of the part.
function addPart(answer, part) {
  if (part.prediction) answer.prediction = part.prediction;
  if (part.attribution) addAttribution(answer, part.attribution);
  if (part.quality) answer.quality.push(part.quality);
  if (part.attention) addChunk(answer, part.attention);
  if (part.summary) answer.summary = part.summary;
  return Object.keys(part)[0];
}
