"""The texts of the comparison: English of mixed length, the same ones in every run."""

import random
from pydoc_data import topics

COUNT = 256
SHORTEST, LONGEST = 7, 256  # tokens, special tokens included
SEED = 20


def make(tokenizer) -> list:
    """256 texts of 7 to 256 tokens (mean about 61, most of them short), cut from Python's language reference."""
    rng = random.Random(SEED)
    words = " ".join(topics.topics[key] for key in sorted(topics.topics)).split()
    words = [word for word in words if word.strip("*-=~^\"'.,:`").isalpha()]
    lengths = [SHORTEST, LONGEST] + [_length(rng) for _ in range(COUNT - 2)]
    rng.shuffle(lengths)
    return [_cut(tokenizer, words, rng.randrange(len(words) - LONGEST), length) for length in lengths]


def _length(rng):
    return min(LONGEST, max(SHORTEST, round(rng.lognormvariate(3.75, 0.85))))


def _cut(tokenizer, words, begin, length):
    """The longest run of whole words from `begin` that is at most `length` tokens."""
    text = " ".join(words[begin:begin + length])
    offsets = tokenizer(text, return_offsets_mapping=True, truncation=True, max_length=length)["offset_mapping"]
    end = offsets[-2][1]
    return text[:end]
