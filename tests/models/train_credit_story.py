"""Makes tests/models/credit_story: a tiny GPT-2 that goes on with credit texts, in Hugging Face format.

    python tests/models/train_credit_story.py [--out FOLDER]

It learns texts "<credit text> Decision: declined." token by token, so the token behind "Decision:" has reasons that are
known. The same seed on the same machine gives the same weights; some minutes on one core. What keeps the reasons where
they were planted is what does so for the demo model: where there is no evidence, or where it is left out, the decision
is drawn; other tokens are left out at random; positions are shifted; and there is noise on the embeddings. Nothing is
written unless the model, rounded to fp16 as it is stored, decides held-out texts rightly.
"""

import argparse
import json
import math
import random
import time
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel

from credit_text import LABELS, held_out, training, without_evidence
from train_credit import PAD, batches

SEED = 20
QUESTION = " Decision:"
END = "<|endoftext|>"  # what fills up the rows of a batch too: its id is PAD
VOCABULARY = 700
POSITIONS = 128
BEHIND_DECISION = 2  # "." and END

TEXTS = 6_000
UNDECIDED_TEXTS = 750
EPOCHS = 6
LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.01
# Chances: evidence of a text left out whole; any other token left out.
WITHOUT_EVIDENCE = 0.15
WITHOUT_OTHER = 0.1
# Of the embeddings' own standard deviation.
NOISE = 0.5

HELD_OUT_TEXTS = 2000
WANTED_ACCURACY = 0.95


def story(text):
    """The text as the model reads it; one without a label has any decision, in whose place another one is drawn."""
    return f"{text.text}{QUESTION} {text.label or LABELS[0]}.{END}"


def make_tokenizer(texts):
    """Byte-level BPE as GPT-2's; words do not begin with the space before them when it comes to offsets."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer, made.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    made.post_processor = processors.ByteLevel(trim_offsets=True)
    made.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=[END], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    assert made.token_to_id(END) == PAD
    return made


def make_model(vocab_size):
    return GPT2LMHeadModel(GPT2Config(
        vocab_size=vocab_size, n_embd=64, n_layer=2, n_head=4, n_positions=POSITIONS, bos_token_id=PAD,
        eos_token_id=PAD, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0))


def encode(tokenizer, texts):
    """[(ids, evidence flags, label)] of the texts that fit; label -1: undecided."""
    rows = []
    for text, encoding in zip(texts, tokenizer.encode_batch([story(t) for t in texts])):
        spans = text.evidence + text.counter
        flags = [any(begin < s.end_char and s.begin_char < end for s in spans) for begin, end in encoding.offsets]
        if len(encoding.ids) <= POSITIONS:
            rows.append((encoding.ids, flags, -1 if text.label is None else LABELS.index(text.label)))
    return rows


def decision_places(ids):
    return torch.arange(len(ids)), (ids != PAD).sum(1) - BEHIND_DECISION + 1


def leave_out(batch, decisions):
    """Takes the evidence out of some texts, which makes them undecided, and other tokens out of all: (ids, is seen)"""
    loses = torch.rand(len(batch.label)) < WITHOUT_EVIDENCE
    others = ~batch.evidence & (torch.rand(batch.ids.shape) < WITHOUT_OTHER)
    others[:, 0] = False  # it would see nothing
    drawn = decisions[torch.randint(len(decisions), batch.label.shape)]
    ids, places = batch.ids.clone(), decision_places(batch.ids)
    ids[places] = torch.where(loses | (batch.label < 0), drawn, ids[places])
    return ids, (ids != PAD) & ~(batch.evidence & loses[:, None]) & ~others


def loss_of(model, ids, seen):
    """Of all tokens, and of those that decide once more by themselves: they are few."""
    positions = torch.arange(ids.shape[1])[None] + torch.randint(POSITIONS - ids.shape[1] + 1, (1,))
    words = model.get_input_embeddings()(ids)
    words = words + NOISE * words.detach().std() * torch.randn_like(words)
    logits = model(inputs_embeds=words, attention_mask=seen.long(), position_ids=positions).logits
    is_text = ids[:, :-1] != PAD
    rows, places = decision_places(ids)
    return (cross_entropy(logits[:, :-1][is_text], ids[:, 1:][is_text]),
            cross_entropy(logits[rows, places - 1], ids[rows, places]))


def train(model, rows, decisions):
    rng = random.Random(SEED)
    steps = EPOCHS * sum(1 for _ in batches(rows, random.Random(0)))
    optimizer = torch.optim.AdamW(model.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps, pct_start=0.1)
    for epoch in range(EPOCHS):
        begin, totals, count = time.monotonic(), torch.zeros(2), 0
        model.train()
        for batch in batches(rows, rng):
            losses = loss_of(model, *leave_out(batch, decisions))
            optimizer.zero_grad()
            sum(losses).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            totals, count = totals + torch.stack(losses).detach(), count + 1
        of_all, of_decisions = (totals / count).tolist()
        print(f"epoch {epoch + 1} of {EPOCHS}: loss {of_all:.4f}, of decisions {of_decisions:.4f}, "
              f"{time.monotonic() - begin:.0f} s", flush=True)


@torch.no_grad()
def accuracy(model, rows, decisions):
    """How often the decision is the likeliest of all tokens."""
    model.eval()
    right = 0
    for batch in batches(rows, random.Random(0)):
        texts, places = decision_places(batch.ids)
        chosen = model(input_ids=batch.ids).logits[texts, places - 1].argmax(-1)
        right += (chosen == decisions[batch.label]).sum().item()
    return right / len(rows)


def save(model, tokenizer, folder):
    model.half().save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner alone
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": POSITIONS, "bos_token": END,
                "eos_token": END}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "credit_story")
    out = parser.parse_args().out

    torch.manual_seed(SEED)
    torch.set_num_threads(1)  # more wait for one another on so small a model
    torch.use_deterministic_algorithms(True)
    texts = training(TEXTS, SEED) + without_evidence(UNDECIDED_TEXTS, SEED)
    tokenizer = make_tokenizer(map(story, texts))
    decisions = torch.tensor([tokenizer.token_to_id("Ġ" + label) for label in LABELS])
    model, rows = make_model(tokenizer.get_vocab_size()), encode(tokenizer, texts)
    print(f"{len(rows)} of {len(texts)} texts fit, {sum(len(ids) for ids, *_ in rows)} tokens, "
          f"{tokenizer.get_vocab_size()} entries, {sum(p.numel() for p in model.parameters())} parameters")
    train(model, rows, decisions)

    model.half().float()
    rows = encode(tokenizer, held_out(HELD_OUT_TEXTS, SEED))
    found = accuracy(model, rows, decisions)
    print(f"accuracy of the decision on {len(rows)} held-out texts: {found:.4f}")
    if found < WANTED_ACCURACY:
        raise SystemExit(f"not written: the accuracy is below {WANTED_ACCURACY}")
    save(model, tokenizer, out)
    print(f"written to {out}")


if __name__ == "__main__":
    main()
