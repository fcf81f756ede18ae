"use strict";

// Maps are 16-bit parts of 1. In a file they are in Base64, and are unpacked when first looked at.

function unpack(packed) {
  if (packed instanceof Uint16Array) return packed;
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  return new Uint16Array(bytes.buffer);
}

// [{layer, maps: [{head, name, rows()}, ...]}, ...]; rows() is [T * T], queries first.
function attentionMaps(answer) {
  const size = answer.prediction.tokens.length;
  return answer.attention.map((packed) => {
    let values = null, positions = null;
    const rowsOf = (map) => {
      values ??= unpack(packed.values);
      if (!packed.key_positions)
        return Float32Array.from(values.subarray(map * size * size, (map + 1) * size * size), (part) => part / 65535);
      positions ??= unpack(packed.key_positions);
      const rows = new Float32Array(size * size), keys = packed.num_keys;
      for (let i = 0; i < size * keys; ++i) {
        const at = map * size * keys + i;
        rows[Math.floor(i / keys) * size + positions[at]] = values[at] / 65535;
      }
      return rows;
    };
    const names = packed.mean_over_heads ? [`mean of ${count(packed.heads.length, "head")}`] :
                                           packed.heads.map((head) => `head ${head}`);
    return {
      layer: packed.layer,
      maps: names.map((name, i) => ({layer: packed.layer, name, rows: remembered(() => rowsOf(i))}))
    };
  });
}

function remembered(compute) {
  let value = null;
  return () => value ??= compute();
}

// A map as picture, the more colour the more; small weights are lifted by a square root. At most `limit` pixels wide:
// of those that share a pixel the largest counts.
function paintMap(canvas, rows, size, limit) {
  const pixels = Math.min(size, limit), [red, green, blue] = inkOf(canvas);
  canvas.width = canvas.height = pixels;
  const largest = new Float32Array(pixels * pixels);
  for (let query = 0; query < size; ++query) {
    for (let key = 0; key < size; ++key) {
      const at = Math.floor(query * pixels / size) * pixels + Math.floor(key * pixels / size);
      largest[at] = Math.max(largest[at], rows[query * size + key]);
    }
  }
  const context = canvas.getContext("2d"), image = context.createImageData(pixels, pixels);
  largest.forEach((weight, i) => image.data.set([red, green, blue, 255 * Math.sqrt(weight)], 4 * i));
  context.putImageData(image, 0, 0);
}
