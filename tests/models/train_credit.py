"""Makes tests/models/credit: a tiny BERT that decides credit texts, in Hugging Face format.

    python tests/models/train_credit.py [--out FOLDER]

The same seed on the same machine gives the same weights; some minutes on one core. What keeps the model's reasons where
they were planted: texts without evidence, and texts whose evidence was masked, are taught as undecided; other tokens
are masked at random without changing the label; positions are shifted, so that no place is special; and noise on the
embeddings makes the model smooth, so that a derivative at one point says something about the points around it.
"""

import argparse
import json
import math
import random
import string
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification

from credit_text import LABELS, held_out, training, without_evidence

SEED = 20
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL))
MAX_TOKENS = 256

TEXTS = 12_000
UNDECIDED_TEXTS = 1_500
EPOCHS = 12
BATCH = 64
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.01
# Chances: evidence of a text masked whole; any other token masked.
MASKED_EVIDENCE = 0.15
MASKED_OTHER = 0.15
# Of the embeddings' own standard deviation.
NOISE = 0.5


@dataclass
class Batch:
    ids: torch.Tensor  # [texts, tokens]
    evidence: torch.Tensor  # the token belongs to a phrase that decides
    label: torch.Tensor  # [texts]; -1 undecided


def make_tokenizer(texts):
    """Every word of the texts, and characters for what is no such word. The library's own trainer breaks ties anew in
    each process, so that no seed would give the same ids."""
    normalizer, pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    words = {word for text in texts for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text))}
    characters = sorted(set("".join(words)) | set(string.ascii_lowercase + string.digits))
    entries = dict.fromkeys((*SPECIAL, *characters, *("##" + c for c in characters), *sorted(words)))
    made = Tokenizer(models.WordPiece({entry: i for i, entry in enumerate(entries)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizer, pre_tokenizer
    made.add_special_tokens(list(SPECIAL))
    made.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1",
        special_tokens=[("[CLS]", CLS), ("[SEP]", SEP)])
    return made


def make_model(vocab_size):
    config = BertConfig(
        vocab_size=vocab_size, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=256,
        max_position_embeddings=MAX_TOKENS, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
    return BertForSequenceClassification(config)


def encode(tokenizer, texts):
    """[(ids, evidence flags, label)]"""
    rows = []
    for text, encoding in zip(texts, tokenizer.encode_batch([t.text for t in texts])):
        spans = text.evidence + text.counter
        flags = [any(s.begin_char <= begin < s.end_char for s in spans) and sequence is not None
                 for (begin, _), sequence in zip(encoding.offsets, encoding.sequence_ids)]
        rows.append((encoding.ids, flags, -1 if text.label is None else LABELS.index(text.label)))
    return rows


def batches(rows, rng):
    """Rows of similar length together, in random order."""
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i][0]), rng.random()))
    groups = [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
    rng.shuffle(groups)
    for group in groups:
        width = max(len(rows[i][0]) for i in group)
        padded = [(ids + [PAD] * (width - len(ids)), flags + [False] * (width - len(flags)), label)
                  for ids, flags, label in (rows[i] for i in group)]
        yield Batch(*(torch.tensor(column) for column in zip(*padded)))


def mask(batch):
    """Takes the evidence out of some texts, which makes them undecided, and other tokens out of all."""
    loses = torch.rand(len(batch.label)) < MASKED_EVIDENCE
    special = (batch.ids == CLS) | (batch.ids == SEP) | (batch.ids == PAD)
    others = ~batch.evidence & ~special & (torch.rand(batch.ids.shape) < MASKED_OTHER)
    ids = batch.ids.masked_fill((batch.evidence & loses[:, None]) | others, MASK)
    return ids, batch.label.masked_fill(loses, -1)


def loss_of(model, ids, label):
    shift = torch.randint(MAX_TOKENS - ids.shape[1], (1,))
    positions = torch.arange(ids.shape[1])[None] + shift
    words = model.get_input_embeddings()(ids)
    words = words + NOISE * words.detach().std() * torch.randn_like(words)
    logits = model(inputs_embeds=words, attention_mask=(ids != PAD).long(), position_ids=positions).logits
    wanted = torch.full_like(logits, 1 / len(LABELS))
    decided = label >= 0
    wanted[decided] = torch.nn.functional.one_hot(label[decided], len(LABELS)).float()
    return torch.nn.functional.cross_entropy(logits, wanted)


def train(model, rows):
    rng = random.Random(SEED)
    steps = EPOCHS * math.ceil(len(rows) / BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps, pct_start=0.1)
    for epoch in range(EPOCHS):
        begin, total, count = time.monotonic(), 0.0, 0
        model.train()
        for batch in batches(rows, rng):
            loss = loss_of(model, *mask(batch))
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total, count = total + loss.item(), count + 1
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {total / count:.4f}, {time.monotonic() - begin:.0f} s", flush=True)


@torch.no_grad()
def accuracy(model, rows):
    model.eval()
    right = sum((model(input_ids=b.ids, attention_mask=(b.ids != PAD).long()).logits.argmax(-1) == b.label).sum().item()
                for b in batches(rows, random.Random(0)))
    return right / len(rows)


def save(model, tokenizer, folder):
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner alone
    tokenizer.save(str(folder / "tokenizer.json"))
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": MAX_TOKENS} | names
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "credit")
    out = parser.parse_args().out

    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # more wait for one another on so small a model
    torch.use_deterministic_algorithms(True)
    texts = training(TEXTS, SEED) + without_evidence(UNDECIDED_TEXTS, SEED)
    tokenizer = make_tokenizer(t.text for t in texts)
    model = make_model(tokenizer.get_vocab_size())
    print(f"{len(texts)} texts, {tokenizer.get_vocab_size()} tokens, "
          f"{sum(p.numel() for p in model.parameters())} parameters")
    train(model, encode(tokenizer, texts))

    found = accuracy(model, encode(tokenizer, held_out(2000, SEED)))
    print(f"accuracy on 2000 held-out texts: {found:.4f}")
    save(model, tokenizer, out)
    print(f"written to {out}")


if __name__ == "__main__":
    main()
