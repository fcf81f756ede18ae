"""The texts of the comparison: English, the same ones in every run."""

import random
from dataclasses import dataclass
from pydoc_data import topics

COUNT = 256
SHORTEST, LONGEST = 7, 256  # tokens, special tokens included
SEED = 20


@dataclass(frozen=True)
class Texts:
    lines: list  # str
    ids: list  # token ids of each, special tokens included
    best_batch: int  # the size of PyTorch's batches that is fastest for them

    @property
    def tokens(self):
        return sum(map(len, self.ids))

    def head(self, count):
        return Texts(self.lines[:count], self.ids[:count], self.best_batch)


def of(contest, tokenizer) -> Texts:
    if contest.kind == "latency":
        lines = exact(tokenizer, 1, contest.length) * contest.count
    elif contest.length:
        lines = exact(tokenizer, contest.count, contest.length)
    else:
        lines = make(tokenizer)[:contest.count]
    return Texts(lines, tokenizer(lines)["input_ids"], contest.best_batch)


def describe(contest, texts) -> str:
    lengths = [len(ids) for ids in texts.ids]
    if contest.kind == "latency":
        return f"one text of {contest.length} tokens, {contest.count} times"
    if contest.length:
        return f"{contest.count} texts of {contest.length} tokens, PyTorch's best batches {contest.best_batch}"
    mixed = f"{len(lengths)} texts of {min(lengths)} to {max(lengths)} tokens (mean {texts.tokens / len(lengths):.0f})"
    return mixed if contest.kind == "start" else f"{mixed}, PyTorch's best batches {contest.best_batch}"


def exact(tokenizer, count, length) -> list:
    """Texts of `length` tokens each, so that nobody pads."""
    rng, words = random.Random(SEED), _words()
    lines = []
    while len(lines) < count:
        line = _cut(tokenizer, words, rng.randrange(len(words) - length), length)
        if len(tokenizer(line)["input_ids"]) == length:
            lines.append(line)
    return lines


def make(tokenizer) -> list:
    """256 texts of 7 to 256 tokens (mean about 61, most of them short), cut from Python's language reference."""
    rng, words = random.Random(SEED), _words()
    lengths = [SHORTEST, LONGEST] + [_length(rng) for _ in range(COUNT - 2)]
    rng.shuffle(lengths)
    return [_cut(tokenizer, words, rng.randrange(len(words) - LONGEST), length) for length in lengths]


def _words():
    words = " ".join(topics.topics[key] for key in sorted(topics.topics)).split()
    return [word for word in words if word.strip("*-=~^\"'.,:`").isalpha()]


def _length(rng):
    return min(LONGEST, max(SHORTEST, round(rng.lognormvariate(3.75, 0.85))))


def _cut(tokenizer, words, begin, length):
    """The longest run of whole words from `begin` that is at most `length` tokens."""
    text = " ".join(words[begin:begin + length])
    offsets = tokenizer(text, return_offsets_mapping=True, truncation=True, max_length=length)["offset_mapping"]
    end = offsets[-2][1]
    return text[:end]

