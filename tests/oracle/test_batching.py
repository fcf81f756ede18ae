"""A result does not depend on what else is in its batch."""

import numpy as np
import pytest

from oracle import methods, tolerances
from oracle.texts import PROSE
from support.proto import pb


def mixed_requests(model):
    """32 requests that differ in length, methods, attention and target: [(request, its methods)]"""
    requests = []
    for i in range(32):
        cases = methods.ALL[i % 4::1 + i % 5]
        request = pb.ExplainRequest(
            model=model, input=pb.Input(text=PROSE[i % (len(PROSE) - 1)], truncation=pb.TRUNCATION_LONGEST_FIRST),
            methods=[case.request for case in cases])
        if i % 3 == 0:
            request.attention.CopyFrom(pb.AttentionSelection(layers=[-1]))
        if i % 4 == 0:
            request.target.mean_output.SetInParent()
        requests.append((request, cases))
    return requests


@pytest.fixture
def difference(agreement, references, encode):
    """difference(name, request, cases, together, alone): sentences for what differs more than rounding."""
    def find(name, request, cases, together, alone):
        model = request.model
        run = references(model)[0].run(*encode(model, request.input.text), request.target)
        found = []
        for index, case in enumerate(cases):
            found.append(agreement.check(model, f"{name}: {alone.attributions[index].card.method}",
                                         together.scores(index), alone.scores(index), tolerances.BATCH,
                                         case.scale(case, run)))
        for layer, maps in alone.attention.items():
            got = together.attention[layer]
            found.append(agreement.check(model, f"{name}: attention", got, maps, tolerances.BATCH))
        value = "embedding" if model == "minilm" else "logits"
        found.append(agreement.check(model, f"{name}: {value}", getattr(together, value), getattr(alone, value),
                                     tolerances.BATCH, np.abs(getattr(alone, value)).max()))
        return [sentence for sentence in found if sentence]

    return find


@pytest.mark.parametrize("model", ["minilm", "demo", "seven-classes"])
def test_a_result_in_a_mixed_batch_equals_the_result_alone(client, difference, model):
    mixed = mixed_requests(model)
    requests = [request for request, _ in mixed]
    alone = [client.explain(request) for request in requests]

    together = client.explain_at_once(requests)
    by_id, failures, _ = client.explain_many({str(i): request for i, request in enumerate(requests)})

    assert not failures and len(by_id) == len(requests)
    wrong = []
    for i, (request, cases) in enumerate(mixed):
        wrong += difference("32 streams vs alone", request, cases, together[i], alone[i])
        wrong += difference("ExplainMany vs alone", request, cases, by_id[str(i)], alone[i])
    assert not wrong, "\n".join(wrong)


def test_asking_again_gives_the_same_numbers(client):
    request = mixed_requests("minilm")[5][0]
    first, second = client.explain(request), client.explain(request)
    for index in range(len(first.attributions)):
        np.testing.assert_array_equal(first.scores(index), second.scores(index))
