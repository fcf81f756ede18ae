"""Random-weight model folders of odd shapes, each with a tokenizer of its family's kind; made at test time, never stored."""

import string
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (AlbertConfig, AutoModel, AutoModelForSequenceClassification, BertConfig, CamembertConfig,
                          DistilBertConfig, ElectraConfig, RobertaConfig, XLMRobertaConfig)

from oracle.texts import PROSE


@dataclass(frozen=True)
class Shape:
    """What sets one random model apart. `labels` 0 is a bare encoder."""

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
)


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


# Each with its configuration and tokenizer.
FAMILIES = {"bert": (BertConfig, word_piece), "roberta": (RobertaConfig, byte_level),
            "xlm-roberta": (XLMRobertaConfig, unigram), "camembert": (CamembertConfig, unigram),
            "distilbert": (DistilBertConfig, word_piece), "electra": (ElectraConfig, word_piece),
            "albert": (AlbertConfig, word_piece)}


def config_of(shape: Shape, made: Tokenizer):
    pad = next(made.token_to_id(name) for name in ("[PAD]", "<pad>") if made.token_to_id(name) is not None)
    tables = {"vocab_size": made.get_vocab_size(), "max_position_embeddings": shape.positions, "pad_token_id": pad}
    if shape.family == "distilbert":
        return DistilBertConfig(dim=shape.hidden, n_layers=shape.layers, n_heads=shape.heads,
                                hidden_dim=shape.intermediate, activation=shape.activation, **tables)
    if shape.embedding:
        tables["embedding_size"] = shape.embedding
    return FAMILIES[shape.family][0](
        hidden_size=shape.hidden, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate, hidden_act=shape.activation, layer_norm_eps=shape.eps,
        type_vocab_size=shape.types, **tables)


def make(shape: Shape, folder: Path) -> Path:
    folder.mkdir(parents=True)
    torch.manual_seed(sum(map(ord, shape.name)))
    made = FAMILIES[shape.family][1](shape.types)
    config = config_of(shape, made)
    if shape.labels:
        config.id2label = {i: f"class {i}" for i in range(shape.labels)}
        config.label2id = {label: i for i, label in config.id2label.items()}
        config.problem_type = shape.problem
    model = (AutoModelForSequenceClassification if shape.labels else AutoModel).from_config(config)
    for name, weight in model.named_parameters():
        # Norms near one and dense layers near unit gain keep gradients neither vanishing nor exploding.
        gain = 0.1 if weight.dim() == 1 else weight.shape[-1] ** -0.5
        centre = 1.0 if name.lower().endswith("norm.weight") else 0.0
        torch.nn.init.normal_(weight, centre, gain)
    model.save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    return folder


def make_all(folder: Path) -> dict:
    """{name: model folder} of every shape."""
    return {shape.name: make(shape, folder / shape.name) for shape in (*SHAPES, *KIN)}
