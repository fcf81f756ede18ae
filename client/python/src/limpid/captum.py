"""Captum's call shape over a Limpid server: `attribute(inputs, target=..., baselines=..., n_steps=...)`.

    from limpid.captum import LayerIntegratedGradients
    lig = LayerIntegratedGradients(client, "embeddings")        # Captum: (forward_func, model.bert.embeddings)
    scores, delta = lig.attribute(input_ids, baselines=reference_ids, target=1, return_convergence_delta=True)

Inputs are token ids [B, T] or [T], of NumPy, PyTorch (any device) or lists. What differs from Captum:

* Attributions are [B, T], float32: what its users make of [B, T, d] by `.sum(dim=-1)` (of Saliency also by a norm, see
  `reduction`). The width is contracted at the server; [B, T, d] is not sent.
* The forward function is the model that the server holds; the target is a logit. None is the predicted class of a
  classifier, where Captum wants one named, and the mean output of a model without a head.
* Ids have the mask and the segments as keyword arguments (`attention_mask`, `token_type_ids`), in place of
  `additional_forward_args`. Masked tokens are left out at the end of a row, and score 0.
* Special tokens ([CLS], [SEP]) keep their own embedding in a baseline: one that changes them is refused, not altered.
  So the default baseline, [PAD], is that of Captum's tutorial and not Captum's own default (id 0 for all tokens).
* Rows are batched by the server: `internal_batch_size` is taken and has no effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from limpid.client import Client
from limpid.fill import invalid
from limpid.requests import ExplainItem, Method
from limpid.predictions import Floats
from limpid.results import Explanation

# A torch.Tensor comes back as one.
Array: TypeAlias = Any
Ids: TypeAlias = npt.NDArray[np.int64]

_ATTACH_POINTS = {"word_embeddings": "word_embedding", "embedding_sum": "embedding_sum", "embeddings": "embedding_output"}


class _Attribution:
    """client: a Client, or the address of a server."""

    def __init__(self, client: Client | str) -> None:
        self._client = Client(client) if isinstance(client, str) else client

    def _explain(self, inputs: Array, target: Any, methods: Sequence[Method] | Method, attention_mask: Array | None,
                 token_type_ids: Array | None) -> list[Explanation]:
        """`methods`: one for all rows, or one a row."""
        ids, types = _matrix(inputs), None if token_type_ids is None else _matrix(token_type_ids)
        lengths = _lengths(ids, attention_mask)
        targets = _targets(target, len(ids))
        items: list[ExplainItem] = []
        for row, length in enumerate(lengths):
            item: ExplainItem = {"text": ids[row, :length].tolist(),
                                 "methods": methods if isinstance(methods, Method) else methods[row]}
            if types is not None:
                item["type_ids"] = types[row, :length].tolist()
            if targets[row] is not None:
                item["target"] = int(targets[row])
            items.append(item)
        return list(self._client.explain_many(items))


class _Gradient(_Attribution):
    """layer: where the derivative is taken: "word_embeddings", "embedding_sum" (before the norm) or "embeddings" (behind
    it, Captum's model.bert.embeddings)."""

    def __init__(self, client: Client | str, layer: str = "word_embeddings") -> None:
        super().__init__(client)
        self._attach_point = _attach_point(layer)


class Saliency(_Gradient):
    """The size of the gradient. reduction: "l1" (the sum of Captum's absolute values), "l2" (the norm) or "mean_abs"."""

    def __init__(self, client: Client | str, layer: str = "word_embeddings", *, reduction: str = "l1") -> None:
        super().__init__(client, layer)
        self._reduction = reduction

    def attribute(self, inputs: Array, target: Any = None, abs: bool = True, *, attention_mask: Array | None = None,
                  token_type_ids: Array | None = None) -> Array:
        """[B, T]. abs=False is refused: a gradient's sum over the width says nothing."""
        if not abs:
            raise invalid("abs", "only sizes of gradients are computed; InputXGradient has a sign")
        method = Method("saliency", attach_point=self._attach_point, reduction=self._reduction)
        return _scores(inputs, self._explain(inputs, target, method, attention_mask, token_type_ids))


class InputXGradient(_Gradient):
    """Input times gradient, summed over the width."""

    def attribute(self, inputs: Array, target: Any = None, *, attention_mask: Array | None = None,
                  token_type_ids: Array | None = None) -> Array:
        """[B, T]"""
        method = Method("gradient_x_input", attach_point=self._attach_point)
        return _scores(inputs, self._explain(inputs, target, method, attention_mask, token_type_ids))


class LayerGradientXActivation(_Attribution):
    """Of the hidden states that enter a layer; 0-based, negative counts from the end, -1 being the last hidden states."""

    def __init__(self, client: Client | str, layer: int) -> None:
        super().__init__(client)
        self._layer = layer

    def attribute(self, inputs: Array, target: Any = None, *, attention_mask: Array | None = None,
                  token_type_ids: Array | None = None) -> Array:
        """[B, T]"""
        method = Method("layer_gradient_x_activation", layer=self._layer)
        return _scores(inputs, self._explain(inputs, target, method, attention_mask, token_type_ids))


class LayerIntegratedGradients(_Attribution):
    """layer: as of Saliency, "embeddings" being Captum's model.bert.embeddings; or the number of a layer, from whose hidden
    states the integral then is, with as many steps as its tolerance needs (n_steps is not taken)."""

    def __init__(self, client: Client | str, layer: str | int = "embeddings") -> None:
        super().__init__(client)
        self._layer = layer if isinstance(layer, int) else None
        self._attach_point = "" if isinstance(layer, int) else _attach_point(layer)

    def attribute(self, inputs: Array, baselines: Array | None = None, target: Any = None, *,
                  n_steps: int | None = None, method: str = "gausslegendre", internal_batch_size: int | None = None,
                  return_convergence_delta: bool = False, attention_mask: Array | None = None,
                  token_type_ids: Array | None = None) -> Array | tuple[Array, Array]:
        """[B, T], and with return_convergence_delta (attributions, [B]): their sum minus F(x) - F(baseline).

        baselines: ids [B, T], [T], or one for all tokens; default [PAD]. n_steps: nodes of Gauss-Legendre, default 50.
        """
        if method != "gausslegendre":
            raise invalid("method", f"{method!r} is not computed, only 'gausslegendre'")
        lengths = _lengths(_matrix(inputs), attention_mask)
        base = _baselines(baselines, _matrix(inputs).shape)
        methods = [self._method(None if base is None else base[row, :length].tolist(), n_steps)
                   for row, length in enumerate(lengths)]
        answers = self._explain(inputs, target, methods, attention_mask, token_type_ids)
        for row, answer in enumerate(answers):
            if base is not None:
                _check_special_tokens(base[row], answer, row)
        scores = _scores(inputs, answers)
        return (scores, _like(inputs, _deltas(answers))) if return_convergence_delta else scores

    def _method(self, baseline: list[int] | None, n_steps: int | None) -> Method:
        if self._layer is None:
            return Method("integrated_gradients", attach_point=self._attach_point, quadrature="gauss_legendre",
                          steps=n_steps or 50, baselines=None if baseline is None else [baseline])
        if n_steps is not None:
            raise invalid("n_steps", "integrals from a layer on take as many steps as their tolerance needs")
        return Method("layer_integrated_gradients", layer=self._layer, baseline=baseline)


class IntegratedGradients(LayerIntegratedGradients):
    """As Captum's over `inputs_embeds`: from the word embeddings."""

    def __init__(self, client: Client | str, layer: str | int = "word_embeddings") -> None:
        super().__init__(client, layer)


def _attach_point(layer: str) -> str:
    if layer not in _ATTACH_POINTS:
        raise invalid("layer", f"{layer!r} is none of {', '.join(_ATTACH_POINTS)}")
    return _ATTACH_POINTS[layer]


def _matrix(array: Array) -> Ids:
    """[B, T]"""
    plain = array.detach().cpu().numpy() if hasattr(array, "detach") else np.asarray(array)
    if plain.ndim not in (1, 2) or plain.dtype.kind not in "iub":
        raise invalid("inputs", f"are token ids [B, T] or [T], not {plain.dtype} of {plain.ndim} dimensions")
    return np.atleast_2d(plain).astype(np.int64)


def _lengths(ids: Ids, attention_mask: Array | None) -> list[int]:
    if attention_mask is None:
        return [ids.shape[1]] * len(ids)
    mask = np.broadcast_to(_matrix(attention_mask), ids.shape)
    lengths = mask.sum(1)
    if (mask != (np.arange(ids.shape[1]) < lengths[:, None])).any():
        raise invalid("attention_mask", "has to be ones, and zeros at the end of a row")
    return [int(length) for length in lengths]


def _targets(target: Any, rows: int) -> Sequence[Any]:
    """A class for all rows, or one a row."""
    plain = target.tolist() if hasattr(target, "tolist") else target
    targets = plain if isinstance(plain, Sequence) else [plain] * rows
    if len(targets) == 1:
        targets = [targets[0]] * rows
    if len(targets) != rows:
        raise invalid("target", f"has {len(targets)} classes for {rows} rows")
    return targets


def _baselines(baselines: Array | None, shape: tuple[int, ...]) -> Ids | None:
    if baselines is None:
        return None
    plain = np.atleast_1d(baselines.detach().cpu().numpy() if hasattr(baselines, "detach") else baselines)
    try:
        return np.broadcast_to(_matrix(plain), shape)
    except ValueError as error:
        raise invalid("baselines", f"are {plain.shape}, the inputs {shape}") from error


def _check_special_tokens(baseline: Ids, answer: Explanation, row: int) -> None:
    for place, token in enumerate(answer.prediction.tokens):
        if token.is_special and baseline[place] != token.id:
            raise invalid("baselines", f"row {row} replaces {token.text} at {place}: special tokens keep their own embedding")


def _deltas(answers: list[Explanation]) -> Floats:
    """[B], as Captum's: sum of the attributions - (F(x) - F(baseline))."""
    deltas = []
    for answer in answers:
        completeness = answer[0].card.completeness
        assert completeness is not None
        deltas.append(float(answer[0].scores.sum()) - (completeness.value - completeness.baseline_value))
    return np.array(deltas, np.float32)


def _scores(inputs: Array, answers: list[Explanation]) -> Array:
    """[B, T] of the inputs' own kind, 0 where tokens were masked."""
    scores = np.zeros(_matrix(inputs).shape, np.float32)
    for row, answer in enumerate(answers):
        scores[row, :len(answer[0].scores)] = answer[0].scores
    return _like(inputs, scores)


def _like(inputs: Array, values: Floats) -> Array:
    if not hasattr(inputs, "detach"):
        return values
    import torch
    return torch.from_numpy(values).to(inputs.device)
