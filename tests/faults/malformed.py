"""Requests that no well-meant client sends: each is one call on the wire, made from a seeded random source."""

import random

import grpc

from faults.messages import TEXT, explain
from faults.tally import Tally
from support.proto import pb

SERVICE = "/limpid.v1.Explainer/"
RPCS = ("Explain", "Predict", "Tokenize", "GetModel", "ListModels", "ExplainMany")
# How such a request may end; never UNAVAILABLE, which would be the end of the connection. OK: random bytes may be a message (an unknown field is none of a server's business).
ENDS = ("OK", "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED", "RESOURCE_EXHAUSTED", "INTERNAL", "OUT_OF_RANGE")


def _random_bytes(rng):
    return "Explain", rng.randbytes(rng.choice((0, 1, 7, 60, 1000))), ()


def _damaged(rng):
    data = bytearray(explain(TEXT).SerializeToString())
    for _ in range(rng.randint(1, 6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return rng.choice(RPCS), bytes(data[:rng.randint(1, len(data))]), ()


def _nested(rng):
    """Groups in groups, far beyond what a parser should follow."""
    return "Explain", b"\x3b" * rng.choice((50, 5000)), ()


def _extreme_numbers(rng):
    extreme = (2**31 - 1, -2**31, 0, -1)
    selection = pb.AttentionSelection(layers=rng.choices(extreme, k=50), heads=rng.choices(extreme, k=50))
    ids = pb.TokenIds(ids=rng.choices(extreme, k=rng.choice((1, 10, 5000))), type_ids=rng.choices(extreme, k=3))
    return "Explain", pb.ExplainRequest(input=pb.Input(token_ids=ids), attention=selection).SerializeToString(), ()


def _floats(rng):
    """Infinities and NaNs in fields that this contract may get one day, and in fields that are no floats."""
    nan = b"\x00\x00\xc0\x7f"
    field = rng.choice((b"\x0d", b"\x15", b"\x25", b"\xfd\x7f"))  # wire type 5 under several numbers
    return "Explain", explain(TEXT).SerializeToString() + field + nan, ()


def _thousands_of_methods(rng):
    method = pb.Method(saliency=pb.Saliency())
    return "Explain", explain(TEXT, methods=[method] * rng.choice((17, 3000))).SerializeToString(), ()


def _giant_text(rng):
    size = rng.choice((64 * 1024, 64 * 1024 + 1, 900_000, 1 << 20))
    return rng.choice(("Explain", "Predict", "Tokenize")), explain("x" * size).SerializeToString(), ()


def _strange_text(rng):
    pieces = ("\u202e", "\u200d", "\U0001f469", "\u0301" * 40, "\x01", "\ufdfa", "İ", " ", "a")
    return "Tokenize", pb.TokenizeRequest(input=pb.Input(text="".join(rng.choices(pieces, k=200)))).SerializeToString(), ()


def _strange_metadata(rng):
    return "GetModel", b"", (("grpc-previous-rpc-attempts", rng.choice(("-1", "x", "9" * 40))),
                             ("x-request-id", rng.choice(("", " ", "{}", '"', "%00"))))


def _wrong_path(rng):
    return rng.choice(("Nothing", "", "../Explain", "Explain/", "x" * 2000)), b"", ()


def _empty(rng):
    return rng.choice(RPCS), b"", ()


KINDS = (_random_bytes, _damaged, _nested, _extreme_numbers, _floats, _thousands_of_methods, _giant_text, _strange_text,
         _strange_metadata, _wrong_path, _empty)
# Large ones are rarer, so that there can be many.
WEIGHTS = (10, 10, 3, 6, 5, 2, 1, 6, 5, 5, 5)
assert len(KINDS) == len(WEIGHTS)


def send_huge_metadata(address, count: int) -> Tally:
    """Headers from just allowed to far too large, each on a connection of its own: gRPC's core ends the connection of
    a client whose headers are several times the limit (UNAVAILABLE)."""
    tally = Tally()
    for i in range(count):
        metadata = (("x-request-id", "i" * (300, 7000, 60_000)[i % 3]), ("x-junk-bin", bytes(500)))
        with grpc.insecure_channel(address) as channel:
            call = channel.unary_unary(SERVICE + "GetModel")
            tally.run(lambda: call(b"", timeout=60, metadata=metadata))
    return tally


def _calls(channel, count: int, seed: int):
    """`count` of them, each as a function that makes the call."""
    rng = random.Random(seed)
    for kind in rng.choices(KINDS, WEIGHTS, k=count):
        path, data, metadata = kind(rng)
        stream = channel.stream_stream(SERVICE + path)
        yield lambda: stream(iter([data]), timeout=60, metadata=metadata)


def send(channel, count: int, seed: int) -> Tally:
    """Sends `count` of them one after the other."""
    tally = Tally()
    for call in _calls(channel, count, seed):
        tally.run(call)
    return tally


def refusals(channel, count: int, seed: int):
    """The words of those that were refused."""
    for call in _calls(channel, count, seed):
        try:
            list(call())
        except grpc.RpcError as error:
            yield error.details()
