"""limpid.captum beside Captum itself over Transformers, on the demo model."""

import numpy as np
import pytest
import torch
from captum import attr
from limpid import InvalidRequest, captum
from support.paths import DEMO
from transformers import AutoModelForSequenceClassification, logging

TEXTS = ["Income is stable, but two payments were missed.", "Savings grew.", "No savings, three missed payments, one loan."]
# Of the largest magnitude; two correct fp32 programs differ by about 1e-6 (tests/oracle/tolerances.py).
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def model():
    logging.set_verbosity_error()
    loaded = AutoModelForSequenceClassification.from_pretrained(DEMO, attn_implementation="eager")
    return loaded.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def batch(client):
    """(ids, mask) [B, T], padded on the right as a Transformers tokenizer does."""
    rows = [[token.id for token in client.tokenize(text, model="demo").tokens] for text in TEXTS]
    ids, mask = (torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long) for _ in range(2))
    for i, row in enumerate(rows):
        ids[i, :len(row)], mask[i, :len(row)] = torch.tensor(row), 1
    return ids, mask


@pytest.fixture(scope="module")
def references(batch, client):
    """Ids of a baseline: [CLS] [PAD] ... [SEP] [PAD] ..."""
    ids, _ = batch
    special = torch.tensor([[token.is_special for token in client.tokenize(row.tolist(), model="demo").tokens] for row in ids])
    return torch.where(special, ids, 0)


def close(ours, theirs):
    theirs = theirs.detach().numpy()
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=0, atol=TOLERANCE * np.abs(theirs).max())


def from_ids(model):
    return lambda ids, mask: model(ids, attention_mask=mask).logits


def from_embeddings(model):
    return lambda embeddings, mask: model(inputs_embeds=embeddings, attention_mask=mask).logits



@pytest.mark.parametrize("layer", ["embeddings", "word_embeddings"])
def test_layer_integrated_gradients(server, model, batch, references, layer):
    ids, mask = batch
    module = {"embeddings": model.bert.embeddings, "word_embeddings": model.bert.embeddings.word_embeddings}[layer]
    theirs, their_delta = attr.LayerIntegratedGradients(from_ids(model), module).attribute(
        ids, references, target=1, additional_forward_args=(mask,), n_steps=20, return_convergence_delta=True)

    ours, delta = captum.LayerIntegratedGradients(server.address, layer).attribute(
        ids, references, target=1, n_steps=20, return_convergence_delta=True, attention_mask=mask)

    assert isinstance(ours, torch.Tensor) and ours.dtype == torch.float32
    close(ours, theirs.sum(-1) * mask)
    np.testing.assert_allclose(delta, their_delta, rtol=0, atol=1e-4)


def test_integrated_gradients_with_a_class_a_row_and_the_default_baseline(client, model, batch, references):
    ids, mask = batch
    target = torch.tensor([0, 1, 0])
    embed = model.bert.embeddings.word_embeddings
    theirs = attr.IntegratedGradients(from_embeddings(model)).attribute(
        embed(ids), embed(references), target=target, additional_forward_args=(mask,), n_steps=50)

    ours = captum.IntegratedGradients(client).attribute(ids.numpy(), target=target, attention_mask=mask)

    assert isinstance(ours, np.ndarray)
    close(ours, theirs.sum(-1) * mask)


@pytest.mark.parametrize("reduction, reduce", [("l1", lambda g: g.sum(-1)), ("l2", lambda g: g.norm(dim=-1)),
                                               ("mean_abs", lambda g: g.mean(-1))])
def test_saliency(client, model, batch, reduction, reduce):
    ids, mask = batch
    embeddings = model.bert.embeddings.word_embeddings(ids).requires_grad_()
    theirs = attr.Saliency(from_embeddings(model)).attribute(embeddings, target=1, additional_forward_args=(mask,))

    close(captum.Saliency(client, reduction=reduction).attribute(ids, target=1, attention_mask=mask), reduce(theirs) * mask)


def test_input_x_gradient_of_a_single_row(client, model, batch):
    row = batch[0][:1, :int(batch[1][0].sum())]
    embeddings = model.bert.embeddings.word_embeddings(row).requires_grad_()
    theirs = attr.InputXGradient(from_embeddings(model)).attribute(embeddings, target=0, additional_forward_args=(None,))

    close(captum.InputXGradient(client).attribute(row[0].tolist(), target=0), theirs.sum(-1))


def test_layer_gradient_x_activation(client, model, batch):
    ids, mask = batch
    # Captum's of layer 0's output is ours of the states that enter layer 1.
    first = attr.LayerGradientXActivation(from_ids(model), model.bert.encoder.layer[0])
    theirs = first.attribute(ids, target=1, additional_forward_args=(mask,))
    theirs = theirs[0] if isinstance(theirs, tuple) else theirs

    close(captum.LayerGradientXActivation(client, 1).attribute(ids, target=1, attention_mask=mask), theirs.sum(-1) * mask)


def test_the_integral_from_a_layer_on_is_complete(client, batch):
    ids, mask = batch
    scores, delta = captum.LayerIntegratedGradients(client, 1).attribute(ids, target=1, attention_mask=mask,
                                                                         return_convergence_delta=True)
    assert (delta.abs() <= 2e-3 * scores.abs().sum(-1)).all()


@pytest.mark.parametrize("ask, field", [
    (lambda c, ids: captum.LayerIntegratedGradients(c).attribute(ids, torch.zeros_like(ids)), "baselines"),
    (lambda c, ids: captum.LayerIntegratedGradients(c).attribute(ids, ids[:, :3]), "baselines"),
    (lambda c, ids: captum.LayerIntegratedGradients(c, 1).attribute(ids, n_steps=7), "n_steps"),
    (lambda c, ids: captum.LayerIntegratedGradients(c).attribute(ids, method="riemann_trapezoid"), "method"),
    (lambda c, ids: captum.Saliency(c).attribute(ids, abs=False), "abs"),
    (lambda c, ids: captum.Saliency(c).attribute(ids, target=[0, 1]), "target"),
    (lambda c, ids: captum.Saliency(c).attribute(ids.float()), "inputs"),
    (lambda c, ids: captum.Saliency(c, "pooler"), "layer"),
    (lambda c, ids: captum.Saliency(c).attribute(ids, attention_mask=torch.flip(torch.tril(torch.ones_like(ids)), [1])),
     "attention_mask"),
])
def test_what_is_not_computed_as_captum_would_is_refused(client, batch, ask, field):
    with pytest.raises(InvalidRequest) as caught:
        ask(client, batch[0])
    assert caught.value.fields == (field,)
