"""What is special to language models: the mask that is asked for by itself, tokens named as classes, positions."""

import grpc
import pytest

from support.proto import pb

TEXT = "the loan was {} , income late"


def predict(client, model, text):
    return client.stub.Predict(pb.PredictRequest(model=model, input=pb.Input(text=text)), timeout=30).prediction


@pytest.mark.parametrize("model, mask", [("bert-masked", "[MASK]"), ("roberta-masked", "<mask>"),
                                         ("xlm-roberta-masked", "<mask>"), ("albert-masked", "[MASK]")])
def test_the_mask_is_what_is_asked_for(client, references, encode, model, mask):
    prediction = predict(client, model, TEXT.format(mask))

    ids, type_ids = encode(model, TEXT.format(mask))
    place = next(i for i, token in enumerate(prediction.tokens) if token.text == mask)
    want = references(model)[1].run(ids, type_ids, pb.Target(position=place)).logits
    best = want.argsort()[::-1][:10]
    assert list(prediction.classes.indices) == best.tolist()
    assert prediction.classes.logits == pytest.approx(want[best], abs=1e-4)
    assert prediction.classes.labels[0] and prediction.classes.predicted_index == 0


def test_a_masked_model_without_a_mask_wants_a_position(client):
    with pytest.raises(grpc.RpcError) as error:
        predict(client, "bert-masked", "the loan was declined")
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "target.position" in error.value.details()


def test_tokens_are_named_by_spelling_or_as_text(client):
    def target(**which):
        request = pb.ExplainRequest(model="gpt2", input=pb.Input(text="the loan"),
                                    target=pb.Target(**{"class": pb.Class(**which)}))
        return client.explain(request).prediction.target

    by_spelling, by_text = target(label="\u0120the"), target(label=" the")
    assert by_spelling == by_text == target(index=by_text.class_index)
    assert "\u0120the" in by_text.description
    with pytest.raises(grpc.RpcError) as error:
        target(label="more than one token")
    assert "must be one" in error.value.details()


def test_a_position_in_the_midst_sees_what_is_before_it(client):
    text = "the loan was declined for late pay"
    method = pb.Method(saliency=pb.Saliency())
    request = pb.ExplainRequest(model="gpt2", input=pb.Input(text=text), methods=[method], target=pb.Target(position=2))
    whole = client.explain(request)
    ids = whole.ids[:3]
    request.input.CopyFrom(pb.Input(token_ids=pb.TokenIds(ids=ids)))
    request.target.Clear()
    prefix = client.explain(request)

    assert whole.scores(0)[:3] == pytest.approx(prefix.scores(0), rel=1e-4)
    assert not whole.scores(0)[3:].any()


@pytest.mark.parametrize("model, field", [("demo", "model"), ("bert-masked", "model")])
def test_only_a_causal_language_model_generates(client, model, field):
    with pytest.raises(grpc.RpcError) as error:
        list(client.stub.Generate(pb.GenerateRequest(model=model, input=pb.Input(text="the loan")), timeout=30))
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT and error.value.details().startswith(field)


@pytest.mark.parametrize("given, field", [
    ({"max_new_tokens": 1000}, "max_new_tokens"), ({"stop": [""]}, "stop[0]"), ({"stop": ["x"] * 17}, "stop"),
    ({"sampling": pb.Sampling(temperature=-1)}, "sampling.temperature"), ({"sampling": pb.Sampling(top_k=3)}, "sampling"),
    ({"sampling": pb.Sampling(temperature=1, top_p=1.5)}, "sampling.top_p"), ({"alternatives": 21}, "alternatives"),
    ({"target": pb.Target(mean_output=pb.MeanOutput())}, "target"), ({"target": pb.Target(position=1)}, "target.position"),
    ({"explained": [2, 1]}, "explained[1]"), ({"completion": pb.Completion()}, "completion"),
    ({"completion": pb.Completion(token_ids=pb.TokenIds(ids=[99999]))}, "completion.token_ids"),
    ({"methods": [pb.Method()]}, "methods[0]")])
def test_a_bad_request_names_its_field(client, given, field):
    request = pb.GenerateRequest(model="gpt2", input=pb.Input(text="the loan"), **given)
    with pytest.raises(grpc.RpcError) as error:
        list(client.stub.Generate(request, timeout=30))
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert error.value.details().startswith(field), error.value.details()
