"""Random-weight model folders of odd shapes, each with a tokenizer of its family's kind; made at test time, never stored."""

import string
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (AlbertConfig, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM,
                          AutoModelForQuestionAnswering, AutoModelForSequenceClassification,
                          AutoModelForTokenClassification, BertConfig, CamembertConfig, DebertaV2Config, DistilBertConfig,
                          ElectraConfig, GPT2Config, GPTNeoConfig, LlamaConfig,
                          MistralConfig, ModernBertConfig, MPNetConfig, OPTConfig, Qwen2Config, Qwen3Config, RobertaConfig, XLMRobertaConfig)

from oracle.texts import PROSE


@dataclass(frozen=True)
class Shape:
    """What sets one random model apart. `labels` 0 is a bare model, unless it is a `language_model`."""

    name: str
    layers: int
    heads: int
    hidden: int
    intermediate: int
    labels: int = 0
    activation: str = "gelu"
    eps: float = 1e-12
    positions: int = 64
    types: int = 2
    problem: str | None = None
    family: str = "bert"
    embedding: int | None = None  # width of the embeddings, where the family has one
    language_model: bool = False  # of a decoder a causal one, of an encoder a masked one
    head: str = ""  # "tokens": labels each token; "answers": begin and end of an answer
    options: dict = field(default_factory=dict, hash=False)  # of the family's configuration


SHAPES = (
    Shape("one-head", layers=1, heads=1, hidden=17, intermediate=23, eps=1e-5, types=1),
    Shape("three-heads", layers=2, heads=3, hidden=60, intermediate=77, activation="relu", positions=33, eps=1e-3),
    Shape("two-classes", layers=3, heads=5, hidden=60, intermediate=128, labels=2, activation="gelu_new", eps=3e-7),
    Shape("seven-classes", layers=4, heads=3, hidden=96, intermediate=100, labels=7, positions=128),
    Shape("multi-label", layers=2, heads=5, hidden=45, intermediate=64, labels=3, types=1,
          problem="multi_label_classification"),
    Shape("regression", layers=2, heads=1, hidden=24, intermediate=50, labels=1, activation="relu",
          problem="regression"),
)
# One bare encoder and one classifier of each family's weights.
KIN = (
    Shape("roberta", layers=2, heads=3, hidden=36, intermediate=50, eps=1e-5, positions=66, types=1, family="roberta"),
    Shape("xlm-roberta", layers=3, heads=2, hidden=34, intermediate=45, labels=3, eps=1e-5, positions=70, types=1,
          activation="gelu_new", family="xlm-roberta"),
    Shape("camembert", layers=2, heads=5, hidden=35, intermediate=61, labels=2, eps=1e-6, positions=80, types=1,
          family="camembert"),
    Shape("distilbert", layers=2, heads=3, hidden=33, intermediate=70, family="distilbert"),
    Shape("distilbert-classes", layers=3, heads=2, hidden=38, intermediate=40, labels=4, activation="relu",
          family="distilbert"),
    Shape("electra", layers=2, heads=3, hidden=36, intermediate=45, embedding=19, family="electra"),
    Shape("electra-classes", layers=2, heads=4, hidden=28, intermediate=90, labels=3, embedding=41, family="electra"),
    Shape("albert", layers=3, heads=5, hidden=30, intermediate=62, embedding=16, activation="gelu_new", family="albert"),
    Shape("albert-classes", layers=2, heads=3, hidden=48, intermediate=51, labels=2, embedding=48, eps=1e-6,
          family="albert"),
    Shape("mpnet", layers=2, heads=3, hidden=36, intermediate=50, eps=1e-5, positions=66, family="mpnet"),
    Shape("mpnet-classes", layers=3, heads=2, hidden=34, intermediate=45, labels=3, eps=1e-12, positions=258,
          family="mpnet", options={"relative_attention_num_buckets": 35}),
    Shape("modernbert", layers=4, heads=3, hidden=36, intermediate=29, eps=1e-5, family="modernbert",
          options={"local_attention": 6}),
    Shape("modernbert-classes", layers=3, heads=2, hidden=32, intermediate=40, labels=4, eps=1e-4, family="modernbert",
          activation="gelu_pytorch_tanh", options={
              "local_attention": 5, "classifier_pooling": "mean", "classifier_bias": True, "norm_bias": True,
              "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]}),
    Shape("modernbert-first", layers=2, heads=2, hidden=36, intermediate=31, labels=2, eps=1e-5, family="modernbert",
          activation="silu", options={"attention_bias": True, "mlp_bias": True, "classifier_activation": "relu"}),
    # Fewer rows than distances, so that the far ones share theirs.
    Shape("deberta", layers=2, heads=3, hidden=36, intermediate=50, eps=1e-7, types=0, family="deberta", options={
        "position_buckets": 8, "share_att_key": True, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm",
        "position_biased_input": False}),
    Shape("deberta-classes", layers=3, heads=2, hidden=34, intermediate=45, labels=3, eps=1e-7, positions=70,
          family="deberta", options={"position_buckets": 11, "max_relative_positions": 40, "pos_att_type": "c2p|p2c"}),
    Shape("deberta-one-term", layers=2, heads=5, hidden=35, intermediate=41, labels=2, eps=1e-5, types=0, family="deberta",
          options={"max_relative_positions": 6, "pos_att_type": ["c2p"], "norm_rel_ebd": "layer_norm",
                   "pooler_hidden_act": "relu"}),
)
# A masked language model of each.
MASKED = (
    Shape("bert-masked", layers=2, heads=3, hidden=36, intermediate=50, language_model=True),
    Shape("roberta-masked", layers=2, heads=2, hidden=30, intermediate=45, eps=1e-5, positions=66, types=1,
          family="roberta", activation="gelu_new", language_model=True),
    Shape("xlm-roberta-masked", layers=2, heads=2, hidden=34, intermediate=45, eps=1e-5, positions=70, types=1,
          family="xlm-roberta", language_model=True),
    Shape("distilbert-masked", layers=2, heads=3, hidden=33, intermediate=70, family="distilbert", activation="relu",
          language_model=True),
    Shape("electra-masked", layers=2, heads=4, hidden=28, intermediate=41, embedding=19, family="electra",
          language_model=True),
    Shape("albert-masked", layers=3, heads=3, hidden=33, intermediate=62, embedding=16, activation="gelu_new",
          family="albert", language_model=True),
    Shape("mpnet-masked", layers=2, heads=3, hidden=36, intermediate=50, eps=1e-5, positions=66, family="mpnet",
          language_model=True),
    Shape("modernbert-masked", layers=4, heads=2, hidden=36, intermediate=33, eps=1e-5, family="modernbert",
          language_model=True, options={"local_attention": 8, "decoder_bias": False}),
    Shape("deberta-masked", layers=2, heads=2, hidden=30, intermediate=45, eps=1e-7, types=0, family="deberta",
          language_model=True, options={"position_buckets": 10, "share_att_key": True, "pos_att_type": ["p2c"],
                                        "position_biased_input": False}),
    Shape("deberta-masked-anew", layers=2, heads=3, hidden=33, intermediate=47, eps=1e-7, types=0, family="deberta",
          activation="gelu_new", language_model=True, options={
              "position_buckets": 12, "pos_att_type": ["p2c", "c2p"], "norm_rel_ebd": "layer_norm", "legacy": False}),
)
LLAMA_3_SCALING = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                   "original_max_position_embeddings": 24, "rope_theta": 500.0}
YARN_SCALING = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 1000.0}
LINEAR_SCALING = {"rope_type": "linear", "factor": 2.5, "rope_theta": 100.0}


def decoder(name, family, **given):
    return Shape(name, **{"activation": "gelu_new", "eps": 1e-5, "positions": 128, "types": 0, "family": family, **given})


# Of each decoder a language model, of most a bare one or a classifier too.
DECODERS = (
    decoder("gpt2", "gpt2", layers=3, heads=3, hidden=36, intermediate=50, language_model=True),
    decoder("gpt2-bare", "gpt2", layers=2, heads=5, hidden=35, intermediate=41),
    decoder("gpt2-classes", "gpt2", layers=2, heads=2, hidden=34, intermediate=61, labels=3, activation="gelu"),
    decoder("gpt-neo", "gpt-neo", layers=3, heads=3, hidden=33, intermediate=45, language_model=True,
            options={"attention_types": [[["global", "local", "local"], 1]], "window_size": 4}),
    decoder("gpt-neo-classes", "gpt-neo", layers=2, heads=2, hidden=30, intermediate=70, labels=2,
            options={"attention_types": [[["local", "global"], 1]], "window_size": 7}),
    decoder("opt", "opt", layers=2, heads=3, hidden=36, intermediate=44, language_model=True, activation="relu"),
    decoder("opt-without-biases", "opt", layers=2, heads=2, hidden=26, intermediate=50, labels=4, activation="gelu",
            options={"enable_bias": False}),
    decoder("llama", "llama", layers=3, heads=4, hidden=40, intermediate=58, language_model=True, activation="silu",
            eps=1e-6, options={"num_key_value_heads": 2, "head_dim": 14, "rope_parameters": LLAMA_3_SCALING}),
    decoder("llama-biased", "llama", layers=2, heads=3, hidden=36, intermediate=45, language_model=True,
            activation="gelu_pytorch_tanh", options={"num_key_value_heads": 1, "attention_bias": True, "mlp_bias": True,
                                                     "tie_word_embeddings": True, "rope_parameters": YARN_SCALING}),
    decoder("llama-classes", "llama", layers=2, heads=2, hidden=36, intermediate=47, labels=3, activation="silu",
            options={"num_key_value_heads": 2, "rope_parameters": LINEAR_SCALING}),
    decoder("mistral", "mistral", layers=3, heads=4, hidden=32, intermediate=50, language_model=True, activation="silu",
            options={"num_key_value_heads": 2, "sliding_window": 5}),
    decoder("mistral-bare", "mistral", layers=3, heads=2, hidden=32, intermediate=41, activation="silu",
            options={"num_key_value_heads": 1, "sliding_window": 4}),
    decoder("qwen2", "qwen2", layers=3, heads=6, hidden=36, intermediate=50, language_model=True, activation="silu",
            options={"num_key_value_heads": 2, "use_sliding_window": True, "sliding_window": 6, "max_window_layers": 1,
                     "tie_word_embeddings": True}),
    decoder("qwen2-classes", "qwen2", layers=2, heads=3, hidden=30, intermediate=41, labels=2, activation="silu",
            options={"num_key_value_heads": 3}),
    decoder("qwen3", "qwen3", layers=3, heads=4, hidden=36, intermediate=55, language_model=True, activation="silu",
            options={"num_key_value_heads": 2, "head_dim": 10, "tie_word_embeddings": False}),
    decoder("qwen3-bare", "qwen3", layers=2, heads=3, hidden=30, intermediate=41, activation="silu",
            options={"num_key_value_heads": 1, "head_dim": 12, "attention_bias": True}),
)


# Of each family's weights a model that labels tokens and one that answers questions, where Transformers has them.
TOKEN_LABELS = ("O", "B-LOAN", "I-LOAN", "B-DATE")
BODIES = {shape.family: shape for shape in (*reversed(DECODERS), *reversed(KIN), SHAPES[1])}
TOKEN_HEADS = tuple(replace(shape, name=f"{family}-{head}", labels=0, language_model=False, head=head)
                    for family, shape in sorted(BODIES.items()) for head in ("tokens", "answers")
                    if (family, head) != ("opt", "tokens"))
DECODER_FAMILIES = {shape.family for shape in DECODERS}


def vocabulary() -> dict:
    """Special tokens, single characters, their continuations, and a few whole words."""
    characters = string.ascii_lowercase + string.digits + ".,!?-'()" + "äöüßé世界"
    words = ["the", "loan", "was", "approved", "declined", "income", "steady", "late", "pay", "##ment", "##ments",
             "##ing", "##ed", "dog", "cute", "hello", "my", "is"]
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *("##" + c for c in characters), *words]
    return {entry: i for i, entry in enumerate(dict.fromkeys(entries))}


def word_piece(types: int) -> Tokenizer:
    made = Tokenizer(models.WordPiece(vocabulary(), unk_token="[UNK]", continuing_subword_prefix="##"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    # A model with a single segment gives the pair the same type as the text.
    second = min(1, types - 1)
    special = [(name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair=f"[CLS]:0 $A:0 [SEP]:0 $B:{second} [SEP]:{second}", special_tokens=special)
    made.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return made


def byte_level(_) -> Tokenizer:
    """As RoBERTa's: byte-level BPE, of which `<mask>` takes the space before it."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(PROSE, trainers.BpeTrainer(
        vocab_size=400, special_tokens=[*special, AddedToken("<mask>", lstrip=True)], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    end, begin = (("</s>", made.token_to_id("</s>")), ("<s>", made.token_to_id("<s>")))
    made.post_processor = processors.RobertaProcessing(end, begin, add_prefix_space=False)
    return made


def unigram(_) -> Tokenizer:
    """As XLM-RoBERTa's: pieces of words that begin with a mark. The pad token is where nobody expects it."""
    words = [entry for entry in vocabulary() if entry[0] not in "[#"]
    pieces = ["▁", *words, *("▁" + word for word in words)]
    special = ["<s>", "</s>", "<unk>", "<mask>", "<pad>"]
    scores = [(entry, 0.0) for entry in special] + [(piece, -9.0 + min(len(piece), 6)) for piece in pieces]
    made = Tokenizer(models.Unigram(scores, unk_id=special.index("<unk>")))
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    made.decoder = decoders.Metaspace()
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(name, special.index(name)) for name in ("<s>", "</s>")])
    made.add_special_tokens([*special[:3], AddedToken("<mask>", lstrip=True), "<pad>"])
    return made


def endless(_) -> Tokenizer:
    """As GPT-2's: byte-level BPE with nothing around a text."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.train_from_iterator(PROSE, trainers.BpeTrainer(
        vocab_size=380, special_tokens=["<|endoftext|>"], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    return made


def begun(types) -> Tokenizer:
    """As Llama 3's: the same behind a token that every text begins with."""
    made = endless(types)
    first = made.token_to_id("<|endoftext|>")
    made.post_processor = processors.TemplateProcessing(single="<|endoftext|> $A", pair="<|endoftext|> $A $B",
                                                        special_tokens=[("<|endoftext|>", first)])
    return made


# Each with its configuration and tokenizer.
FAMILIES = {"bert": (BertConfig, word_piece), "roberta": (RobertaConfig, byte_level),
            "xlm-roberta": (XLMRobertaConfig, unigram), "camembert": (CamembertConfig, unigram),
            "distilbert": (DistilBertConfig, word_piece), "electra": (ElectraConfig, word_piece),
            "albert": (AlbertConfig, word_piece), "mpnet": (MPNetConfig, word_piece),
            "deberta": (DebertaV2Config, unigram), "modernbert": (ModernBertConfig, word_piece), "gpt2": (GPT2Config, endless), "gpt-neo": (GPTNeoConfig, endless),
            "opt": (OPTConfig, begun), "llama": (LlamaConfig, begun), "mistral": (MistralConfig, begun),
            "qwen2": (Qwen2Config, endless), "qwen3": (Qwen3Config, endless)}


def decoder_config_of(shape: Shape, made: Tokenizer):
    end = made.token_to_id("<|endoftext|>")
    given = {"vocab_size": made.get_vocab_size(), "bos_token_id": end, "eos_token_id": end, "pad_token_id": None,
             **shape.options}
    if shape.family == "gpt2":
        return GPT2Config(n_positions=shape.positions, n_embd=shape.hidden, n_layer=shape.layers, n_head=shape.heads,
                          n_inner=shape.intermediate, activation_function=shape.activation,
                          layer_norm_epsilon=shape.eps, **given)
    given |= {"max_position_embeddings": shape.positions, "hidden_size": shape.hidden}
    if shape.family == "gpt-neo":
        return GPTNeoConfig(num_layers=shape.layers, num_heads=shape.heads, intermediate_size=shape.intermediate,
                            activation_function=shape.activation, layer_norm_epsilon=shape.eps, **given)
    given |= {"num_hidden_layers": shape.layers, "num_attention_heads": shape.heads}
    if shape.family == "opt":
        return OPTConfig(ffn_dim=shape.intermediate, activation_function=shape.activation,
                         word_embed_proj_dim=shape.hidden, **given)
    return FAMILIES[shape.family][0](intermediate_size=shape.intermediate, hidden_act=shape.activation,
                                     rms_norm_eps=shape.eps, **given)


def config_of(shape: Shape, made: Tokenizer):
    if shape.family in DECODER_FAMILIES:
        return decoder_config_of(shape, made)
    pad = next(made.token_to_id(name) for name in ("[PAD]", "<pad>") if made.token_to_id(name) is not None)
    tables = {"vocab_size": made.get_vocab_size(), "max_position_embeddings": shape.positions, "pad_token_id": pad}
    if shape.family == "distilbert":
        return DistilBertConfig(dim=shape.hidden, n_layers=shape.layers, n_heads=shape.heads,
                                hidden_dim=shape.intermediate, activation=shape.activation, **tables)
    if shape.family == "modernbert":
        special = {f"{name}_token_id": pad for name in ("bos", "eos", "cls", "sep")}
        return ModernBertConfig(hidden_size=shape.hidden, num_hidden_layers=shape.layers,
                                num_attention_heads=shape.heads, intermediate_size=shape.intermediate,
                                hidden_activation=shape.activation, norm_eps=shape.eps, **tables, **special,
                                **shape.options)
    if shape.family == "mpnet":
        return MPNetConfig(hidden_size=shape.hidden, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
                           intermediate_size=shape.intermediate, hidden_act=shape.activation, layer_norm_eps=shape.eps,
                           **tables, **shape.options)
    if shape.family == "deberta":
        tables |= {"relative_attention": True, **shape.options}
    if shape.embedding:
        tables["embedding_size"] = shape.embedding
    return FAMILIES[shape.family][0](
        hidden_size=shape.hidden, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate, hidden_act=shape.activation, layer_norm_eps=shape.eps,
        type_vocab_size=shape.types, **tables)


def kind_of(shape: Shape):
    if shape.head:
        return {"tokens": AutoModelForTokenClassification, "answers": AutoModelForQuestionAnswering}[shape.head]
    if shape.labels:
        return AutoModelForSequenceClassification
    if not shape.language_model:
        return AutoModel
    return AutoModelForCausalLM if shape.family in DECODER_FAMILIES else AutoModelForMaskedLM


def randomize(model):
    """Norms near one and dense layers near unit gain keep gradients neither vanishing nor exploding."""
    for name, weight in model.named_parameters():
        gain = 0.1 if weight.dim() == 1 else weight.shape[-1] ** -0.5
        centre = 1.0 if weight.dim() == 1 and name.endswith("weight") else 0.0
        torch.nn.init.normal_(weight, centre, gain)


def make(shape: Shape, folder: Path) -> Path:
    folder.mkdir(parents=True)
    torch.manual_seed(sum(map(ord, shape.name)))
    made = FAMILIES[shape.family][1](shape.types)
    config = config_of(shape, made)
    if shape.labels:
        config.id2label = {i: f"class {i}" for i in range(shape.labels)}
        config.label2id = {label: i for i, label in config.id2label.items()}
        config.problem_type = shape.problem
    if shape.head == "tokens":
        config.id2label = dict(enumerate(TOKEN_LABELS))
        config.label2id = {label: i for i, label in config.id2label.items()}
    model = kind_of(shape).from_config(config)
    randomize(model)
    model.save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    return folder


def make_all(folder: Path) -> dict:
    """{name: model folder} of every shape."""
    return {shape.name: make(shape, folder / shape.name) for shape in (*SHAPES, *KIN, *MASKED, *DECODERS, *TOKEN_HEADS)}
