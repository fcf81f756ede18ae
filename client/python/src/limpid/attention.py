"""Attention maps: the chunks of a stream become arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from limpid.errors import BrokenAnswer
from limpid.v1 import explain_pb2 as pb

_DTYPES: dict[int, str] = {pb.ENCODING_FLOAT32: "<f4", pb.ENCODING_FLOAT16: "<f2"}


@dataclass(frozen=True, eq=False)
class Attention:
    """Probabilities, float32 or float16.

    values: [L, H, T, K]: layer, head, query, key. K is T, or with top_k the largest min(top_k, T), largest first.
    keys: [L, H, T, K] uint16, with top_k: the tokens that `values` look at; else None.
    layers, heads: which, as the model counts them. mean_over_heads: H is 1, the mean over `heads`.
    """

    layers: tuple[int, ...]
    heads: tuple[int, ...]
    mean_over_heads: bool
    values: npt.NDArray[np.floating[Any]]
    keys: npt.NDArray[np.uint16] | None

    def dense(self) -> npt.NDArray[np.floating[Any]]:
        """[L, H, T, T]; with top_k, 0 where nothing came."""
        if self.keys is None:
            return self.values
        tokens = self.values.shape[2]
        whole = np.zeros((*self.values.shape[:3], tokens), self.values.dtype)
        np.put_along_axis(whole, self.keys.astype(np.intp), self.values, -1)
        return whole

    def __repr__(self) -> str:
        what = "mean over heads" if self.mean_over_heads else f"{len(self.heads)} heads"
        return f"<Attention {list(self.values.shape)} {self.values.dtype}, layers {list(self.layers)}, {what}>"


@dataclass(frozen=True, eq=False)
class AttentionChunk:
    """A part of the maps as it comes: query rows from `query_begin` of `heads` of one layer.

    values: [H, Q, K]; keys as in Attention. It is chunk `chunk_index` of `chunk_count`.
    """

    layer: int
    heads: tuple[int, ...]
    mean_over_heads: bool
    query_begin: int
    values: npt.NDArray[np.floating[Any]]
    keys: npt.NDArray[np.uint16] | None
    chunk_index: int
    chunk_count: int

    @classmethod
    def read(cls, chunk: pb.AttentionChunk) -> AttentionChunk:
        dtype, shape = _DTYPES.get(chunk.encoding), tuple(chunk.shape)
        try:
            if dtype is None or len(shape) != 3:
                raise ValueError(f"encoding {chunk.encoding}, shape {shape}")
            values = np.frombuffer(chunk.data, dtype).reshape(shape)
            keys = np.frombuffer(chunk.key_positions, "<u2").reshape(shape) if chunk.key_positions else None
        except ValueError as error:
            raise BrokenAnswer(f"attention chunk {chunk.chunk_index} of the answer cannot be read: {error}") from error
        return cls(chunk.layer, tuple(chunk.heads), chunk.mean_over_heads, chunk.query_begin, values, keys,
                   chunk.chunk_index, chunk.chunk_count)


def join(chunks: list[AttentionChunk], num_tokens: int) -> Attention | None:
    """The layers of which every chunk came; None if there is none. Chunks come in order of (layer, head, query), so that
    their payloads simply follow each other."""
    by_layer: dict[int, list[AttentionChunk]] = {}
    for chunk in chunks:
        by_layer.setdefault(chunk.layer, []).append(chunk)
    heads = {layer: _heads(some) for layer, some in by_layer.items()}
    rows = {layer: sum(c.values.shape[0] * c.values.shape[1] for c in some) for layer, some in by_layer.items()}
    if not by_layer:
        return None
    mean = chunks[0].mean_over_heads
    # Layers have the same heads; of a partial answer the last one may lack some.
    wanted = heads[chunks[0].layer]
    whole = (1 if mean else len(wanted)) * num_tokens
    layers = [layer for layer in by_layer if heads[layer] == wanted and rows[layer] == whole]
    if not layers:
        return None
    kept = [chunk for layer in layers for chunk in by_layer[layer]]
    shape = (len(layers), -1, num_tokens, kept[0].values.shape[2])
    has_keys = kept[0].keys is not None
    return Attention(tuple(layers), wanted, mean, _joined([c.values for c in kept], shape),
                     _joined([c.keys for c in kept if c.keys is not None], shape) if has_keys else None)


def _heads(chunks: list[AttentionChunk]) -> tuple[int, ...]:
    """In their order. A long text's head comes in several chunks."""
    return tuple(dict.fromkeys(head for chunk in chunks for head in chunk.heads))


def _joined(arrays: list[npt.NDArray[Any]], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    try:
        return np.concatenate([array.reshape(-1, array.shape[2]) for array in arrays]).reshape(shape)
    except ValueError as error:
        raise BrokenAnswer(f"the attention chunks of the answer do not fit together: {error}") from error
