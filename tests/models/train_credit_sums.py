"""Makes tests/models/credit_labels and credit_answers: tiny ModernBERTs that know the sums of money in a credit text.

    python tests/models/train_credit_sums.py credit_labels|credit_answers [--out FOLDER]

The one labels each token of a sum with what the sum is; the other answers the question for one of them. The same seed on
the same machine gives the same weights; some minutes on one core. How the model's reasons stay where they were planted
is told in training.py. A sum whose evidence was masked is taught as undecided: any label, any sum as the answer. Nothing
is written unless the model, rounded to fp16 as it is stored, is right on held-out texts.
"""

import torch
from torch.nn.functional import cross_entropy, one_hot
from transformers import ModernBertConfig, ModernBertForQuestionAnswering, ModernBertForTokenClassification

from credit_sums import ROLES, held_out, training
from training import (CLS, MASK, NAMES_OF_SPECIAL, PAD, SEED, SEP, accuracy, are_special, begin, make_tokenizer,
                      overlaps, roughened, save, train)

MAX_TOKENS = 128
LABELS = ("O", *ROLES)
# Evidence has the number of its role's label, or this.
OF_QUESTION = len(LABELS)

TEXTS = 12_000
LEARNING_RATE = 3e-3
# Chance that a token which is no evidence is masked.
MASKED_OTHER = 0.15

HELD_OUT_TEXTS = 2000
WANTED_ACCURACY = 0.97


def make_model(kind, vocab_size, layers, **labels):
    """What a sum is stands near it, and rotary positions know at once what is near: BERT's, learnt from nothing, had not
    got there after three epochs."""
    return kind(ModernBertConfig(
        vocab_size=vocab_size, hidden_size=64, num_hidden_layers=layers, num_attention_heads=4, intermediate_size=128,
        max_position_embeddings=MAX_TOKENS, global_attn_every_n_layers=1, initializer_range=0.05, pad_token_id=PAD,
        cls_token_id=CLS, bos_token_id=CLS, sep_token_id=SEP, eos_token_id=SEP, **labels))


def encode(tokenizer, texts, with_question):
    """[(ids, is of the credit text, evidence that a token is in, label of the sum that it is in, label asked for)]"""
    rows = []
    sent = [(text.question.text, text.text) if with_question else text.text for text in texts]
    for text, encoding in zip(texts, tokenizer.encode_batch(sent)):
        evidence, sums = [0] * len(encoding.ids), [0] * len(encoding.ids)
        of_text = [sequence == with_question for sequence in encoding.sequence_ids]
        for token, offsets in enumerate(encoding.offsets):
            if not of_text[token]:
                evidence[token] = OF_QUESTION * overlaps(offsets, text.question.evidence)
                continue
            for role, of_role in text.sums.items():
                evidence[token] += LABELS.index(role) * overlaps(offsets, of_role.evidence)
                sums[token] += LABELS.index(role) * overlaps(offsets, [of_role.amount])
        rows.append((encoding.ids, of_text, evidence, sums, LABELS.index(text.question.role)))
    return rows


def mask(ids, evidence, chance):
    """Takes evidence out whole with this chance, other tokens out of all texts: (ids, which evidence is lost)"""
    loses = torch.rand(len(ids), OF_QUESTION + 1) < chance
    loses[:, 0] = False
    others = (evidence == 0) & ~are_special(ids) & (torch.rand(ids.shape) < MASKED_OTHER)
    return ids.masked_fill(loses.gather(1, evidence) | others, MASK), loses


def loss_of_labels(model, ids, of_text, evidence, sums, asked):
    masked, loses = mask(ids, evidence, 0.15)
    wanted = one_hot(sums, len(LABELS)).float()
    wanted[loses.gather(1, sums)] = torch.tensor([0.0] + [1 / len(ROLES)] * len(ROLES))
    logits = model(**roughened(model, masked), attention_mask=(ids != PAD).long()).logits
    return cross_entropy(logits[ids != PAD], wanted[ids != PAD])


def ends(sums):
    """Where a sum begins, and where one ends."""
    nothing = torch.zeros_like(sums[:, :1])
    before, behind = torch.cat([nothing, sums[:, :-1]], 1), torch.cat([sums[:, 1:], nothing], 1)
    return (sums != 0) & (before == 0), (sums != 0) & (behind == 0)


def loss_of_answers(model, ids, of_text, evidence, sums, asked):
    """On the side the tokens of sums learn what they are and what is asked for: from answers alone the model had learnt
    where sums are, and not which is meant, after eight epochs."""
    masked, loses = mask(ids, evidence, 0.08)
    hidden = model.model(**roughened(model, masked), attention_mask=(ids != PAD).long()).last_hidden_state
    may = (sums == asked[:, None]) | loses.gather(1, asked[:, None]) | loses[:, OF_QUESTION:]
    loss = 0
    for logits, is_end in zip(model.classifier(model.head(hidden)).unbind(-1), ends(sums)):
        wanted = (is_end & may).float()
        loss = loss + cross_entropy(logits.masked_fill(ids == PAD, -1e4), wanted / wanted.sum(1, keepdim=True))
    for beside, known in zip(model.beside(hidden[sums != 0]).chunk(2, -1), (sums, asked[:, None].expand_as(sums))):
        loss = loss + cross_entropy(beside, known[sums != 0])
    return loss


def are_rightly_labelled(model, ids, of_text, evidence, sums, asked):
    labels = model(input_ids=ids, attention_mask=(ids != PAD).long()).logits.argmax(-1)
    return ((labels == sums) | ~of_text).all(1)


def are_rightly_answered(model, ids, of_text, evidence, sums, asked):
    """The likeliest begin and end in the text, not in the question."""
    found = model(input_ids=ids, attention_mask=(ids != PAD).long())
    right = True
    for logits, is_end in zip((found.start_logits, found.end_logits), ends(sums)):
        chosen = logits.masked_fill(~of_text, -torch.inf).argmax(1)
        right = right & (is_end & (sums == asked[:, None])).gather(1, chosen[:, None])[:, 0]
    return right


def main():
    name, out = begin("credit_labels", "credit_answers")
    answers = name == "credit_answers"
    texts = training(TEXTS, SEED)
    tokenizer = make_tokenizer([t.text for t in texts] + [t.question.text for t in texts if answers])
    if answers:
        model = make_model(ModernBertForQuestionAnswering, tokenizer.get_vocab_size(), layers=3)
        model.beside = torch.nn.Linear(model.config.hidden_size, 2 * len(LABELS))
    else:
        model = make_model(ModernBertForTokenClassification, tokenizer.get_vocab_size(), layers=2,
                           id2label=dict(enumerate(LABELS)), label2id={label: i for i, label in enumerate(LABELS)})
    rows = encode(tokenizer, texts, answers)
    print(f"{len(texts)} texts of up to {max(len(row[0]) for row in rows)} tokens, {tokenizer.get_vocab_size()} entries")
    train(model, rows, loss_of_answers if answers else loss_of_labels, 6 if answers else 8, LEARNING_RATE)
    if answers:
        del model.beside

    model.half().float()
    found = accuracy(model, encode(tokenizer, held_out(HELD_OUT_TEXTS, SEED), answers),
                     are_rightly_answered if answers else are_rightly_labelled)
    print(f"{sum(p.numel() for p in model.parameters())} parameters; "
          f"all right in {found:.4f} of {HELD_OUT_TEXTS} held-out texts")
    if found < WANTED_ACCURACY:
        raise SystemExit(f"not written: that is below {WANTED_ACCURACY}")
    save(model.half(), tokenizer, out, **NAMES_OF_SPECIAL)


if __name__ == "__main__":
    main()
