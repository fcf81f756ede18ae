"""Conditions and partial answers, from outside."""

import pytest

from support.client import Client
from support.paths import minilm
from support.proto import pb
from support.server import Server
from support.texts import LONG

DECLINED = "She has missed three payments."


def explain(text=DECLINED, model="demo", **fields):
    content = pb.Input(text=text, truncation=pb.TRUNCATION_LONGEST_FIRST)
    return pb.ExplainRequest(model=model, input=content, methods=[pb.Method(saliency=pb.Saliency())], **fields)


def test_only_what_meets_the_condition_is_explained(client):
    label = client.explain(explain()).prediction.classes
    predicted = label.labels[label.predicted_index]
    met = client.explain(explain(condition=pb.Condition(predicted=[getattr(pb, "Class")(label=predicted)])))
    unmet = client.explain(explain(condition=pb.Condition(max_probability=0.4)))

    assert met.parts == ["prediction", "attribution", "summary"] and not met.summary.condition_unmet
    assert unmet.parts == ["prediction", "summary"] and unmet.summary.condition_unmet
    assert unmet.summary.rows_backward == 0
    assert met.scores() == pytest.approx(client.explain(explain()).scores(), rel=1e-4, abs=1e-6)


def test_a_part_of_the_answer_comes_before_the_deadline():
    """A batch of half a second and more: its prediction is there long before its gradients."""
    with Server({"minilm": minilm()}, "--threads", 1, "--max-batch-tokens", 4096, "--max-queue-seconds",
                60) as server, Client(server.address) as client:
        client.explain(explain(LONG, "minilm"))
        compute = client.explain(explain(LONG, "minilm")).summary.timings.compute_ms / 1000
        # Eight of them together, half of whose time is not enough for the backward pass.
        deadline = max(0.3, compute * 8 * 0.75)
        first = client.stub.Explain(explain(LONG, "minilm"), timeout=60)
        calls = [client.stub.Explain(explain(LONG, "minilm", allow_partial=True), timeout=compute + deadline)
                 for _ in range(8)]
        list(first)
        answers = []
        for call in calls:
            try:
                answers.append(list(call)[-1].summary)
            except Exception as error:  # a forward pass that ended too late
                assert "DEADLINE" in str(error)
        print(f"{sum(a.partial for a in answers)} partial of {len(answers)} answers, {8 - len(answers)} too late")
        assert all(summary.missing_methods == [0] for summary in answers if summary.partial)


def test_bulk_requests_are_answered_too(client):
    answer = client.explain(explain(priority=pb.PRIORITY_BULK))
    assert answer.parts[-1] == "summary"
