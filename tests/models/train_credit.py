"""Makes tests/models/credit: a tiny BERT that decides credit texts, in Hugging Face format.

    python tests/models/train_credit.py [--out FOLDER]

The same seed on the same machine gives the same weights; some minutes on one core. How the model's reasons stay where
they were planted is told in training.py. Texts without evidence, and texts whose evidence was masked, are taught as
undecided.
"""

import torch
from transformers import BertConfig, BertForSequenceClassification

from credit_text import LABELS, held_out, training, without_evidence
from training import (MASK, NAMES_OF_SPECIAL, PAD, SEED, accuracy, are_special, begin, make_tokenizer, overlaps,
                      roughened, save, train)

MAX_TOKENS = 256

TEXTS = 12_000
UNDECIDED_TEXTS = 1_500
EPOCHS = 12
LEARNING_RATE = 2e-3
# Chances: evidence of a text masked whole; any other token masked.
MASKED_EVIDENCE = 0.15
MASKED_OTHER = 0.15


def make_model(vocab_size):
    config = BertConfig(
        vocab_size=vocab_size, hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=256,
        max_position_embeddings=MAX_TOKENS, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
    return BertForSequenceClassification(config)


def encode(tokenizer, texts):
    """[(ids, evidence flags, label)]; the label of an undecided text is -1"""
    rows = []
    for text, encoding in zip(texts, tokenizer.encode_batch([t.text for t in texts])):
        flags = [overlaps(offsets, text.evidence + text.counter) for offsets in encoding.offsets]
        rows.append((encoding.ids, flags, -1 if text.label is None else LABELS.index(text.label)))
    return rows


def mask(ids, evidence, label):
    """Takes the evidence out of some texts, which makes them undecided, and other tokens out of all."""
    loses = torch.rand(len(label)) < MASKED_EVIDENCE
    others = ~evidence & ~are_special(ids) & (torch.rand(ids.shape) < MASKED_OTHER)
    return ids.masked_fill((evidence & loses[:, None]) | others, MASK), label.masked_fill(loses, -1)


def loss_of(model, *batch):
    ids, label = mask(*batch)
    logits = model(**roughened(model, ids), attention_mask=(ids != PAD).long()).logits
    wanted = torch.full_like(logits, 1 / len(LABELS))
    decided = label >= 0
    wanted[decided] = torch.nn.functional.one_hot(label[decided], len(LABELS)).float()
    return torch.nn.functional.cross_entropy(logits, wanted)


def are_right(model, ids, evidence, label):
    return model(input_ids=ids, attention_mask=(ids != PAD).long()).logits.argmax(-1) == label


def main():
    _, out = begin("credit")
    texts = training(TEXTS, SEED) + without_evidence(UNDECIDED_TEXTS, SEED)
    tokenizer = make_tokenizer(t.text for t in texts)
    model = make_model(tokenizer.get_vocab_size())
    print(f"{len(texts)} texts, {tokenizer.get_vocab_size()} tokens, "
          f"{sum(p.numel() for p in model.parameters())} parameters")
    train(model, encode(tokenizer, texts), loss_of, EPOCHS, LEARNING_RATE)

    found = accuracy(model, encode(tokenizer, held_out(2000, SEED)), are_right)
    print(f"accuracy on 2000 held-out texts: {found:.4f}")
    save(model, tokenizer, out, **NAMES_OF_SPECIAL)


if __name__ == "__main__":
    main()
