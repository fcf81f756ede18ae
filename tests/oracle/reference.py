"""The truth: Hugging Face Transformers and autograd, in fp32 or fp64.

Weights are frozen, attention is eager (the default SDPA returns no probabilities), and the derivative is taken toward
embeddings, never toward input ids. Formulas are those in proto/limpid/v1/explain.proto.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import (AutoConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM,
                          AutoModelForQuestionAnswering, AutoModelForSequenceClassification,
                          AutoModelForTokenClassification)

from support.proto import pb

WORD, SUM, OUTPUT = (pb.ATTACH_POINT_WORD_EMBEDDING, pb.ATTACH_POINT_EMBEDDING_SUM, pb.ATTACH_POINT_EMBEDDING_OUTPUT)


def load_model(folder, dtype=torch.float32, attention="eager"):
    """The folder's model, frozen, in eval mode."""
    config = AutoConfig.from_pretrained(folder)
    name = config.architectures[0]
    kinds = {"ForSequenceClassification": AutoModelForSequenceClassification,
             "ForTokenClassification": AutoModelForTokenClassification,
             "ForQuestionAnswering": AutoModelForQuestionAnswering, "ForMaskedLM": AutoModelForMaskedLM,
             "ForCausalLM": AutoModelForCausalLM, "LMHeadModel": AutoModelForCausalLM}
    kind = next((kind for ending, kind in kinds.items() if name.endswith(ending)), AutoModel)
    has_pooler = kind is AutoModel and config.model_type in ("bert", "roberta", "xlm-roberta", "camembert", "albert",
                                                                    "mpnet")
    options = {"add_pooling_layer": False} if has_pooler else {}
    model = kind.from_pretrained(folder, dtype=dtype, attn_implementation=attention, **options)
    return model.eval().requires_grad_(False)


def layers_of(encoder):
    """The modules that a pass calls one after the other; ALBERT calls its only one again and again."""
    if hasattr(encoder, "transformer"):
        return list(encoder.transformer.layer)
    if hasattr(encoder, "layers") and not is_decoder(encoder):
        return list(encoder.layers)
    if is_decoder(encoder):
        return list(getattr(encoder, "h", None) or getattr(encoder, "decoder", encoder).layers)
    if hasattr(encoder.encoder, "albert_layer_groups"):
        return list(encoder.encoder.albert_layer_groups[0].albert_layers) * encoder.config.num_hidden_layers
    return list(encoder.encoder.layer)


def is_decoder(body):
    return not hasattr(body, "embeddings")


def context_reader(layer):
    """The module that reads the heads' outputs, side by side."""
    if hasattr(layer, "self_attn"):
        return getattr(layer.self_attn, "out_proj", None) or layer.self_attn.o_proj
    if hasattr(layer, "attn") and hasattr(layer.attn, "Wo"):
        return layer.attn.Wo
    if hasattr(layer, "attn"):
        return layer.attn.c_proj if hasattr(layer.attn, "c_proj") else layer.attn.attention.out_proj
    attention = layer.attention
    if hasattr(attention, "attn"):
        return attention.attn.o
    return getattr(attention, "out_lin", None) or getattr(attention, "dense", None) or attention.output.dense


def embedding_norm(encoder):
    return getattr(encoder.embeddings, "LayerNorm", None) or encoder.embeddings.norm


def on_call(number, hook):
    """`hook` on one of the calls of its module, counted from 0."""
    calls = itertools.count()
    return lambda *given: hook(*given) if next(calls) == number else None


def _relu(values):
    return np.maximum(values, 0)


@dataclass
class Pass:
    """One forward and backward of one text toward one target, as arrays of the reference's precision."""

    logits: np.ndarray  # [C], of a model that answers questions [T, 2], or None
    token_logits: np.ndarray  # [T, C] of a model that labels tokens, or None
    embedding: np.ndarray  # [d], or None
    value: float
    value_scale: float  # size of the numbers that the value is made of, for a mean may cancel
    class_index: int
    foil_index: int
    attention: np.ndarray  # [L, H, T, T]
    attention_grad: np.ndarray
    head_gate_grad: np.ndarray  # [L, H]: sum over tokens and width of O * dF/dO
    head_gate_size: np.ndarray  # [L, H]: the same sum of magnitudes
    read_token: int  # that the target reads; -1: the last
    inputs: dict  # attach point -> [T, d]
    gradients: dict

    def saliency(self, attach=WORD, reduction=pb.REDUCTION_L2):
        g = self.gradients[attach]
        return {pb.REDUCTION_L2: lambda: np.sqrt((g * g).sum(-1)), pb.REDUCTION_L1: lambda: np.abs(g).sum(-1),
                pb.REDUCTION_MEAN_ABS: lambda: np.abs(g).mean(-1)}[reduction]()

    def gradient_x_input(self, attach=WORD):
        return (self.inputs[attach] * self.gradients[attach]).sum(-1)

    def gradient_x_input_scale(self, attach=WORD):
        """Largest sum of magnitudes: the terms cancel, before a norm even to 0 (it does not see the input's length)."""
        return np.abs(self.inputs[attach] * self.gradients[attach]).sum(-1).max()

    def _query(self, token):
        """0 stands for the token that the target reads."""
        return self.read_token if token == 0 else token

    def rollout(self, query=0):
        """Abnar & Zuidema 2020."""
        tokens = self.attention.shape[-1]
        product = np.eye(tokens, dtype=self.attention.dtype)
        for layer in self.attention:
            mixed = layer.mean(0) + np.eye(tokens)
            product = mixed / mixed.sum(-1, keepdims=True) @ product
        return product[self._query(query)]

    def grad_attention(self, layer, positive):
        """Mean over heads of the positive part, or of the magnitude, of dF/dA * A."""
        return positive(self.attention_grad[layer] * self.attention[layer]).mean(0)

    def gradient_weighted_attention(self, query=0, positive=_relu):
        """Chefer et al., ICCV 2021, rules 5 and 6."""
        relevance = np.eye(self.attention.shape[-1], dtype=self.attention.dtype)
        for layer in range(len(self.attention)):
            relevance = relevance + self.grad_attention(layer, positive) @ relevance
        row = relevance[self._query(query)].copy()
        row[self._query(query)] = 0
        return row

    def gradient_weighted_attention_scale(self, query=0):
        """With magnitudes: of numbers of both signs, the positive part may keep only the small ones, or none."""
        return self.gradient_weighted_attention(query, np.abs).max()

    def gradient_x_attention(self, query=0, layer=-1):
        return self.grad_attention(layer, _relu)[self._query(query)]

    def gradient_x_attention_scale(self, query=0, layer=-1):
        return self.grad_attention(layer, np.abs)[self._query(query)].max()

    def head_importance(self, normalize=False):
        """Michel et al. 2019."""
        return self._by_layer(np.abs(self.head_gate_grad), normalize)

    def head_importance_scale(self, normalize=False):
        """With sums of magnitudes: a head's terms cancel."""
        return self._by_layer(self.head_gate_size, normalize).max()

    def _by_layer(self, values, normalize):
        return values / np.linalg.norm(self.head_gate_grad, axis=1, keepdims=True) if normalize else values


class Reference:
    def __init__(self, folder, dtype=torch.float32):
        self.folder = Path(folder)
        self.model = load_model(folder, dtype)
        self.config = self.model.config
        name = self.config.architectures[0]
        self.is_language_model = name.endswith(("ForMaskedLM", "ForCausalLM", "LMHeadModel"))
        self.labels_tokens, self.answers = name.endswith("ForTokenClassification"), name.endswith("ForQuestionAnswering")
        self.is_classifier = not self.answers and (self.is_language_model or hasattr(self.model, "classifier") or hasattr(self.model, "score"))
        self.bert = self.model.base_model  # or its kin
        modules = Path(folder, "modules.json")
        self.normalizes = modules.exists() and ".Normalize" in modules.read_text()

    def forward(self, type_ids, input_ids=None, **given):
        """The model's outputs for tokens [N, T] or `inputs_embeds`. Every token counts for the positions, whatever id it
        has: RoBERTa passes over pad tokens only where it is left to find the positions by itself."""
        first = getattr(getattr(self.bert, "embeddings", None), "padding_idx", -1) + 1
        positions = first + torch.arange(type_ids.shape[-1])[None]
        if hasattr(self.config, "type_vocab_size"):
            given["token_type_ids"] = type_ids
        if is_decoder(self.bert):
            given["use_cache"] = False
        return self.model(input_ids, position_ids=positions, **given)

    def output_of(self, outputs, target):
        """The model's first output; where each token has scores those of the target's; of an answer both [1, T, 2]."""
        if self.answers:
            return torch.stack([outputs.start_logits, outputs.end_logits], -1)
        position = target.position if target.HasField("position") else -1
        return outputs[0][:, position] if self.is_language_model or self.labels_tokens else outputs[0]

    def run(self, ids, type_ids, target: pb.Target, other_ids=None) -> Pass:
        """`other_ids`: the second text of a similarity target."""
        with _Taps(self.bert) as taps:
            word = self.bert.get_input_embeddings()(torch.tensor([ids])).requires_grad_()
            outputs = self.forward(torch.tensor([type_ids]), inputs_embeds=word, output_attentions=True)
        output = self.output_of(outputs, target)
        embedding = None if self.is_classifier or self.answers else self.pool(output)
        other = None if other_ids is None else self.embed(other_ids)
        value, class_index, foil_index = self.scalar(output, target, other)
        points = [word, taps.sum, taps.output]
        count = len(outputs.attentions)
        grads = torch.autograd.grad(value, [*points, *outputs.attentions, *taps.contexts])
        attention_grads, context_grads = grads[3:3 + count], grads[3 + count:]
        heads = self.config.num_attention_heads
        gates = torch.stack([(o * g).reshape(len(ids), heads, -1) for o, g in zip(taps.contexts, context_grads)])
        return Pass(
            logits=_array(output[0]) if self.is_classifier or self.answers else None,
            token_logits=_array(outputs[0][0]) if self.labels_tokens else None,
            embedding=None if embedding is None else _array(embedding),
            value=value.item(), value_scale=max(abs(value.item()), output.abs().mean().item()),
            class_index=class_index, foil_index=foil_index,
            attention=_array(torch.cat(outputs.attentions)), attention_grad=_array(torch.cat(attention_grads)),
            head_gate_grad=_array(gates.sum((1, 3))), head_gate_size=_array(gates.abs().sum((1, 3))),
            read_token=self.read_token(target),
            inputs={point: _array(x[0]) for point, x in zip((WORD, SUM, OUTPUT), points)},
            gradients={point: _array(g[0]) for point, g in zip((WORD, SUM, OUTPUT), grads[:3])})

    def read_token(self, target):
        if self.answers:
            return target.answer.begin_token
        return target.position if target.HasField("position") else -1 if is_decoder(self.bert) else 0

    def pool(self, last_hidden_state):
        """As sentence-transformers: mean over all tokens, divided by its norm where modules.json says so."""
        mean = last_hidden_state[0].mean(0)
        return torch.nn.functional.normalize(mean, dim=0) if self.normalizes else mean

    def embed(self, ids):
        ids = torch.tensor([ids])
        return self.pool(self.forward(torch.zeros_like(ids), ids)[0])

    def scalar(self, output, target, other=None):
        """F of one text, the class and the foil; `output` is the model's first one, `other` the second text's embedding."""
        kind = target.WhichOneof("kind") or ("predicted_class" if self.is_classifier else "mean_output")
        if kind == "answer":
            return self.answer_score(output[0], target), -1, -1
        if kind == "mean_output":
            return output.mean(), -1, -1
        if kind == "similarity":
            return torch.cosine_similarity(self.pool(output), other, dim=0), -1, -1
        logits = output[0]
        scores = self._scores(logits, target.score)
        if kind == "contrast":
            chosen = self._class(target.contrast.target, logits)
            foil = self._class(target.contrast.foil, logits, but=chosen)
            return scores[chosen] - scores[foil], chosen, foil
        chosen = self._class(getattr(target, "class"), logits)
        return scores[chosen], chosen, -1

    def answer_score(self, logits, target):
        """Begin and end as independent choices among all tokens (Devlin et al. 2018); `logits` [T, 2]."""
        if target.score not in (pb.SCORE_UNSPECIFIED, pb.SCORE_LOGIT):
            logits = logits.log_softmax(0)
        score = logits[target.answer.begin_token, 0] + logits[target.answer.end_token - 1, 1]
        return score.exp() if target.score == pb.SCORE_PROB else score

    def _scores(self, logits, score):
        if score in (pb.SCORE_UNSPECIFIED, pb.SCORE_LOGIT):
            return logits
        multi_label = self.config.problem_type == "multi_label_classification"
        log_prob = torch.nn.functional.logsigmoid(logits) if multi_label else logits.log_softmax(0)
        return log_prob if score == pb.SCORE_LOG_PROB else log_prob.exp()

    def _class(self, wanted: pb.Class, logits, but=None):
        """The class asked for; else the best one that is not `but`."""
        if wanted.WhichOneof("class") == "index":
            return wanted.index
        if wanted.WhichOneof("class") == "label":
            return {label: i for i, label in self.config.id2label.items()}[wanted.label]
        order = logits.argsort(descending=True, stable=True).tolist()
        return next(c for c in order if c != but)


class _Taps:
    """Catches tensors that a model's outputs do not name, while its forward runs."""

    def __init__(self, bert):
        self.bert, self.contexts, self.hooks = bert, [], []

    def __enter__(self):
        if is_decoder(self.bert):
            # Nothing lies between the sum of the tables and the first layer.
            self.hooks.append(layers_of(self.bert)[0].register_forward_pre_hook(self._keep_first))
        else:
            embeddings = self.bert.embeddings
            self.hooks.append(embedding_norm(self.bert).register_forward_pre_hook(self._keep_sum))
            self.hooks.append(embeddings.register_forward_hook(self._keep_output))
        for layer in set(layers_of(self.bert)):
            self.hooks.append(context_reader(layer).register_forward_pre_hook(self._keep_context))
        return self

    def __exit__(self, *_):
        for hook in self.hooks:
            hook.remove()

    def _keep_sum(self, _, arguments):
        self.sum = arguments[0]

    def _keep_first(self, _, arguments):
        self.sum = self.output = arguments[0]

    def _keep_output(self, _, __, output):
        self.output = output

    def _keep_context(self, _, arguments):
        self.contexts.append(arguments[0])


def _array(tensor):
    return tensor.detach().numpy()
