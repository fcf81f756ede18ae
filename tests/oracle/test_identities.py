"""What must hold between methods, targets and models whatever the truth is: no outside reference is asked."""

import numpy as np
import pytest

from oracle import edited_models, methods, random_models, relevance, tolerances
from oracle.reference import Reference
from oracle.texts import PROSE
from support.client import Client
from support.proto import pb
from support.server import Server

TEXTS = sorted(PROSE, key=len)[1:7]
SHORTEST = TEXTS[:3]
ATTACH = methods.ATTACH.values()
LAYERS = [pb.Method(layer_gradient_x_activation=pb.LayerGradientXActivation(layer=layer)) for layer in (0, 1, -1)]
GRADIENT_X_INPUT = [pb.Method(gradient_x_input=pb.GradientXInput(attach_point=point)) for point in ATTACH]
LINEAR_IN_F = {
    "layer_gradient_x_activation": LAYERS,
    "occlusion": [pb.Method(occlusion=pb.Occlusion(unit=pb.GRANULARITY_WORD))],
    "sequential_integrated_gradients": [pb.Method(sequential_integrated_gradients={})],
}
LRP = [pb.Method(lrp=pb.Lrp(rule=rule, attach_point=point))
       for rule in (pb.Lrp.RULE_ATTN_LRP, pb.Lrp.RULE_CP_LRP) for point in ATTACH]
MIXING = [pb.Method(attention_flow={}), pb.Method(value_zeroing={})]
# Of one text; what a repetition, a batch or a permutation of the weights must not change.
OF_TEXT = [*LAYERS, *MIXING, *LINEAR_IN_F["occlusion"], *LINEAR_IN_F["sequential_integrated_gradients"]]


def of_class(index):
    return pb.Target(**{"class": pb.Class(index=index)})


def contrast(target, foil):
    return pb.Target(contrast=pb.Contrast(target=pb.Class(index=target), foil=pb.Class(index=foil)))


def request(model, text, asked, target=None):
    return pb.ExplainRequest(model=model, methods=asked, target=target, input=pb.Input(
        text=text, truncation=pb.TRUNCATION_LONGEST_FIRST))


def explain(client, *what):
    return client.explain(request(*what))


def all_scores(answer):
    return [answer.scores(index) for index in range(len(answer.attributions))]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """{name: folder} of a random model and what was made of it; the order of heads of `permuted`."""
    root = tmp_path_factory.mktemp("edited")
    plain = random_models.make(edited_models.SHAPE, root / "plain")
    orders = []
    return {"plain": plain,
            "permuted": edited_models.save_edited(plain, root / "permuted",
                                                  lambda model: orders.append(edited_models.permute(model))),
            "symmetric": edited_models.save_edited(plain, root / "symmetric", edited_models.make_symmetric),
            "no-biases": edited_models.save_edited(plain, root / "no-biases", relevance.without_biases),
            "encoder-no-biases": edited_models.save_edited(
                random_models.make(edited_models.ENCODER, root / "encoder"), root / "encoder-no-biases",
                relevance.without_biases)}, orders[0]


@pytest.fixture(scope="module")
def edited(folders):
    """A client of a server with these models."""
    with Server(folders[0]) as server, Client(server.address) as client:
        yield client


def check_linear(client, model, asked, classes, size):
    """`size(text, a, b)`: of the numbers that the scores of two classes are made of."""
    for text in SHORTEST:
        first, second = (all_scores(explain(client, model, text, asked, of_class(index))) for index in classes)
        both = all_scores(explain(client, model, text, asked, contrast(*classes)))
        for a, b, difference in zip(first, second, both, strict=True):
            np.testing.assert_allclose(difference, a - b, atol=1e-5 * size(text, a, b))


def size_of_scores(_, a, b):
    return (np.abs(a) + np.abs(b)).max()


@pytest.mark.parametrize("model, classes", [("demo", (0, 1)), ("seven-classes", (2, 5))])
@pytest.mark.parametrize("name", LINEAR_IN_F)
def test_a_contrast_is_the_difference_of_its_classes(client, name, model, classes):
    check_linear(client, model, LINEAR_IN_F[name], classes, size_of_scores)


@pytest.mark.parametrize("model, classes", [("demo", (0, 1)), ("seven-classes", (2, 5))])
@pytest.mark.parametrize("point", ATTACH)
def test_gradient_x_input_of_a_contrast_is_the_difference_of_its_classes(client, references, encode, point, model, classes):
    """A token's terms cancel, at the words to nearly nothing."""
    def size(text, *_):
        run = references(model)[0].run(*encode(model, text), of_class(classes[0]))
        return run.gradient_x_input_scale(point)

    asked = [pb.Method(gradient_x_input=pb.GradientXInput(attach_point=point))]
    check_linear(client, model, asked, classes, size)


@pytest.mark.parametrize("model", ["demo", "seven-classes"])
def test_relevance_of_a_contrast_is_the_difference_of_its_classes(client, needs_lrp, model):
    check_linear(client, model, LRP, (0, 1), size_of_scores)


@pytest.mark.parametrize("text", SHORTEST)
def test_a_class_that_is_another_ones_opposite_has_opposite_scores(edited, text):
    asked = [*GRADIENT_X_INPUT, *LAYERS]
    one, other, both = (explain(edited, "symmetric", text, asked, target)
                        for target in (contrast(0, 1), contrast(1, 0), of_class(0)))

    assert one.prediction.target.value == pytest.approx(2 * both.prediction.target.value, rel=1e-5)
    for a, b, half in zip(*map(all_scores, (one, other, both)), strict=True):
        scale = np.abs(a).max()
        np.testing.assert_allclose(a, -b, atol=1e-6 * scale)
        np.testing.assert_allclose(a, 2 * half, atol=1e-5 * scale)


@pytest.mark.parametrize("text", SHORTEST)
def test_unsigned_methods_do_not_see_which_way_a_symmetric_contrast_goes(edited, text):
    asked = [pb.Method(saliency={}), pb.Method(head_importance={})]
    one, other = (all_scores(explain(edited, "symmetric", text, asked, contrast(*classes)))
                  for classes in ((0, 1), (1, 0)))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6 * np.abs(a).max())


@pytest.mark.parametrize("model", ["demo", "minilm"])
def test_sequential_gradients_are_occlusion_by_the_mask(client, model):
    asked = [pb.Method(sequential_integrated_gradients={}),
             pb.Method(occlusion=pb.Occlusion(replacement=pb.REPLACEMENT_MASK))]
    for text in TEXTS:
        sequential, occlusion = all_scores(explain(client, model, text, asked))
        np.testing.assert_array_equal(sequential, occlusion)


def test_layers_begin_with_the_embedding_and_end_with_the_head(client, references, encode):
    """What enters layer 0 is the embedding's output; of the last hidden states a classifier reads the first token."""
    asked = [pb.Method(gradient_x_input=pb.GradientXInput(attach_point=pb.ATTACH_POINT_EMBEDDING_OUTPUT)), *LAYERS]
    for text in TEXTS:
        embedding, first, _, last = all_scores(explain(client, "two-classes", text, asked))
        scale = references("two-classes")[0].run(*encode("two-classes", text), pb.Target()).gradient_x_input_scale(
            pb.ATTACH_POINT_EMBEDDING_OUTPUT)
        np.testing.assert_allclose(first, embedding, atol=1e-6 * scale)
        assert last[0] != 0
        np.testing.assert_array_equal(last[1:], 0)


def test_a_word_without_biases_has_no_score_before_the_norm(edited, folders):
    """The embeddings' norm does not see a token's length, so each token's gradient is at right angles to it."""
    asked = [pb.Method(gradient_x_input={})]
    for model in ("no-biases", "encoder-no-biases"):
        reference = Reference(folders[0][model])
        for text in TEXTS:
            answer = explain(edited, model, text, asked)
            types = [0] * len(answer.ids)
            scale = reference.run(answer.ids, types, pb.Target()).gradient_x_input_scale()
            assert np.abs(answer.scores(0)).max() < 1e-5 * scale
            # It is not that nothing had a gradient.
            assert scale > 1e-4


def test_cp_relevance_without_biases_conserves_the_score(edited, needs_lrp):
    asked = [pb.Method(lrp=pb.Lrp(rule=pb.Lrp.RULE_CP_LRP, attach_point=point)) for point in ATTACH]
    for model in ("no-biases", "encoder-no-biases"):
        for text in TEXTS:
            answer = explain(edited, model, text, asked)
            for scores in all_scores(answer):
                difference = abs(scores.sum() - answer.prediction.target.value)
                assert difference < 1e-4 * np.abs(scores).sum(), (model, text)


def test_the_same_function_has_the_same_explanations(edited, folders):
    """Implementation invariance: heads and hidden units in another order."""
    models, orders = folders
    reference = Reference(models["plain"])
    for text in TEXTS:
        plain, permuted = (explain(edited, model, text, [case.request for case in methods.ALL])
                           for model in ("plain", "permuted"))
        run = reference.run(plain.ids, [0] * len(plain.ids), pb.Target())
        assert plain.prediction.target.value == pytest.approx(permuted.prediction.target.value, abs=1e-5)
        for index, case in enumerate(methods.ALL):
            want, got = plain.scores(index), permuted.scores(index)
            if case.request.HasField("head_importance"):
                want = np.take_along_axis(want, orders, axis=1)
            np.testing.assert_allclose(got, want, atol=1e-5 * case.scale(case, run), err_msg=case.name)


def test_the_same_function_has_the_same_explanations_by_many_rows(edited):
    for text in SHORTEST:
        plain, permuted = (explain(edited, model, text, OF_TEXT) for model in ("plain", "permuted"))
        value = abs(plain.prediction.target.value)
        for want, got in zip(all_scores(plain), all_scores(permuted), strict=True):
            np.testing.assert_allclose(got, want, atol=1e-5 * max(np.abs(want).max(), value))


def test_permuting_the_model_does_change_its_heads(edited):
    """That the two tests above compare models that differ."""
    plain, permuted = (explain(edited, model, TEXTS[1], [pb.Method(head_importance={})])
                       for model in ("plain", "permuted"))
    assert np.abs(plain.scores(0) - permuted.scores(0)).max() > 0.1 * plain.scores(0).max()


@pytest.mark.parametrize("model", ["demo", "minilm"])
def test_asking_again_gives_the_same_numbers(client, model):
    first, second = (all_scores(explain(client, model, TEXTS[3], OF_TEXT)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("model", ["demo", "minilm"])
def test_the_same_alone_and_beside_others(client, model):
    alone = {text: explain(client, model, text, OF_TEXT) for text in TEXTS}

    together, failures, _ = client.explain_many({text: request(model, text, OF_TEXT) for text in TEXTS})

    assert not failures
    for text, want in alone.items():
        value = abs(want.prediction.target.value)
        for index, a in enumerate(all_scores(want)):
            np.testing.assert_allclose(together[text].scores(index), a,
                                       atol=tolerances.BATCH * max(np.abs(a).max(), value), err_msg=text)


def test_interactions_do_not_depend_on_which_text_comes_first(client):
    ask = lambda text, other: client.explain(request("minilm", text, [pb.Method(token_interactions={})],
                                                     pb.Target(similarity=pb.Similarity(text=other))))
    there, back = ask(TEXTS[1], TEXTS[4]), ask(TEXTS[4], TEXTS[1])

    shape = len(there.ids), len(back.ids)
    a, b = (np.array(answer.attributions[0].matrix.values) for answer in (there, back))
    np.testing.assert_allclose(a.reshape(shape), b.reshape(shape[::-1]).T, atol=1e-6)
