"""Credit texts that name several sums of money, each with planted words that say what it is: the data of models that
label tokens and of models that answer questions. Standard library only.

    from credit_sums import held_out
    for text in held_out(500, seed=1):
        text.text, text.sums["debt"].amount, text.sums["debt"].evidence
        text.question.text, text.question.role, text.question.evidence   # answered by text.sums[role].amount

The sentences are the same for all roles but for the words in brackets. Which fillings belong to the held-out texts
alone is decided as in credit_text, so no sentence with a sum in `held_out` occurs in `training`.
"""

import random
import re
from dataclasses import dataclass

from credit_phrases import NEUTRAL
from credit_text import Span, drawn_person, drawn_slots, located

ROLES = ("debt", "savings", "request")
MAX_NEUTRAL = 2

# Brackets mark the evidence; {verb}, {kind} and {state} are the role's.
FRAMES = (
    "{Who} [{verb}] {amount}.",
    "{Who} [{verb}] about {amount}.",
    "At {age}, {who} [{verb}] {amount}.",
    "In {month}, as a clerk in {city} notes, {who} [{verb}] a sum of {amount}.",
    "The bank in {city} writes that {who} [{verb}] {amount}.",
    "A clerk in {city} notes {amount} [{kind}].",
    "The file from {city} names {amount}, on its second page, [{kind}].",
    "{amount} is [{state}] since {month}.",
    "{amount}, as the file from {city} says, is [{state}].",
)
WORDS = {
    "debt": {"verb": ("owes", "must pay back", "is in debt with"), "kind": ("in unpaid bills", "in debts"),
             "state": ("overdue", "owed to the bank")},
    "savings": {"verb": ("saved", "has put aside", "keeps in reserve"), "kind": ("in savings", "in reserves"),
                "state": ("in the savings account", "put aside")},
    "request": {"verb": ("asks for", "wants to borrow", "applied for"), "kind": ("in a new application", "in loans wanted"),
                "state": ("requested", "applied for")},
}
QUESTIONS = {
    "debt": ("How much does {who} [owe]?", "How large are the [debts]?", "What sum is [unpaid]?"),
    "savings": ("How much did {who} [save]?", "How large are the [savings]?", "What sum is [in reserve]?"),
    "request": ("How much does {who} [ask for]?", "How large is the [requested] loan?", "What sum is [wanted]?"),
}
_NEUTRAL = [sentence for sentence in NEUTRAL if "{amount}" not in sentence]


@dataclass(frozen=True)
class Sum:
    amount: Span
    evidence: tuple[Span, ...]


@dataclass(frozen=True)
class Question:
    text: str
    role: str
    evidence: tuple[Span, ...]


@dataclass(frozen=True)
class SumsText:
    text: str
    sums: dict[str, Sum]  # by role; two or three
    question: Question


def training(count: int, seed: int) -> list[SumsText]:
    return _texts(count, seed, is_held_out=False)


def held_out(count: int, seed: int) -> list[SumsText]:
    return _texts(count, seed, is_held_out=True)


def _texts(count, seed, is_held_out):
    rng = random.Random(f"sums {is_held_out} {seed}")
    return [_text(rng, is_held_out) for _ in range(count)]


def _text(rng, is_held_out):
    person = drawn_person(rng)
    roles = rng.sample(ROLES, rng.randint(2, len(ROLES)))
    sentences = [(role, _of_role(rng, rng.choice(FRAMES), role)) for role in roles]
    sentences += [(None, sentence) for sentence in rng.sample(_NEUTRAL, rng.randint(0, MAX_NEUTRAL))]
    rng.shuffle(sentences)

    text, places, is_named = "", {}, False
    for role, template in sentences:
        who = person.she if is_named and rng.random() < 0.6 else rng.choice((person.name, "the applicant"))
        is_named |= who == person.name
        text, places[role] = _append(text, template, person.words(who) | drawn_slots(rng, template, is_held_out))

    role = rng.choice(roles)
    asked, of_question = _append("", rng.choice(QUESTIONS[role]), person.words(rng.choice((person.name, "the applicant"))))
    sums = {role: Sum(*located(text, places[role]["amount"]), located(text, places[role]["evidence"])) for role in roles}
    return SumsText(text, sums, Question(asked, role, located(asked, of_question["evidence"])))


def _of_role(rng, frame, role):
    for name, words in WORDS[role].items():
        frame = frame.replace("{" + name + "}", rng.choice(words))
    return frame


def _append(text, template, words):
    """The text with the template behind it, and where evidence and amount stand in it."""
    places = {"amount": [], "evidence": []}
    text += " " if text else ""
    for part in re.findall(r"\[[^]]*\]|{amount}|(?:(?!{amount})[^[])+", template):
        begin = len(text)
        text += part.strip("[]").format(**words)
        if part == "{amount}":
            places["amount"].append((begin, len(text)))
        elif part.startswith("["):
            places["evidence"].append((begin, len(text)))
    return text, places
