"""Tokens and offsets are exactly those of Hugging Face's fast tokenizer."""

import pytest
import tokenizers

from oracle.texts import ODD, PAIRS
from support.proto import pb

MODELS = ("minilm", "demo", "two-classes", "one-head", "roberta", "xlm-roberta")


@pytest.fixture(scope="module")
def hugging_face(model_folders):
    def load(name, max_tokens=None, strategy="longest_first"):
        made = tokenizers.Tokenizer.from_file(str(model_folders[name] / "tokenizer.json"))
        made.no_padding()
        made.no_truncation()
        if max_tokens:
            made.enable_truncation(max_tokens, strategy=strategy)
        return made

    return load


def expected(tokenizer, encoding, texts):
    """One tuple a token: the vocabulary's spelling, id, special, sequence, word, bytes, characters."""
    rows = []
    spellings = map(tokenizer.id_to_token, encoding.ids)
    fields = zip(spellings, encoding.ids, encoding.special_tokens_mask, encoding.sequence_ids, encoding.word_ids,
                 encoding.offsets)
    for spelling, token_id, special, sequence, word, (begin, end) in fields:
        if sequence is None:
            rows.append((spelling, token_id, True, -1, -1, (0, 0), (0, 0)))
            continue
        text = texts[sequence]
        bytes_range = (len(text[:begin].encode()), len(text[:end].encode()))
        rows.append((spelling, token_id, bool(special), sequence, word, bytes_range, (begin, end)))
    return rows


def answered(tokens):
    return [(t.text, t.id, t.is_special, t.sequence, t.word, (t.begin_byte, t.end_byte), (t.begin_char, t.end_char))
            for t in tokens]


def tokenize(client, model, text, pair=None, truncation=pb.TRUNCATION_LONGEST_FIRST):
    content = {"text": text, "truncation": truncation} | ({} if pair is None else {"text_pair": pair})
    return client.stub.Tokenize(pb.TokenizeRequest(model=model, input=pb.Input(**content)), timeout=30)


@pytest.mark.parametrize("model", MODELS)
def test_odd_texts_have_the_tokens_and_offsets_of_hugging_face(client, hugging_face, model):
    limit = client.model(model).limits.max_tokens
    whole, cut = hugging_face(model), hugging_face(model, limit)

    wrong = []
    for text in ODD:
        answer = tokenize(client, model, text)
        if answered(answer.tokens) != expected(cut, cut.encode(text), [text]):
            wrong.append(text)
        assert answer.truncated == (len(whole.encode(text)) > limit), repr(text[:40])

    assert len(ODD) >= 100
    assert not wrong, f"{len(wrong)} of {len(ODD)} texts differ, first {wrong[0]!r}"


@pytest.mark.parametrize("model", ("minilm", "two-classes", "one-head", "roberta", "xlm-roberta"))
def test_pairs_have_the_tokens_and_offsets_of_hugging_face(client, hugging_face, model):
    whole = hugging_face(model, client.model(model).limits.max_tokens)
    for text, pair in PAIRS:
        answer = tokenize(client, model, text, pair)
        assert answered(answer.tokens) == expected(whole, whole.encode(text, pair), [text, pair]), (text, pair)


@pytest.mark.parametrize("strategy, truncation", [
    ("longest_first", pb.TRUNCATION_LONGEST_FIRST), ("only_first", pb.TRUNCATION_ONLY_FIRST),
    ("only_second", pb.TRUNCATION_ONLY_SECOND)])
def test_a_pair_is_shortened_as_hugging_face_does(client, hugging_face, strategy, truncation):
    model, limit = "three-heads", client.model("three-heads").limits.max_tokens
    first, second = "my dog is cute and the " * (1 if strategy == "only_second" else 8), "loan was late " * (
        1 if strategy == "only_first" else 9)
    answer = tokenize(client, model, first, second, truncation)
    assert answer.truncated and len(answer.tokens) == limit
    tokenizer = hugging_face(model, limit, strategy)
    assert answered(answer.tokens) == expected(tokenizer, tokenizer.encode(first, second), [first, second])


def test_offsets_cut_the_word_out_of_the_original_bytes(client):
    text = "naïve 世界 😀 café"
    tokens = tokenize(client, "minilm", text).tokens
    cut = [text.encode()[t.begin_byte:t.end_byte].decode() for t in tokens if not t.is_special]
    assert cut[-1] == "café" and "世" in cut and "naïve" in cut
    assert cut == [text[t.begin_char:t.end_char] for t in tokens if not t.is_special]
