"""AttnLRP (Achtibat et al. 2024) and CP-LRP (Ali et al. 2022) as gradient x input with three local edits, by hooks."""

import contextlib

import torch

from oracle.reference import WORD


def _slope(activation, z):
    """f(z) / z, and its limit at 0."""
    tiny = torch.full_like(z, 1e-4)
    limit = (activation(tiny) - activation(-tiny)) / (2 * tiny)
    return torch.where(z == 0, limit, activation(z) / torch.where(z == 0, torch.ones_like(z), z))


def _normalize(norm, given, _):
    x = given[0]
    spread = (x.var(-1, correction=0, keepdim=True) + norm.eps).sqrt().detach()
    return (x - x.mean(-1, keepdim=True)) / spread * norm.weight + norm.bias


def _scaled(part):
    """Lets a part of the gradient through."""
    return lambda _, __, made: made * part + made.detach() * (1 - part)


class _Activation:
    """f(z) / z held constant."""

    def __init__(self, activation):
        self.activation = activation

    def __call__(self, _, given, __):
        z = given[0]
        return z * _slope(self.activation, z).detach()


@contextlib.contextmanager
def _edits(bert, rule):
    query_key, value = {"attn": (0.25, 0.5), "cp": (0.0, 1.0)}[rule]
    hooks = []

    def edit(module, change):
        hooks.append(module.register_forward_hook(change))

    for module in bert.modules():
        if isinstance(module, torch.nn.LayerNorm):
            edit(module, _normalize)
    for layer in bert.encoder.layer:
        attention = layer.attention.self
        for projection, part in ((attention.query, query_key), (attention.key, query_key), (attention.value, value)):
            edit(projection, _scaled(part))
        edit(layer.intermediate.intermediate_act_fn, _Activation(layer.intermediate.intermediate_act_fn.forward))
    if bert.pooler is not None:
        edit(bert.pooler.activation, _Activation(torch.tanh))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def relevance(scalar, rule, place=WORD):
    """[T]; rule is attn or cp."""
    x = scalar.at(place)
    with _edits(scalar.bert, rule):
        return (x * scalar.gradients(place, x[None])[0]).sum(-1)


def without_biases(model):
    """Zeroes what adds to a text's own numbers: biases, position and segment embeddings. CP-LRP then conserves F."""
    for name, weight in model.named_parameters():
        if name.endswith("bias") or "position_embeddings" in name or "token_type_embeddings" in name:
            weight.zero_()
    return model
