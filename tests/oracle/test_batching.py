"""A result does not depend on what else is in its batch."""

import numpy as np
import pytest

from oracle import methods, tolerances
from oracle.texts import PROSE
from support.proto import pb


def mixed_requests(model):
    """32 requests that differ in length, methods, attention and target."""
    requests = []
    for i in range(32):
        request = pb.ExplainRequest(
            model=model, input=pb.Input(text=PROSE[i % (len(PROSE) - 1)], truncation=pb.TRUNCATION_LONGEST_FIRST),
            methods=[case.request for case in methods.ALL[i % 4::1 + i % 5]])
        if i % 3 == 0:
            request.attention.CopyFrom(pb.AttentionSelection(layers=[-1]))
        if i % 4 == 0:
            request.target.mean_output.SetInParent()
        requests.append(request)
    return requests


def difference(agreement, model, name, together, alone):
    """Sentences for what differs more than rounding."""
    found = []
    for index in range(len(alone.attributions)):
        want = alone.scores(index)
        card = alone.attributions[index].card
        if card.method == "gradient_x_input" and card.attach_point == pb.ATTACH_POINT_EMBEDDING_SUM:
            continue  # 0 in exact arithmetic (the norm does not see its input's length): nothing to be relative to
        found.append(agreement.check(model, f"{name}: {card.method}", together.scores(index), want, tolerances.BATCH,
                                     np.abs(want).max()))
    for layer, maps in alone.attention.items():
        found.append(agreement.check(model, f"{name}: attention", together.attention[layer], maps, tolerances.BATCH))
    value = "embedding" if model == "minilm" else "logits"
    found.append(agreement.check(model, f"{name}: {value}", getattr(together, value), getattr(alone, value),
                                 tolerances.BATCH, np.abs(getattr(alone, value)).max()))
    return [sentence for sentence in found if sentence]


@pytest.mark.parametrize("model", ["minilm", "demo", "seven-classes"])
def test_a_result_in_a_mixed_batch_equals_the_result_alone(client, agreement, model):
    requests = mixed_requests(model)
    alone = [client.explain(request) for request in requests]

    together = client.explain_at_once(requests)
    by_id, failures, _ = client.explain_many({str(i): request for i, request in enumerate(requests)})

    assert not failures and len(by_id) == len(requests)
    wrong = []
    for i, single in enumerate(alone):
        wrong += difference(agreement, model, "32 streams vs alone", together[i], single)
        wrong += difference(agreement, model, "ExplainMany vs alone", by_id[str(i)], single)
    assert not wrong, "\n".join(wrong)


def test_asking_again_gives_the_same_numbers(client):
    request = mixed_requests("minilm")[5]
    first, second = client.explain(request), client.explain(request)
    for index in range(len(first.attributions)):
        np.testing.assert_array_equal(first.scores(index), second.scores(index))
