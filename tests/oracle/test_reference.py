"""The reference itself, without a server: against Captum, finite differences and the definitions, in fp64."""

import numpy as np
import pytest
import torch

from oracle.methods import ATTACH
from oracle.random_models import KIN
from oracle.reference import WORD, context_reader, embedding_norm, layers_of, on_call
from oracle.test_captum import captum_scores
from support.proto import pb

IDS, TYPE_IDS = [2, 7, 12, 9, 30, 3], [0, 0, 0, 0, 1, 1]
# Without ModernBERT: Transformers takes its rotation and its softmax in fp32, also of a model in fp64.
MODELS = ("two-classes", *(shape.name for shape in KIN if shape.labels and shape.family != "modernbert"))
CLASS_1 = pb.Target(**{"class": pb.Class(index=1)})
STEP = 1e-5


@pytest.fixture(scope="module", params=MODELS)
def double(references, request):
    return references(request.param)[1]


@pytest.fixture(scope="module")
def type_ids(double):
    return TYPE_IDS if getattr(double.config, "type_vocab_size", 2) > 1 else [0] * len(IDS)


@pytest.fixture(scope="module")
def passed(double, type_ids):
    return double.run(IDS, type_ids, CLASS_1)


def test_it_agrees_with_captum(double, type_ids):
    run = double.run(IDS, type_ids, pb.Target())
    (l2, l1, product), _ = captum_scores(double, IDS, type_ids)
    np.testing.assert_allclose(run.saliency(), l2, rtol=1e-12)
    np.testing.assert_allclose(run.saliency(WORD, pb.REDUCTION_L1), l1, rtol=1e-12)
    np.testing.assert_allclose(run.gradient_x_input(), product, rtol=1e-10, atol=1e-14)


def logit(double, type_ids, hook_module, change, call=0):
    """Logit of class 1 with `change` applied to what the module reads in one of its calls."""
    hook = hook_module.register_forward_pre_hook(on_call(call, lambda _, arguments: (change(arguments[0]),)))
    try:
        return double.forward(torch.tensor([type_ids]), torch.tensor([IDS])).logits[0, 1].item()
    finally:
        hook.remove()


def test_head_importance_is_the_derivative_toward_a_gate(double, type_ids, passed):
    heads, width = double.config.num_attention_heads, double.config.hidden_size // double.config.num_attention_heads
    layers = layers_of(double.bert)
    for layer_index, layer in enumerate(layers):
        call = layers[:layer_index].count(layer)
        for head in range(heads):
            def scaled(context, factor, head=head):
                gate = torch.ones(heads, dtype=context.dtype)
                gate[head] = factor
                return context * gate.repeat_interleave(width)

            dense = context_reader(layer)
            up, down = (logit(double, type_ids, dense, lambda x, f=f: scaled(x, f), call) for f in (1 + STEP, 1 - STEP))
            want = passed.head_gate_grad[layer_index, head]
            np.testing.assert_allclose((up - down) / (2 * STEP), want, rtol=1e-5, atol=1e-9)


def test_the_gradient_before_the_norm_is_a_derivative(double, type_ids, passed):
    direction = torch.randn(passed.inputs[ATTACH["sum"]].shape, dtype=torch.float64, generator=torch.manual_seed(0))
    norm = embedding_norm(double.bert)
    up, down = (logit(double, type_ids, norm, lambda x, f=f: x + f * direction) for f in (STEP, -STEP))
    want = (passed.gradients[ATTACH["sum"]] * direction.numpy()).sum()
    np.testing.assert_allclose((up - down) / (2 * STEP), want, rtol=1e-6)


def test_rollout_is_a_distribution_over_tokens(passed):
    np.testing.assert_allclose(passed.attention.sum(-1), 1, rtol=1e-12)
    row = passed.rollout(2)
    assert (row > 0).all()
    np.testing.assert_allclose(row.sum(), 1, rtol=1e-12)


def test_gradient_weighted_attention_is_the_product_of_its_layers(passed):
    """R += S R, layer by layer, is the product of (I + S)."""
    product = np.eye(len(IDS))
    for layer in range(len(passed.attention)):
        positive = np.clip(passed.attention[layer] * passed.attention_grad[layer], 0, None).mean(0)
        product = (np.eye(len(IDS)) + positive) @ product
    want = product[0].copy()
    want[0] = 0
    np.testing.assert_allclose(passed.gradient_weighted_attention(0), want, rtol=1e-12)
    np.testing.assert_allclose(passed.gradient_x_attention(0), positive[0], rtol=1e-12)
