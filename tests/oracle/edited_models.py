"""Model folders with some weights changed, made at test time from random ones."""

import shutil

import torch

from oracle import random_models
from oracle.reference import load_model


def save_edited(folder, to, edit):
    """`edit` changes the loaded model in place; the tokenizer stays."""
    model = load_model(folder)
    with torch.no_grad():
        edit(model)
    model.save_pretrained(to)
    shutil.copy(folder / "tokenizer.json", to)
    return to


def permute(model):
    """Reorders each layer's heads and the units inside its feed-forward: the same function of the input. Returns the new
    order of the heads, [L, H]."""
    heads, size = model.config.num_attention_heads, model.config.hidden_size // model.config.num_attention_heads
    random = torch.Generator().manual_seed(1)
    orders = []
    for layer in model.bert.encoder.layer:
        order = torch.arange(heads).roll(1 + len(orders) % (heads - 1))
        width = (order[:, None] * size + torch.arange(size)).flatten()
        attention = layer.attention.self
        for projection in (attention.query, attention.key, attention.value):
            _reorder(projection, rows=width)
        _reorder(layer.attention.output.dense, columns=width)
        units = torch.randperm(model.config.intermediate_size, generator=random)
        _reorder(layer.intermediate.dense, rows=units)
        _reorder(layer.output.dense, columns=units)
        orders.append(order)
    return torch.stack(orders).numpy()


def _reorder(linear, rows=None, columns=None):
    if rows is not None:
        linear.weight.copy_(linear.weight[rows])
        linear.bias.copy_(linear.bias[rows])
    if columns is not None:
        linear.weight.copy_(linear.weight[:, columns])


def make_symmetric(model):
    """Two classes of which one is the other's opposite: z1 = -z0."""
    head = model.classifier
    head.weight[1], head.bias[1] = -head.weight[0], -head.bias[0]


SHAPE = random_models.Shape("plain", layers=3, heads=5, hidden=60, intermediate=128, labels=2)
ENCODER = random_models.Shape("encoder", layers=2, heads=3, hidden=48, intermediate=64)
