"""Generation agrees with Transformers' `generate`, token for token, and each token's explanation with autograd on the
tokens before it."""

import numpy as np
import pytest
import torch

from oracle.random_models import DECODERS
from oracle.texts import PROSE
from support.proto import pb

LANGUAGE_MODELS = [shape.name for shape in DECODERS if shape.language_model]
PROMPT = PROSE[0][:60]
NEW_TOKENS = 64
# Beside fp64, whose tokens are the same.
GENERATED = 2e-5
SALIENCY = pb.Method(saliency=pb.Saliency())
GRADIENT_X_INPUT = pb.Method(gradient_x_input=pb.GradientXInput())


def ask(client, model, prompt=PROMPT, **given):
    return pb.GenerateRequest(model=model, input=pb.Input(text=prompt), **given)


def generate(client, request):
    """(prediction, tokens, attributions by token, summary)"""
    prediction, summary, tokens, attributions = None, None, [], {}
    for part in client.stub.Generate(request, timeout=120):
        kind = part.WhichOneof("part")
        if kind == "token":
            assert part.token.index == len(tokens)
            tokens.append(part.token)
        elif kind == "attribution":
            attributions.setdefault(part.attribution.generated_index, []).append(part.attribution)
        elif kind == "prediction":
            prediction = part.prediction
        elif kind == "summary":
            summary = part.summary
    return prediction, tokens, attributions, summary


def prompt_of(encode, model):
    return torch.tensor([encode(model, PROMPT)[0]])


@pytest.mark.parametrize("model", LANGUAGE_MODELS)
def test_greedy_tokens_are_those_of_transformers_with_cache_and_without(client, references, encode, model):
    ids = prompt_of(encode, model)
    count = min(NEW_TOKENS, references(model)[0].config.max_position_embeddings - ids.shape[1])
    _, tokens, _, summary = generate(client, ask(client, model, max_new_tokens=count, ignore_end=True))

    assert count >= 40 and summary.generation.tokens == count == len(tokens)
    single = references(model)[0].model
    for use_cache in (True, False):
        want = single.generate(ids, do_sample=False, max_new_tokens=count, min_new_tokens=count, use_cache=use_cache,
                               attention_mask=torch.ones_like(ids), pad_token_id=0, eos_token_id=None)
        assert [token.token.id for token in tokens] == want[0, ids.shape[1]:].tolist()
    logits = single(want[:, :-1]).logits[0, ids.shape[1] - 1:]
    log_probs = logits.log_softmax(-1).gather(1, want[0, ids.shape[1]:, None])[:, 0]
    np.testing.assert_allclose([token.log_prob for token in tokens], log_probs, atol=2e-4)


@pytest.mark.parametrize("model", LANGUAGE_MODELS)
def test_each_token_is_explained_by_those_before_it(client, references, encode, agreement, model):
    request = ask(client, model, max_new_tokens=12, ignore_end=True, methods=[SALIENCY, GRADIENT_X_INPUT])
    for target, contrasted in ((pb.Target(), False), (pb.Target(contrast=pb.Contrast()), True)):
        request.target.CopyFrom(target)
        _, tokens, attributions, summary = generate(client, request)

        assert summary.rows_backward == len(tokens) == len(attributions) == 12
        ids = prompt_of(encode, model)[0].tolist()
        for index, token in enumerate(tokens):
            chosen = pb.Class(index=token.token.id)
            want = references(model)[1].run(ids, [0] * len(ids), pb.Target(contrast=pb.Contrast(target=chosen))
                                            if contrasted else pb.Target(**{"class": chosen}))
            saliency, product = attributions[index]
            assert saliency.target.class_index == token.token.id
            assert saliency.target.value == pytest.approx(want.value, abs=1e-4 * want.value_scale)
            for name, got, scores, scale in (
                    ("saliency", saliency, want.saliency(), want.saliency().max()),
                    ("gradient_x_input", product, want.gradient_x_input(), want.gradient_x_input_scale())):
                wrong = agreement.check(model, f"generated token's {name}", got.scores, scores, GENERATED, scale)
                assert not wrong, wrong
            ids.append(token.token.id)


@pytest.mark.parametrize("model", ["gpt2", "llama", "qwen3"])
def test_a_given_completion_is_explained_as_a_generated_one(client, model):
    methods = [SALIENCY, pb.Method(attention_rollout=pb.AttentionRollout(query_token=1)),
               pb.Method(integrated_gradients=pb.IntegratedGradients())]
    request = ask(client, model, max_new_tokens=8, ignore_end=True, methods=methods, alternatives=3)
    _, tokens, attributions, _ = generate(client, request)
    given = pb.Completion(token_ids=pb.TokenIds(ids=[token.token.id for token in tokens]))
    _, again, of_given, summary = generate(
        client, ask(client, model, completion=given, methods=methods, explained=[0, 5]))

    assert summary.generation.finish_reason == pb.Generation.FINISH_REASON_COMPLETION
    assert [token.token.id for token in again] == [token.token.id for token in tokens]
    assert sorted(of_given) == [0, 5]
    for token, other in zip(tokens, again):
        assert token.alternatives[0].id == token.token.id and len(token.alternatives) == 3
        assert other.log_prob == pytest.approx(token.log_prob, abs=1e-4)
    for index, made in of_given.items():
        for one, other in zip(attributions[index], made, strict=True):
            np.testing.assert_allclose(other.scores, one.scores, atol=1e-4 * np.abs(one.scores).max())


@pytest.mark.parametrize("model", ["gpt2", "llama"])
def test_drawn_tokens_follow_the_seed_and_the_probabilities(client, references, encode, model):
    def drawn(seed, **given):
        sampling = pb.Sampling(temperature=given.pop("temperature", 1.0), seed=seed, **given)
        request = ask(client, model, max_new_tokens=6, ignore_end=True, sampling=sampling)
        return [token.token.id for token in generate(client, request)[1]]

    assert drawn(7) == drawn(7)
    greedy = [token.token.id for token in generate(client, ask(client, model, max_new_tokens=6, ignore_end=True))[1]]
    assert drawn(3, top_k=1) == drawn(5, top_p=1e-6) == greedy
    ids = prompt_of(encode, model)
    chances = references(model)[1].model(ids).logits[0, -1].softmax(-1).numpy()
    nucleus = np.argsort(-chances)[:1 + np.searchsorted(np.cumsum(np.sort(chances)[::-1]), 0.3)]
    assert {drawn(seed, top_p=0.3)[0] for seed in range(40)} <= set(nucleus.tolist())
    firsts = [drawn(seed)[0] for seed in range(200)]
    assert np.mean(np.log(chances[firsts])) == pytest.approx((chances * np.log(chances)).sum(), abs=0.25)


def test_sampled_tokens_are_explained_too(client, references, encode):
    request = ask(client, "gpt2", max_new_tokens=4, ignore_end=True, methods=[SALIENCY],
                  sampling=pb.Sampling(temperature=1.5, seed=11))
    _, tokens, attributions, _ = generate(client, request)

    ids = prompt_of(encode, "gpt2")[0].tolist()
    for index, token in enumerate(tokens):
        target = pb.Target(**{"class": pb.Class(index=token.token.id)})
        want = references("gpt2")[1].run(ids, [0] * len(ids), target).saliency()
        np.testing.assert_allclose(attributions[index][0].scores, want, atol=2e-5 * want.max())
        ids.append(token.token.id)


def test_texts_join_and_stop(client):
    _, tokens, _, summary = generate(client, ask(client, "gpt2", max_new_tokens=30, ignore_end=True))
    whole = summary.generation.text
    assert whole.startswith("".join(token.text for token in tokens))
    stop = whole[5:8]

    _, _, _, stopped = generate(client, ask(client, "gpt2", max_new_tokens=30, ignore_end=True, stop=[stop, "§§"]))

    assert stopped.generation.finish_reason == pb.Generation.FINISH_REASON_STOP
    assert stopped.generation.text == whole[:whole.index(stop)]
    assert summary.generation.finish_reason == pb.Generation.FINISH_REASON_LENGTH
