"""Random-weight BERT folders of odd shapes, with a WordPiece tokenizer; made at test time, never stored."""

import string
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel


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


def vocabulary() -> dict:
    """Special tokens, single characters, their continuations, and a few whole words."""
    characters = string.ascii_lowercase + string.digits + ".,!?-'()" + "äöüßé世界"
    words = ["the", "loan", "was", "approved", "declined", "income", "steady", "late", "pay", "##ment", "##ments",
             "##ing", "##ed", "dog", "cute", "hello", "my", "is"]
    entries = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *characters, *("##" + c for c in characters), *words]
    return {entry: i for i, entry in enumerate(dict.fromkeys(entries))}


def tokenizer(types: int) -> Tokenizer:
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


def make(shape: Shape, folder: Path) -> Path:
    folder.mkdir(parents=True)
    torch.manual_seed(sum(map(ord, shape.name)))
    made = tokenizer(shape.types)
    config = BertConfig(
        vocab_size=made.get_vocab_size(), hidden_size=shape.hidden, num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads, intermediate_size=shape.intermediate, hidden_act=shape.activation,
        layer_norm_eps=shape.eps, max_position_embeddings=shape.positions, type_vocab_size=shape.types)
    if shape.labels:
        config.id2label = {i: f"class {i}" for i in range(shape.labels)}
        config.label2id = {label: i for i, label in config.id2label.items()}
        config.problem_type = shape.problem
    model = (BertForSequenceClassification if shape.labels else BertModel)(config)
    for name, weight in model.named_parameters():
        # Norms near one and dense layers near unit gain keep gradients neither vanishing nor exploding.
        gain = 0.1 if weight.dim() == 1 else weight.shape[-1] ** -0.5
        centre = 1.0 if "LayerNorm.weight" in name else 0.0
        torch.nn.init.normal_(weight, centre, gain)
    model.save_pretrained(folder)
    made.save(str(folder / "tokenizer.json"))
    return folder


def make_all(folder: Path) -> dict:
    """{name: model folder} of every shape."""
    return {shape.name: make(shape, folder / shape.name) for shape in SHAPES}
