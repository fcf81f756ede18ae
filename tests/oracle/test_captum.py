"""A second opinion: Captum's Saliency and InputXGradient agree too."""

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, Saliency

from oracle import methods, tolerances
from oracle.texts import PROSE
from support.proto import pb

CASES = [methods.saliency("word", "l2"), methods.saliency("word", "l1"), methods.gradient_x_input("word")]


def captum_scores(reference, ids, type_ids):
    """In the order of CASES."""
    word = reference.bert.get_input_embeddings()(torch.tensor([ids])).requires_grad_()

    def forward(embeddings):
        outputs = reference.forward(torch.tensor([type_ids]), inputs_embeds=embeddings)[0]
        return outputs.max(-1).values if reference.is_classifier else outputs.mean((1, 2))

    gradient = Saliency(forward).attribute(word, abs=False)[0]
    product = InputXGradient(forward).attribute(word)[0].detach()
    scores = [gradient.norm(dim=-1), gradient.abs().sum(-1), product.sum(-1)]
    scales = [scores[0].max(), scores[1].max(), product.abs().sum(-1).max()]
    return [s.numpy() for s in scores], [s.item() for s in scales]


@pytest.mark.parametrize("model", ["minilm", "demo", "two-classes", "three-heads"])
def test_saliency_and_gradient_x_input_agree_with_captum(client, references, encode, agreement, model):
    wrong = []
    for text in PROSE[:4]:
        ids, type_ids = encode(model, text)
        single, double = references(model)
        scores, scales = captum_scores(single, ids, type_ids)
        truth, _ = captum_scores(double, ids, type_ids)
        answer = client.explain(pb.ExplainRequest(
            model=model, input=pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST),
            methods=[case.request for case in CASES]))

        for index, case in enumerate(CASES):
            floor = np.abs(scores[index] - truth[index]).max() / scales[index]
            wrong.append(agreement.check(model, f"Captum: {case.name}", answer.scores(index), scores[index],
                                         tolerances.gradient(floor), scales[index], floor))

    wrong = [sentence for sentence in wrong if sentence]
    assert not wrong, "\n".join(wrong)
