"""Generation with either client: what is written, and why each token, with a real server and a random model."""

import asyncio
import re
from contextlib import aclosing, closing

import both
import grpc
import numpy as np
import pytest
from fake import Fake, generation, serving
from limpid import (AsyncClient, Attribution, BrokenAnswer, Client, GeneratedToken, InvalidRequest, Method, Prediction,
                    QualityReport, Summary, Target, Unavailable, html)
from limpid.v1 import explain_pb2 as pb

Code = grpc.StatusCode
PROMPT = "Der Antrag <wurde> geprüft."
TOKENS = 6


@pytest.fixture(params=both.KINDS)
def caller(request, server):
    return both.Caller(request.param, server.address, model="gpt2")


@pytest.fixture(scope="module")
def written(client):
    return client.generate(PROMPT, model="gpt2", max_new_tokens=TOKENS, ignore_end=True, alternatives=3,
                           methods=["gradient_x_input", "saliency"])


def test_a_text_and_why_each_token(caller, written):
    answer = caller.generate(PROMPT, max_new_tokens=TOKENS, ignore_end=True, methods=["gradient_x_input", "saliency"])

    given = len(answer.prediction.tokens)
    assert len(answer) == TOKENS == len(list(answer)) and answer.finish_reason == "length" and answer.text == written.text
    assert answer.text.startswith("".join(token.text for token in answer))
    assert answer.log_probs.dtype == np.float32 and answer.log_probs.shape == (TOKENS,) and (answer.log_probs < 0).all()
    for token in answer:
        why = token["saliency"]
        assert why.generated_index == token.index and why.target.class_index == token.token.id
        assert why.scores.shape == (given + token.index,) and why.scores.dtype == np.float32
        assert why.source.texts == (PROMPT, "".join(before.text for before in answer.tokens[:token.index]))
        assert why.source.tokens == (*answer.prediction.tokens, *(before.token for before in answer.tokens[:token.index]))
    assert answer[3][0].method == "gradient_x_input"
    with pytest.raises(KeyError, match="the answer has gradient_x_input, saliency"):
        answer[3]["occlusion"]


def test_an_explanation_is_that_of_the_same_tokens_asked_for_by_themselves(client, written):
    token = written[4]
    ids = [one.id for one in token["saliency"].source.tokens]
    alone = client.explain(ids, model="gpt2", methods="saliency", target=token.token.id)
    np.testing.assert_allclose(token["saliency"].scores, alone[0].scores, rtol=0, atol=1e-4 * alone[0].scores.max())


def test_parts_come_in_the_order_of_the_contract(caller, written):
    parts = caller.generate_stream(PROMPT, max_new_tokens=3, ignore_end=True, methods=["saliency", "gradient_x_input"],
                                   quality={"metrics": ["sufficiency"], "replacement": "zero"}, explained=[0, 2])

    of_one = [GeneratedToken, Attribution, Attribution]
    kinds = [type(part) for part in parts]
    assert [kind for kind in kinds if kind is not QualityReport] == [Prediction, *of_one, GeneratedToken, *of_one, Summary]
    assert [part.method_index for part in parts if isinstance(part, QualityReport)] == [0, 1, 0, 1]
    tokens = [part for part in parts if isinstance(part, GeneratedToken)]
    assert [token.token.id for token in tokens] == [token.token.id for token in written.tokens[:3]]
    assert [part.generated_index for part in parts if isinstance(part, (Attribution, QualityReport))] == [0] * 4 + [2] * 4


def test_arrays_and_frames(written):
    given = len(written.prediction.tokens)
    scores = written.scores("saliency")
    assert scores.shape == (TOKENS, given + TOKENS) and scores.dtype == np.float32
    for token in written:
        np.testing.assert_array_equal(scores[token.index, :given + token.index], token["saliency"].scores)
        assert np.isnan(scores[token.index, given + token.index:]).all()

    frame = written.to_frame()
    assert list(frame.columns[:5]) == ["generated_index", "generated", "method", "piece", "score"]
    assert len(frame) == 2 * sum(given + index for index in range(TOKENS))
    rows = frame[(frame.generated_index == 3) & (frame.method == "saliency")]
    assert set(rows.generated) == {written[3].piece} and rows.score.tolist() == written[3]["saliency"].scores.tolist()
    tokens = written.tokens_to_frame()
    assert tokens.id.tolist() == [token.token.id for token in written] and (tokens.log_prob < 0).all()


def test_words_make_no_matrix(client):
    words = client.generate(PROMPT, model="gpt2", max_new_tokens=2, ignore_end=True, methods="saliency", granularity="word")
    assert words[1]["saliency"].pieces[0] == "Der"
    with pytest.raises(ValueError, match="granularity"):
        words.scores()


def test_a_completion_a_foil_and_alternatives(client, written):
    ids = [token.token.id for token in written]
    given = client.generate(PROMPT, model="gpt2", completion=ids, methods="saliency", explained=[2], alternatives=3)
    assert given.finish_reason == "completion" and [len(token.attributions) for token in given] == [0, 0, 1, 0, 0, 0]
    np.testing.assert_allclose(given.log_probs, written.log_probs, atol=1e-4)
    np.testing.assert_allclose(given[2][0].scores, written[2]["saliency"].scores, atol=1e-4)
    assert np.isnan(given.scores()[1]).all() and not np.isnan(given.scores()[2]).all()
    assert given[0].alternatives[0].id == ids[0] and len(given[0].alternatives) == 3

    foil = written[0].alternatives[1].id
    contrast = client.generate(PROMPT, model="gpt2", completion=ids[:1], methods=Method("gradient_x_input"),
                               target=Target.contrast(foil=foil))
    assert contrast[0][0].target.foil_index == foil
    assert contrast[0][0].target.value > 0, "the token has the largest logit"


def test_a_seed_draws_the_same_and_a_stop_is_left_out(client):
    def drawn(seed, **options):
        return client.generate(PROMPT, model="gpt2", max_new_tokens=12, ignore_end=True,
                               sampling={"temperature": 1.5, "seed": seed}, **options).text

    text = drawn(3)
    assert text == drawn(3) != drawn(4)
    stop = text[4:6]
    assert drawn(3, stop=stop) == text[:text.index(stop)] == drawn(3, stop=[stop, "§§"])


def test_ids_and_no_methods(client, written):
    ids = [token.id for token in written.prediction.tokens]
    answer = client.generate(ids, model="gpt2", max_new_tokens=TOKENS, ignore_end=True)
    assert answer.text == written.text and np.isnan(answer.scores()).all() and answer.to_frame().empty
    explained = client.generate(ids, model="gpt2", max_new_tokens=2, ignore_end=True, methods="saliency")
    assert explained[1][0].pieces == tuple(token.text for token in explained[1][0].source.tokens)


@pytest.mark.parametrize("options, field", [({"model": "demo"}, "model"), ({"max_new_tokens": 100_000}, "max_new_tokens"),
                                            ({"sampling": {"top_q": 1}}, "sampling.top_q"), ({"stop": ""}, "stop[0]"),
                                            ({"completion": []}, "completion")])
def test_a_wrong_option_is_named(caller, options, field):
    with pytest.raises(InvalidRequest) as caught:
        caller.generate(PROMPT, **options)
    assert caught.value.fields[0].startswith(field)


def test_one_that_is_left_early_is_cancelled_at_the_server(server, client):
    def leave():
        with closing(client.generate_stream(PROMPT, model="gpt2", ignore_end=True, methods="integrated_gradients")) as parts:
            assert isinstance(next(parts), Prediction)

    async def leave_async():
        async with AsyncClient(server.address) as other:
            stream = other.generate_stream(PROMPT, model="gpt2", ignore_end=True, methods="integrated_gradients")
            async with aclosing(stream) as parts:
                async for _ in parts:
                    break

    for how in (leave, lambda: asyncio.run(leave_async())):
        before = server.metric("limpid_dropped_total", cause="cancelled")
        how()
        for _ in range(200):
            if server.metric("limpid_dropped_total", cause="cancelled") > before:
                break
            client.predict("Savings grew.", model="demo")
        else:
            raise AssertionError("the server still works on it")


@pytest.mark.parametrize("kind", both.KINDS)
def test_a_refused_one_is_asked_again(kind):
    fake = Fake((Code.RESOURCE_EXHAUSTED, 1), (Code.UNAVAILABLE, 0))
    with serving(fake) as address:
        assert both.Caller(kind, address).generate("one two").text == "one"
    assert len(fake.asked) == 3


class Breaking(Fake):
    def Generate(self, request, context):
        self.asked.append(request.input.text)
        yield generation(request.input.text)[0]
        context.abort(Code.UNAVAILABLE, "gone")


@pytest.mark.parametrize("kind", both.KINDS)
@pytest.mark.parametrize("method", ["generate", "generate_stream"])
def test_one_that_has_begun_is_not_asked_again(kind, method):
    fake = Breaking()
    with serving(fake) as address, pytest.raises(Unavailable, match="gone"):
        getattr(both.Caller(kind, address), method)("one two")
    assert len(fake.asked) == 1


class Says(Fake):
    def Generate(self, request, context):
        yield from self.script


PREDICTION, TOKEN, SUMMARY = generation("one")
SECOND = pb.GenerateResponse(token=pb.GeneratedToken(index=2))
WHY_OF_ANOTHER = pb.GenerateResponse(attribution=pb.Attribution(generated_index=1))


@pytest.mark.parametrize("parts, words", [
    ([PREDICTION, TOKEN], "without a summary"), ([TOKEN], "begins with token"), ([PREDICTION, SUMMARY], "0 of 1 tokens"),
    ([PREDICTION, TOKEN, SECOND], "token 2 came where 1"), ([PREDICTION, TOKEN, WHY_OF_ANOTHER], "of generated token 1"),
    ([PREDICTION, TOKEN, SUMMARY], "0 attributions of 1"), ([PREDICTION, TOKEN, SUMMARY, TOKEN], "after its summary")])
def test_an_answer_that_is_not_as_promised(parts, words):
    with serving(Says(*parts)) as address, Client(address) as client, pytest.raises(BrokenAnswer, match=words):
        client.generate("one", methods="saliency")


def test_a_token_is_chosen_in_a_notebook_and_its_heatmap_is_over_all_before_it(written):
    markup = written._repr_html_()
    assert markup.count('type="radio"') == TOKENS and markup.count(" checked") == 1
    assert len(set(re.findall(r'name="([\w-]+)"', markup))) == 1
    assert set(re.findall(r'name="([\w-]+)"', markup)) != set(re.findall(r'name="([\w-]+)"', written._repr_html_())), "two cells"
    assert "<wurde>" not in markup and "choose a token" in markup and "<script" not in markup

    alone = written[4]._repr_html_()
    why = written[4]["saliency"]
    assert f"token 4, p {np.exp(written[4].log_prob):.3f}; best: " in alone
    texts = [re.sub(r"<[^>]*>", "", paragraph) for paragraph in re.findall(r"<p[^>]*>(.*?)</p>", alone, re.DOTALL)]
    assert len(texts) == 4 and "&lt;wurde&gt;" in texts[0], "of each method the input and what was generated so far"
    assert f'title="{why.pieces[0]}: {why.scores[0]:+.4g}"' in alone


def test_a_long_text_keeps_its_picture_small(written, monkeypatch):
    monkeypatch.setattr(html, "MAX_SPANS", 2 * len(written.prediction.tokens) + 1)
    markup = written._repr_html_()
    assert markup.count('type="radio"') == 1 and f"{TOKENS - 1} more have an explanation" in markup
