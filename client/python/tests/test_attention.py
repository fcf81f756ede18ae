"""Maps in every form are the same maps."""

import numpy as np
import pytest
from limpid import BrokenAnswer
from limpid.attention import AttentionChunk, join


def maps(client, text, **selection):
    return client.explain(text, model="demo", attention=selection).attention


def test_selected_layers_and_heads_are_those_of_the_whole(client, text):
    whole, some = maps(client, text), maps(client, text, layers=[-1], heads=[3, 0])
    np.testing.assert_allclose(whole.values.sum(-1), 1, rtol=0, atol=1e-5)
    assert (some.layers, some.heads) == ((1,), (3, 0))
    np.testing.assert_allclose(some.values, whole.values[[1]][:, [3, 0]], rtol=0, atol=1e-6)


def test_half_precision(client, text):
    half = maps(client, text, encoding="float16")
    assert half.values.dtype == np.float16
    np.testing.assert_allclose(half.values, maps(client, text).values, rtol=0, atol=1e-3)


def test_mean_over_heads(client, text):
    mean = maps(client, text, mean_over_heads=True)
    assert mean.mean_over_heads and mean.heads == (0, 1, 2, 3)
    np.testing.assert_allclose(mean.values, maps(client, text).values.mean(1, keepdims=True), rtol=0, atol=1e-6)


@pytest.mark.parametrize("encoding, tolerance", [("float32", 1e-6), ("float16", 1e-3)])
def test_the_largest_keys_at_their_places(client, text, encoding, tolerance):
    largest, whole = maps(client, text, top_k=3, encoding=encoding), maps(client, text).values
    tokens = whole.shape[-1]
    assert largest.values.shape == largest.keys.shape == (2, 4, tokens, 3)

    dense = largest.dense()
    kept = np.sort(whole, -1)[..., -3:].sum(-1)
    np.testing.assert_allclose(dense.sum(-1), kept, rtol=0, atol=3 * tolerance)
    np.testing.assert_allclose(dense[dense > 0], whole[dense > 0], rtol=0, atol=tolerance)


def chunk(layer, head, begin, rows, index, count=4):
    values = np.full((1, rows, 3), layer + head / 10 + begin / 100, np.float32)
    return AttentionChunk(layer, (head,), False, begin, values, None, index, count)


def test_a_head_in_several_chunks():
    chunks = [chunk(4, 7, 0, 2, 0), chunk(4, 7, 2, 1, 1), chunk(5, 7, 0, 2, 2), chunk(5, 7, 2, 1, 3)]
    joined = join(chunks, 3)
    assert (joined.layers, joined.heads, joined.values.shape) == ((4, 5), (7,), (2, 1, 3, 3))
    np.testing.assert_allclose(joined.values[1, 0, :, 0], [5.7, 5.7, 5.72])


def test_a_layer_of_which_a_part_is_missing_is_left_out():
    chunks = [chunk(4, 7, 0, 2, 0), chunk(4, 7, 2, 1, 1), chunk(5, 7, 0, 2, 2)]
    assert join(chunks, 3).layers == (4,)
    assert join(chunks[2:], 3) is None


def test_chunks_that_do_not_fit_are_a_broken_answer():
    other = AttentionChunk(4, (7,), False, 2, np.zeros((1, 1, 2), np.float32), None, 1, 2)
    with pytest.raises(BrokenAnswer):
        join([chunk(4, 7, 0, 2, 0), other], 3)
