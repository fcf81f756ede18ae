"""What is asked: the keyword arguments of both clients, and the messages they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar

from limpid.fill import fill, invalid
from limpid.v1 import explain_pb2 as pb

# A text, or ids as the model takes them, special tokens included by the caller.
Text: TypeAlias = str | Sequence[int]
Truncation: TypeAlias = Literal["error", "longest_first", "only_first", "only_second"]
Score: TypeAlias = Literal["logit", "log_prob", "prob"]
Granularity: TypeAlias = Literal["token", "word", "sentence", "span"]
Aggregation: TypeAlias = Literal["sum", "sum_abs"]
Normalization: TypeAlias = Literal["l1", "l2", "max_abs"]
Priority: TypeAlias = Literal["interactive", "bulk"]
Question = TypeVar("Question", pb.ExplainRequest, pb.GenerateRequest)


class Sampling(TypedDict, total=False):
    """How the next token is chosen. temperature: default 0, the best token each time; top_k, top_p and seed go with one."""

    temperature: float
    top_k: int
    top_p: float
    seed: int


class Method:
    """A method with options, by the contract's names: `Method("integrated_gradients", steps=50, baselines=["mask"])`.

    Enums are words in lower case, messages dictionaries. A baseline is a word ("pad", "mask", "unknown", "zero", "mean"),
    a list of ids, or {"text": ...}. Raises InvalidRequest for a method or an option that the contract does not have.
    """

    def __init__(self, name: str, /, **options: Any) -> None:
        self.name, self.options = name, options
        _fill_method(self, "method")

    def __repr__(self) -> str:
        return f"Method({', '.join([repr(self.name), *(f'{key}={value!r}' for key, value in self.options.items())])})"


class Target:
    """The scalar F that is explained, where a class's index or label is not enough."""

    def __init__(self, **kind: Any) -> None:
        self._message = fill(pb.Target(), kind, "target")

    @classmethod
    def contrast(cls, target: int | str | None = None, foil: int | str | None = None) -> Target:
        """Why `target` rather than `foil`: the difference of their scores. None: the predicted class, and the best other."""
        return cls(contrast={"target": target, "foil": foil})

    @classmethod
    def similarity(cls, text: str) -> Target:
        """Cosine similarity to the embedding of another text."""
        return cls(similarity={"text": text})

    @classmethod
    def answer(cls, begin_token: int | None = None, end_token: int | None = None) -> Target:
        """Tokens [begin_token, end_token) as the answer to the question; neither: the predicted answer."""
        return cls(answer={"begin_token": begin_token, "end_token": end_token})

    @classmethod
    def at(cls, position: int, target: int | str | None = None) -> Target:
        """The class (None: the predicted one) of the token in this place: of a language model, or of one that labels tokens."""
        return cls(position=position, predicted_class={}) if target is None else cls(position=position, **{"class": target})

    @classmethod
    def mean_output(cls) -> Target:
        """The mean of all elements of the model's first output."""
        return cls(mean_output={})


class InputOptions(TypedDict, total=False):
    """model: name of a loaded one; default the client's, else the server's.
    text_pair: second sequence. type_ids: segments of ids, 0 or 1.
    truncation: default "error": a text longer than the model takes is refused.
    """

    model: str
    text_pair: str
    type_ids: Sequence[int]
    truncation: Truncation


class ExplainOptions(InputOptions, total=False):
    """methods: names or Method, one or several; default none. A model's card lists the names.
    target: class index or label, or Target; default the predicted class, of embedding models the mean output,
        of question answering the predicted answer.
    score: of a class, default "logit".
    attention: True for all maps, or a dictionary of layers, heads, mean_over_heads, encoding ("float16"), top_k.
    granularity, aggregation: what a score stands for, and how its tokens' become one.
    normalization: adds scaled_scores. drop_special_tokens: no scores for them.
    spans: (begin_byte, end_byte[, sequence]) each, of granularity "span".
    condition: a dictionary of predicted, scored, min_probability, max_probability; explain only where it holds.
    quality: True, metrics by name ("comprehensiveness"), or a dictionary of the contract's Quality.
    priority: "bulk" yields to those who wait. allow_partial: what is there when the deadline comes, not an error.
    """

    methods: str | Method | Sequence[str | Method | Mapping[str, Any]]
    target: int | str | Target
    score: Score
    attention: bool | Mapping[str, Any]
    granularity: Granularity
    aggregation: Aggregation
    normalization: Normalization
    drop_special_tokens: bool
    spans: Sequence[tuple[int, ...]]
    condition: Mapping[str, Any]
    quality: bool | Sequence[str] | Mapping[str, Any]
    priority: Priority
    allow_partial: bool


class GenerateOptions(InputOptions, total=False):
    """max_new_tokens: default 64. stop: one or several texts that end it, and are left out. ignore_end: go on behind the
    model's end of text.
    completion: a text, or ids, that is taken as if it had been generated.
    alternatives: with each token the so many best in its place, at most 20.
    methods: why each token, default none. explained: of these tokens only, by index.
    target: Target.contrast, whose `target` is left out: why this token rather than the foil. Default the token.
    score, granularity, aggregation, normalization, quality, priority: as in ExplainOptions.
    """

    max_new_tokens: int
    sampling: Sampling
    stop: str | Sequence[str]
    ignore_end: bool
    completion: Text
    alternatives: int
    methods: str | Method | Sequence[str | Method | Mapping[str, Any]]
    explained: Sequence[int]
    target: Target
    score: Score
    granularity: Granularity
    aggregation: Aggregation
    normalization: Normalization
    quality: bool | Sequence[str] | Mapping[str, Any]
    priority: Priority


class ExplainItem(ExplainOptions):
    """One of many: a text with options of its own."""

    text: Text


def predict(model: str, text: Text, options: InputOptions) -> pb.PredictRequest:
    return fill(pb.PredictRequest(), {"model": model, **_input(text, dict(options))})


def tokenize(model: str, text: Text, options: InputOptions) -> pb.TokenizeRequest:
    return fill(pb.TokenizeRequest(), {"model": model, **_input(text, dict(options))})


def explain(model: str, text: Text, options: ExplainOptions) -> pb.ExplainRequest:
    """`model`: where the options name none."""
    values: dict[str, Any] = dict(options)
    if isinstance(attention := values.get("attention"), bool):
        values["attention"] = {} if attention else None
    return _fill_question(pb.ExplainRequest(), model, text, values)


def generate(model: str, text: Text, options: GenerateOptions) -> pb.GenerateRequest:
    values: dict[str, Any] = dict(options)
    if isinstance(stop := values.get("stop"), str):
        values["stop"] = [stop]
    return _fill_question(pb.GenerateRequest(), model, text, values)


def explain_item(model: str, item: Text | ExplainItem, common: ExplainOptions) -> pb.ExplainRequest:
    if not isinstance(item, Mapping):
        return explain(model, item, common)
    own: dict[str, Any] = dict(item)
    if "text" not in own:
        raise invalid("text", "a dictionary of explain_many has none")
    return explain(model, own.pop("text"), {**common, **own})  # type: ignore[typeddict-item]


def _fill_question(request: Question, model: str, text: Text, options: dict[str, Any]) -> Question:
    """What both kinds have: an input, methods, a target, a quality."""
    values = _input(text, options)
    methods, target, score = (values.pop(name, None) for name in ("methods", "target", "score"))
    quality = values.get("quality")
    if isinstance(quality, bool):
        values["quality"] = {} if quality else None
    elif isinstance(quality, Sequence):
        values["quality"] = {"metrics": quality}
    fill(request, {"model": model, **values})
    if target is not None or score is not None:
        _fill_target(request.target, target, score)
    single = isinstance(methods, (str, Method, Mapping))
    for index, method in enumerate([methods] if single else methods or ()):
        request.methods.append(_fill_method(method, f"methods[{index}]"))
    return request


def _input(text: Text, options: dict[str, Any]) -> dict[str, Any]:
    """The options with what is read under `input`."""
    pair, type_ids, truncation = (options.pop(name, None) for name in ("text_pair", "type_ids", "truncation"))
    ids = None if isinstance(text, str) else {"ids": text, "type_ids": type_ids}
    content = {"text": text if ids is None else None, "token_ids": ids, "text_pair": pair, "truncation": truncation}
    return {**options, "input": content}


def _fill_target(message: pb.Target, target: int | str | Target | None, score: Score | None) -> None:
    if isinstance(target, Target):
        message.CopyFrom(target._message)
    elif target is not None:
        fill(message, {"class": target}, "target")
    fill(message, {"score": score}, "target")


def _fill_method(method: str | Method | Mapping[str, Any], where: str) -> pb.Method:
    if isinstance(method, Mapping):
        return fill(pb.Method(), method, where)
    name, options = (method, {}) if isinstance(method, str) else (method.name, method.options)
    if name not in pb.Method.DESCRIPTOR.fields_by_name:
        raise invalid(where, f"there is no method {name!r}; there is {', '.join(pb.Method.DESCRIPTOR.fields_by_name)}")
    return fill(pb.Method(), {name: options}, where)


__all__ = ["ExplainItem", "ExplainOptions", "GenerateOptions", "InputOptions", "Method", "Sampling", "Target", "Text"]
