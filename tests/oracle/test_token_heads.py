"""What is special to models that label tokens and models that answer questions: which token, which answer, what is refused."""

import grpc
import numpy as np
import pytest

from support.proto import pb

QUESTION, PASSAGE = "who pay late", "the loan was approved , income steady , my dog is cute and late is the pay"
TEXT = "hello , the loan was declined , my income is late"


def explain(client, model, text=TEXT, pair=None, **rest):
    sent = pb.Input(text=text) if pair is None else pb.Input(text=text, text_pair=pair)
    return client.explain(pb.ExplainRequest(model=model, input=sent, **rest))


def softmax(logits):
    shares = np.exp(logits - logits.max(-1, keepdims=True))
    return shares / shares.sum(-1, keepdims=True)


@pytest.mark.parametrize("model", ["bert-tokens", "gpt2-tokens", "modernbert-tokens"])
def test_the_token_of_the_surest_label_is_explained(client, model):
    answer = explain(client, model, methods=[pb.Method(saliency=pb.Saliency())])
    prediction = answer.prediction
    classes = prediction.token_classes
    shares = softmax(np.reshape(classes.logits, (len(prediction.tokens), -1)))
    labels = prediction.classes.labels
    named = [i for i, token in enumerate(prediction.tokens)
             if not token.is_special and labels[classes.predicted_indices[i]] != "O"]
    assert named, "the random model must label something, or this test shows nothing"

    chosen = max(named, key=lambda i: shares[i].max())
    assert (prediction.target.begin_token, prediction.target.end_token) == (chosen, chosen + 1)
    assert prediction.classes.predicted_index == classes.predicted_indices[chosen]
    np.testing.assert_allclose(prediction.classes.probabilities, shares[chosen], rtol=1e-4)
    assert prediction.target.description.endswith(f"at token {chosen}")


@pytest.mark.parametrize("model, pair", [("bert-answers", PASSAGE), ("roberta-answers", PASSAGE), ("gpt2-answers", None)])
def test_the_answer_is_the_best_range_of_the_passage(client, model, pair):
    prediction = explain(client, model, QUESTION if pair else PASSAGE, pair).prediction
    answer = prediction.answer
    begins, ends = np.array(answer.begin_logits), np.array(answer.end_logits)
    may = [i for i, token in enumerate(prediction.tokens)
           if not token.is_special and (pair is None or token.sequence == 1)]

    scores = {(i, j + 1): begins[i] + ends[j] for i in may for j in may if i <= j < i + 30}
    assert (answer.begin_token, answer.end_token) == max(scores, key=scores.get)
    assert prediction.target.value == pytest.approx(max(scores.values()), rel=1e-5)
    assert answer.probability == pytest.approx(
        softmax(begins)[answer.begin_token] * softmax(ends)[answer.end_token - 1], rel=1e-4)
    said = PASSAGE[answer.begin_char:answer.end_char]
    assert said and prediction.tokens[answer.begin_token].begin_char == answer.begin_char


@pytest.mark.parametrize("replacement", [pb.REPLACEMENT_MASK, pb.REPLACEMENT_DELETE])
@pytest.mark.parametrize("model, target", [
    ("bert-tokens", pb.Target(position=4, **{"class": pb.Class(index=1)})),
    ("bert-answers", pb.Target(answer=pb.Answer(begin_token=4, end_token=6)))])
def test_occlusion_is_the_difference_of_two_predictions(client, model, target, replacement):
    method = pb.Method(occlusion=pb.Occlusion(replacement=replacement))
    answer = explain(client, model, target=target, methods=[method])
    mask = next(token.id for token in explain(client, model, "[MASK]").prediction.tokens if token.text == "[MASK]")

    for place in (1, 4, 5, len(answer.ids) - 2):
        ids, moved = list(answer.ids), pb.Target()
        moved.CopyFrom(target)
        if replacement == pb.REPLACEMENT_MASK:
            ids[place] = mask
        else:
            del ids[place]
            # The token that is meant, or the last before it that is left.
            shift = lambda token: token - (place <= token)
            if target.HasField("position"):
                moved.position = shift(target.position)
            else:
                moved.answer.begin_token = shift(target.answer.begin_token)
                moved.answer.end_token = shift(target.answer.end_token - 1) + 1
        without = client.explain(pb.ExplainRequest(
            model=model, input=pb.Input(token_ids=pb.TokenIds(ids=ids)), target=moved)).prediction.target.value
        assert answer.scores(0)[place] == pytest.approx(answer.prediction.target.value - without, abs=2e-5)


@pytest.mark.parametrize("model, target, said", [
    ("bert-answers", pb.Target(position=1), "target.position"),
    ("bert-answers", pb.Target(**{"class": pb.Class(index=1)}), "answers questions"),
    ("bert-answers", pb.Target(mean_output=pb.MeanOutput()), "target.mean_output"),
    ("bert-answers", pb.Target(answer=pb.Answer(begin_token=1)), "begin_token and end_token"),
    ("bert-answers", pb.Target(answer=pb.Answer(begin_token=3, end_token=3)), "must be below end_token"),
    ("bert-answers", pb.Target(answer=pb.Answer(begin_token=3, end_token=99)), "target.answer.end_token: is 99"),
    ("bert-tokens", pb.Target(position=99), "target.position: is 99"),
    ("bert-tokens", pb.Target(mean_output=pb.MeanOutput()), "target.mean_output"),
    ("bert-tokens", pb.Target(answer=pb.Answer()), "target.answer"),
    ("two-classes", pb.Target(answer=pb.Answer()), "target.answer"),
])
def test_a_target_of_another_kind_is_refused_by_name(client, model, target, said):
    with pytest.raises(grpc.RpcError) as error:
        explain(client, model, target=target)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert said in error.value.details()
