"""Credit decisions with planted evidence: the demo model's data. Standard library only.

    from credit_text import held_out
    for text in held_out(500, seed=1):
        text.text, text.label, text.evidence   # evidence: the spans that decide the label

Every text has evidence for its label; the rest (names, places, sums, purposes) is drawn without looking at the label.
Some texts also have weaker evidence for the other label, in `counter`. A filling of a template belongs to the held-out
texts alone if the numbers of its chosen values add up to a multiple of HELD_OUT_EVERY, so the evidence and most of the
neutral sentences of `held_out` never occur in `training`.
"""

import random
import re
from dataclasses import dataclass

from credit_phrases import EVIDENCE_FRAMES, HE, NEUTRAL, SHE, SLOTS, STRONG, SURNAMES, WEAK

LABELS = ("declined", "approved")
HELD_OUT_EVERY = 5
MAX_NEUTRAL = 6

# Chances, per text.
ONLY_WEAK = 0.15
SECOND_EVIDENCE = 0.2
COUNTER_EVIDENCE = 0.25


@dataclass(frozen=True)
class Span:
    """Half-open, in UTF-8 bytes and in code points."""

    text: str
    begin_byte: int
    end_byte: int
    begin_char: int
    end_char: int


@dataclass(frozen=True)
class CreditText:
    text: str
    label: str | None  # None where nothing decides
    evidence: tuple[Span, ...]
    counter: tuple[Span, ...]


@dataclass(frozen=True)
class Person:
    name: str
    age: str
    she: str
    her: str

    def words(self, who):
        """What stands for the slots of templates that are filled with the person, called `who`."""
        return {"who": who, "Who": who[0].upper() + who[1:], "age": self.age, "her": self.her}


def training(count: int, seed: int) -> list[CreditText]:
    return _texts(count, seed, is_held_out=False)


def held_out(count: int, seed: int) -> list[CreditText]:
    return _texts(count, seed, is_held_out=True)


def without_evidence(count: int, seed: int) -> list[CreditText]:
    """Training texts in which nothing decides: their label is None."""
    rng = random.Random(f"without evidence {seed}")
    return [_assemble(rng, None, [], is_held_out=False) for _ in range(count)]


def span_of(text: str, part: str) -> Span:
    """The first place of `part` in `text`."""
    begin = text.index(part)
    end = begin + len(part)
    return Span(part, len(text[:begin].encode()), len(text[:end].encode()), begin, end)


def _texts(count, seed, is_held_out):
    rng = random.Random(f"{is_held_out} {seed}")
    return [_text(rng, is_held_out) for _ in range(count)]


def _text(rng, is_held_out):
    label, other = rng.sample(LABELS, 2)
    is_weak = rng.random() < ONLY_WEAK
    phrases = [("evidence", rng.choice((WEAK if is_weak else STRONG)[label]))]
    if rng.random() < SECOND_EVIDENCE:
        phrases.append(("evidence", rng.choice([p for p in STRONG[label] if p != phrases[0][1]])))
    elif not is_weak and rng.random() < COUNTER_EVIDENCE:
        phrases.append(("counter", rng.choice(WEAK[other])))
    return _assemble(rng, label, phrases, is_held_out)


def _assemble(rng, label, phrases, is_held_out):
    """Shuffles evidence among neutral sentences; the person is named first and then mostly by pronoun."""
    person = drawn_person(rng)
    num_neutral = rng.randint(0 if phrases else 1, MAX_NEUTRAL)
    sentences = [(None, neutral) for neutral in rng.sample(NEUTRAL, num_neutral)]
    for kind, phrase in phrases:
        sentences.append((kind, rng.choice(EVIDENCE_FRAMES).replace("{evidence}", phrase)))
    rng.shuffle(sentences)

    text, spans, is_named = "", {"evidence": [], "counter": []}, False
    for kind, template in sentences:
        who = person.she if is_named and rng.random() < 0.6 else rng.choice((person.name, "the applicant"))
        is_named |= who == person.name
        words = person.words(who)
        before, evidence, after = (part.format(**words, **drawn_slots(rng, part, is_held_out))
                                   for part in _split(template))
        text += (" " if text else "") + before
        if kind:
            spans[kind].append((len(text), len(text) + len(evidence)))
        text += evidence + after
    return CreditText(text, label, located(text, spans["evidence"]), located(text, spans["counter"]))


def drawn_person(rng):
    is_woman = rng.random() < 0.5
    name = rng.choice(SHE if is_woman else HE)
    if rng.random() < 0.5:
        name += " " + rng.choice(SURNAMES)
    age = str(rng.randint(21, 67))
    return Person(name, age, "she", "her") if is_woman else Person(name, age, "he", "his")


def _split(template):
    """The template before, in and after its brackets."""
    before, _, rest = template.partition("[")
    evidence, _, after = rest.partition("]")
    return before, evidence, after


def drawn_slots(rng, template, is_held_out):
    """Values for the template's slots, of the filling's part of the data."""
    slots = [slot for slot in re.findall(r"{(\w+)}", template) if slot in SLOTS]
    # Without the offset a value could be missing from training altogether.
    offset = sum(map(ord, template))
    while True:
        chosen = {slot: rng.randrange(len(SLOTS[slot])) for slot in slots}
        if not slots or ((offset + sum(chosen.values())) % HELD_OUT_EVERY == 0) == is_held_out:
            return {slot: SLOTS[slot][i] for slot, i in chosen.items()}


def located(text, places):
    """Spans of the text at these [begin, end) in characters."""
    return tuple(Span(text[begin:end], len(text[:begin].encode()), len(text[:end].encode()), begin, end)
                 for begin, end in sorted(places))
