"""What the scripts that train the tiny models share: tokenizer, batches, embeddings, the loop, the folder.

What keeps a model's reasons where they were planted is the same for all: positions are shifted, so that no place is
special; noise on the embeddings makes the model smooth, so that a derivative at one point says something about the points
around it; and each script takes evidence out of some texts, which makes them undecided, and other tokens out of all.
"""

import argparse
import json
import random
import string
import sys
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

SEED = 20
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(len(SPECIAL))
NAMES_OF_SPECIAL = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL))
BATCH = 64
WEIGHT_DECAY = 0.01
# Of the embeddings' own standard deviation.
NOISE = 0.5


def begin(*names):
    """Reads the command line and makes PyTorch deterministic: (which of the models is meant, its folder)"""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__.split("\n")[0])
    if len(names) > 1:
        parser.add_argument("name", choices=names)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    name = names[0] if len(names) == 1 else given.name

    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # more wait for one another on so small a model
    torch.use_deterministic_algorithms(True)
    return name, given.out or Path(__file__).parent / name


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


def overlaps(offsets, spans):
    """Has the token at these offsets a character of a span?"""
    begin, end = offsets
    return any(begin < span.end_char and span.begin_char < end for span in spans)


def batches(rows, rng):
    """Rows of similar length together, in random order: a tensor for each column. The first are the ids; lists are filled
    up with zeros, which PAD is too."""
    order = sorted(range(len(rows)), key=lambda i: (len(rows[i][0]), rng.random()))
    groups = [order[i:i + BATCH] for i in range(0, len(order), BATCH)]
    rng.shuffle(groups)
    for group in groups:
        width = max(len(rows[i][0]) for i in group)
        yield tuple(torch.tensor([filled(value, width) for value in column])
                    for column in zip(*(rows[i] for i in group)))


def filled(value, width):
    return value + [type(value[0])()] * (width - len(value)) if isinstance(value, list) else value


def are_special(ids):
    return (ids == CLS) | (ids == SEP) | (ids == PAD)


def roughened(model, ids):
    """Embeddings with noise, at positions somewhere: what the model is to be called with."""
    shift = torch.randint(model.config.max_position_embeddings - ids.shape[1], (1,))
    words = model.get_input_embeddings()(ids)
    words = words + NOISE * words.detach().std() * torch.randn_like(words)
    return {"inputs_embeds": words, "position_ids": torch.arange(ids.shape[1])[None] + shift}


def train(model, rows, loss_of, epochs, learning_rate):
    """loss_of(model, *columns of a batch)"""
    rng = random.Random(SEED)
    steps = epochs * -(-len(rows) // BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, steps, pct_start=0.1)
    for epoch in range(epochs):
        start, total, count = time.monotonic(), 0.0, 0
        model.train()
        for batch in batches(rows, rng):
            loss = loss_of(model, *batch)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            total, count = total + loss.item(), count + 1
        print(f"epoch {epoch + 1} of {epochs}: loss {total / count:.4f}, {time.monotonic() - start:.0f} s", flush=True)


@torch.no_grad()
def accuracy(model, rows, right_of):
    """right_of(model, *columns of a batch): which rows are right."""
    model.eval()
    return sum(right_of(model, *batch).sum().item() for batch in batches(rows, random.Random(0))) / len(rows)


def save(model, tokenizer, folder, **special_tokens):
    model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner alone
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": model.config.max_position_embeddings} | special_tokens
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
    print(f"written to {folder}")
