"""Model folders of random configurations: sizes, flags and choices as Transformers allows them, likely ones and rare ones."""

import random
from dataclasses import dataclass

import torch
from transformers import (AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForQuestionAnswering,
                          AutoModelForSequenceClassification, AutoModelForTokenClassification)

from oracle.random_models import DECODER_FAMILIES, FAMILIES, randomize

HEADS = {"": AutoModel, "classes": AutoModelForSequenceClassification, "tokens": AutoModelForTokenClassification,
         "answers": AutoModelForQuestionAnswering}
ACTIVATIONS = ("gelu", "gelu", "gelu_new", "relu", "silu", "gelu_pytorch_tanh", "quick_gelu", "tanh")
ROTARY = ({"rope_type": "default"}, {"rope_type": "linear", "factor": 3.0}, {"rope_type": "dynamic", "factor": 2.0},
          {"rope_type": "yarn", "factor": 2.5, "original_max_position_embeddings": 24},
          {"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
           "original_max_position_embeddings": 32})


@dataclass(frozen=True)
class Drawn:
    family: str
    head: str
    given: dict  # of the configuration

    def __str__(self):
        return f"{self.family} {self.head or 'bare'} {self.given}"


def draw(seed: int) -> Drawn:
    rng = random.Random(f"configuration {seed}")
    family = rng.choice(sorted(FAMILIES))
    heads = ["", "classes", "classes", "answers", "language", *(["tokens"] if family != "opt" else [])]
    return Drawn(family, rng.choice(heads), _SIZES.get(family, _encoder)(rng))


def rarely(rng, **values):
    """Those of `values` that are drawn: each has a chance of one in six."""
    return {name: rng.choice(value) if isinstance(value, tuple) else value for name, value in values.items()
            if rng.random() < 1 / 6}


def _common(rng, even=False):
    heads = rng.randint(1, 5)
    size = rng.randint(2, 6) * 2 if even else rng.randint(4, 13)
    return {"hidden_size": heads * size, "num_attention_heads": heads, "num_hidden_layers": rng.randint(1, 3),
            "intermediate_size": rng.randint(7, 90), "hidden_act": rng.choice(ACTIVATIONS),
            "max_position_embeddings": rng.randint(40, 130)}


def _encoder(rng):
    return _common(rng) | {"type_vocab_size": rng.randint(1, 3), "layer_norm_eps": 10 ** rng.uniform(-12, -3)} | rarely(
        rng, tie_word_embeddings=False, is_decoder=True)


def _albert(rng):
    return _encoder(rng) | {"embedding_size": rng.randint(6, 40)} | rarely(rng, num_hidden_groups=2, inner_group_num=2)


def _electra(rng):
    return _encoder(rng) | {"embedding_size": rng.randint(6, 40)}


def _distilbert(rng):
    common = _common(rng)
    return {"dim": common["hidden_size"], "n_heads": common["num_attention_heads"], "n_layers": common["num_hidden_layers"],
            "hidden_dim": common["intermediate_size"], "activation": rng.choice(("gelu", "relu")),
            "max_position_embeddings": common["max_position_embeddings"]} | rarely(rng, sinusoidal_pos_embds=True)


def _mpnet(rng):
    return _encoder(rng) | rarely(rng, relative_attention_num_buckets=(32, 40))


def _modernbert(rng):
    common = _common(rng, even=True)
    common["hidden_activation"] = common.pop("hidden_act")
    special = {f"{name}_token_id": 0 for name in ("bos", "eos", "cls", "sep")}
    return common | special | {"norm_eps": 10 ** rng.uniform(-8, -3), "local_attention": 2 * rng.randint(1, 12)} | rarely(
        rng, norm_bias=True, attention_bias=True, mlp_bias=True, classifier_bias=True, decoder_bias=False,
        classifier_pooling="mean", global_attn_every_n_layers=(1, 2))


def _deberta(rng):
    return _encoder(rng) | {
        "type_vocab_size": rng.choice((0, 0, 2)), "relative_attention": True, "max_relative_positions": rng.choice((-1, 20, 40)),
        "position_buckets": rng.choice((-1, 6, 16)), "share_att_key": rng.random() < 0.5,
        "pos_att_type": rng.choice((["c2p", "p2c"], ["c2p"], ["p2c"], "c2p|p2c")), "norm_rel_ebd": rng.choice(("none", "layer_norm")),
        "position_biased_input": rng.random() < 0.4} | rarely(rng, conv_kernel_size=3, embedding_size=24)


def _gpt2(rng):
    common = _common(rng)
    return {"n_embd": common["hidden_size"], "n_head": common["num_attention_heads"], "n_layer": common["num_hidden_layers"],
            "n_positions": common["max_position_embeddings"], "activation_function": common["hidden_act"],
            "layer_norm_epsilon": 10 ** rng.uniform(-8, -3)} | rarely(
        rng, n_inner=(31, 77), scale_attn_weights=False, scale_attn_by_inverse_layer_idx=True, tie_word_embeddings=False)


def _gpt_neo(rng):
    common = _common(rng)
    layers = common["num_hidden_layers"]
    return {"hidden_size": common["hidden_size"], "num_heads": common["num_attention_heads"], "num_layers": layers,
            "attention_types": [[[rng.choice(("global", "local"))], layers]], "window_size": rng.randint(1, 20),
            "activation_function": common["hidden_act"], "max_position_embeddings": common["max_position_embeddings"]} | rarely(
        rng, intermediate_size=(31, 77))


def _opt(rng):
    common = _common(rng)
    return {"hidden_size": common["hidden_size"], "num_attention_heads": common["num_attention_heads"],
            "num_hidden_layers": common["num_hidden_layers"], "ffn_dim": common["intermediate_size"],
            "activation_function": common["hidden_act"], "max_position_embeddings": common["max_position_embeddings"],
            "word_embed_proj_dim": common["hidden_size"]} | rarely(
        rng, enable_bias=False, do_layer_norm_before=False, layer_norm_elementwise_affine=False, word_embed_proj_dim=(9, 17),
        tie_word_embeddings=False)


def _llama(rng):
    common = _common(rng, even=True)
    heads = common["num_attention_heads"]
    shared = rng.choice([count for count in range(1, heads + 1) if heads % count == 0])
    return common | {"num_key_value_heads": shared, "rms_norm_eps": 10 ** rng.uniform(-8, -3),
                     "rope_parameters": {"rope_theta": 10 ** rng.uniform(1, 5), **rng.choice(ROTARY)}} | rarely(
        rng, head_dim=(6, 10), attention_bias=True, mlp_bias=True, tie_word_embeddings=True, sliding_window=(3, 9, 200))


def _qwen(rng):
    return _llama(rng) | rarely(rng, use_sliding_window=True, max_window_layers=(0, 1))


_SIZES = {"albert": _albert, "electra": _electra, "distilbert": _distilbert, "mpnet": _mpnet, "deberta": _deberta, "modernbert": _modernbert,
          "gpt2": _gpt2, "gpt-neo": _gpt_neo, "opt": _opt, "llama": _llama, "mistral": _llama, "qwen2": _qwen,
          "qwen3": _qwen}


def make_drawn(drawn: Drawn, seed: int, folder) -> bool:
    """Writes the folder; False where Transformers itself cannot make such a model."""
    config_class, tokenizer = FAMILIES[drawn.family]
    made = tokenizer(drawn.given.get("type_vocab_size") or 1)
    marks = {name: made.token_to_id(name) for name in ("[PAD]", "<pad>", "<|endoftext|>") if made.token_to_id(name) is not None}
    given = {"vocab_size": made.get_vocab_size(), **drawn.given}
    if drawn.family in DECODER_FAMILIES:
        given |= {"bos_token_id": marks["<|endoftext|>"], "eos_token_id": marks["<|endoftext|>"], "pad_token_id": None}
    else:
        given["pad_token_id"] = next(iter(marks.values()))
    kind = HEADS.get(drawn.head) or (AutoModelForCausalLM if drawn.family in DECODER_FAMILIES else AutoModelForMaskedLM)
    torch.manual_seed(seed)
    try:
        config = config_class(**given)
        if drawn.head in ("classes", "tokens"):
            config.id2label = {i: f"class {i}" for i in range(1 + seed % 5)}
            config.label2id = {label: i for i, label in config.id2label.items()}
        model = kind.from_config(config)
        randomize(model)
        model.save_pretrained(folder)
    except Exception as error:  # what it raises is its own affair
        print(f"Transformers does not make {drawn}: {error}")
        return False
    made.save(str(folder / "tokenizer.json"))
    return True
