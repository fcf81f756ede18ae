"""How tokens mix inside the model: attention flow, value zeroing; and why two texts are similar."""

import networkx
import numpy as np
import torch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from oracle.scalar import Layer

FLOW_UNITS = 2**30  # SciPy counts in 32 bits


def mixing_matrices(attention):
    """Rollout's: rows of (mean over heads + I) scaled to sum 1. [L, T, T]"""
    mixed = attention.mean(1) + np.eye(attention.shape[-1])
    return mixed / mixed.sum(-1, keepdims=True)


def flow_network(matrices):
    """Directed graph from tokens (0, j) to (L, i); an edge carries at most the mixing weight."""
    graph = networkx.DiGraph()
    for layer, matrix in enumerate(matrices):
        for (i, j), weight in np.ndenumerate(matrix):
            graph.add_edge((layer, j), (layer + 1, i), capacity=float(weight))
    return graph


def attention_flow(attention, query=0):
    """[T] (Abnar & Zuidema 2020). By SciPy in whole numbers, for NetworkX is a hundred times slower; its cuts check it."""
    matrices = mixing_matrices(attention)
    layers, tokens, _ = matrices.shape
    layer, i, j = np.indices(matrices.shape).reshape(3, -1)
    capacities = np.rint(matrices.ravel() * FLOW_UNITS).astype(np.int32)
    graph = csr_array((capacities, (layer * tokens + j, (layer + 1) * tokens + i)), shape=((layers + 1) * tokens,) * 2)
    sink = layers * tokens + query
    return np.array([maximum_flow(graph, source, sink).flow_value for source in range(tokens)]) / FLOW_UNITS


def _cosine_distance(first, second):
    """1 - cos as half the squared distance of the directions: the cosine is so near 1 that fp32 would leave two digits."""
    directions = (torch.nn.functional.normalize(each, dim=-1) for each in (first, second))
    return (next(directions) - next(directions)).square().sum(-1) / 2


@torch.no_grad()
def value_zeroing_maps(scalar):
    """[L, T, T] (Mohebbi et al. 2023): 1 - cos(output i of a layer, the same with the value of token j zero); rows sum 1."""
    maps = []
    for index, layer in enumerate(scalar.bert.encoder.layer):
        hidden = scalar.at(Layer(index))
        count = len(hidden)
        hook = layer.attention.self.value.register_forward_hook(
            lambda _, __, value: value * (1 - torch.eye(count, dtype=value.dtype))[..., None])
        try:
            changed = layer(hidden.expand(count, -1, -1))
        finally:
            hook.remove()
        distance = _cosine_distance(changed, scalar.at(Layer(index + 1))).T
        maps.append(distance / distance.sum(-1, keepdim=True))
    return torch.stack(maps)


def value_zeroing(maps, query=0):
    """[T] the query's row of the product of all layers."""
    row = maps[-1][query]
    for matrix in reversed(maps[:-1]):
        row = row @ matrix
    return row


def token_interactions(first, second):
    """[T_a, T_b] of last hidden states [T_a, d] and [T_b, d]; sums to the cosine of the mean-pooled embeddings."""
    lengths = first.mean(0).norm() * second.mean(0).norm()
    return first @ second.T / (len(first) * len(second) * lengths)

