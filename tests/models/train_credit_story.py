"""Makes tests/models/credit_story: a tiny GPT-2 that goes on with credit texts, in Hugging Face format.

    python tests/models/train_credit_story.py [--out FOLDER]

It learns texts "<credit text> Decision: declined." token by token, so the token behind "Decision:" has reasons that are
known. The same seed on the same machine gives the same weights; some minutes on one core. How the reasons stay where
they were planted is told in training.py; where there is no evidence, or where it is left out, the decision is drawn.
Nothing is written unless the model, rounded to fp16 as it is stored, decides held-out texts rightly.
"""

from functools import partial

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel

from credit_text import LABELS, held_out, training, without_evidence
from training import PAD, SEED, accuracy, begin, overlaps, roughened, save, train

QUESTION = " Decision:"
END = "<|endoftext|>"  # what fills up the rows of a batch too: its id is PAD
VOCABULARY = 1000
POSITIONS = 128

TEXTS = 6_000
UNDECIDED_TEXTS = 750
EPOCHS = 6
LEARNING_RATE = 3e-3
# Chances: evidence of a text left out whole; any other token left out.
WITHOUT_EVIDENCE = 0.15
WITHOUT_OTHER = 0.1

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
    """[(ids, evidence flags, label)] of the texts that fit; the label of an undecided text is -1"""
    rows = []
    for text, encoding in zip(texts, tokenizer.encode_batch([story(t) for t in texts])):
        flags = [overlaps(offsets, text.evidence + text.counter) for offsets in encoding.offsets]
        if len(encoding.ids) < POSITIONS:
            rows.append((encoding.ids, flags, -1 if text.label is None else LABELS.index(text.label)))
    return rows


def decision_places(ids):
    """The last token but one: the END behind "." is not told from what fills up the row."""
    return torch.arange(len(ids)), (ids != PAD).sum(1) - 2


def leave_out(decisions, ids, evidence, label):
    """Takes the evidence out of some texts, which makes them undecided, and other tokens out of all: (ids, is seen)"""
    loses = torch.rand(len(label)) < WITHOUT_EVIDENCE
    others = ~evidence & (torch.rand(ids.shape) < WITHOUT_OTHER)
    others[:, 0] = False  # it would see nothing
    drawn = decisions[torch.randint(len(decisions), label.shape)]
    ids, places = ids.clone(), decision_places(ids)
    ids[places] = torch.where(loses | (label < 0), drawn, ids[places])
    return ids, (ids != PAD) & ~(evidence & loses[:, None]) & ~others


def loss_of(decisions, model, *batch):
    """Of all tokens, and of those that decide once more by themselves: they are few."""
    ids, seen = leave_out(decisions, *batch)
    logits = model(**roughened(model, ids), attention_mask=seen.long()).logits
    is_text = ids[:, :-1] != PAD
    rows, places = decision_places(ids)
    return (cross_entropy(logits[:, :-1][is_text], ids[:, 1:][is_text])
            + cross_entropy(logits[rows, places - 1], ids[rows, places]))


def are_right(decisions, model, ids, evidence, label):
    """Is the decision the likeliest of all tokens?"""
    rows, places = decision_places(ids)
    return model(input_ids=ids).logits[rows, places - 1].argmax(-1) == decisions[label]


def main():
    _, out = begin("credit_story")
    texts = training(TEXTS, SEED) + without_evidence(UNDECIDED_TEXTS, SEED)
    tokenizer = make_tokenizer(map(story, texts))
    decisions = torch.tensor([tokenizer.token_to_id("Ġ" + label) for label in LABELS])
    model, rows = make_model(tokenizer.get_vocab_size()), encode(tokenizer, texts)
    print(f"{len(rows)} of {len(texts)} texts fit, {tokenizer.get_vocab_size()} entries, "
          f"{sum(p.numel() for p in model.parameters())} parameters")
    train(model, rows, partial(loss_of, decisions), EPOCHS, LEARNING_RATE)

    model.half().float()
    rows = encode(tokenizer, held_out(HELD_OUT_TEXTS, SEED))
    found = accuracy(model, rows, partial(are_right, decisions))
    print(f"accuracy of the decision on {len(rows)} held-out texts: {found:.4f}")
    if found < WANTED_ACCURACY:
        raise SystemExit(f"not written: that is below {WANTED_ACCURACY}")
    save(model.half(), tokenizer, out, bos_token=END, eos_token=END)


if __name__ == "__main__":
    main()
