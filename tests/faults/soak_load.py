"""One process of the soak's steady load: requests of all kinds and sizes until its input closes, then its tally.

    python soak_load.py HOST:PORT SEED        # prints one JSON object: {kind: {"sent": n, "ends": {status: n}}}
"""

import json
import random
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import grpc

from faults import messages
from faults.tally import Tally
from support.client import Client
from support.proto import pb

THREADS = 2
# Between two requests of a thread: the load is steady, not all that the machine can do.
MAX_PAUSE_SECONDS = 0.15
TIMEOUT_SECONDS = 120


def words(rng):
    return "The committee read the file again and asked for one more paper. " * rng.randint(1, 20)


def explain(client, rng, tally):
    request = messages.explain(words(rng), rng.choice(("demo", "minilm")), methods=messages.METHODS[:rng.randint(0, 4)],
                               granularity=rng.choice((pb.GRANULARITY_TOKEN, pb.GRANULARITY_WORD)))
    tally.run(lambda: client.stub.Explain(request, timeout=TIMEOUT_SECONDS))


def explain_with_maps(client, rng, tally):
    selection = pb.AttentionSelection(mean_over_heads=rng.random() < 0.5, layers=rng.choice(((), (-1,), (0, 1))),
                                      top_k=rng.choice((0, 0, 8)))
    request = messages.explain(words(rng), rng.choice(("demo", "minilm")), attention=selection)
    tally.run(lambda: client.stub.Explain(request, timeout=TIMEOUT_SECONDS))


def explain_many(client, rng, tally):
    """Each request of the stream is counted by itself."""
    asked = [pb.ExplainManyRequest(id=str(i), request=messages.explain(words(rng))) for i in range(rng.randint(1, 20))]
    under_way = {message.id for message in asked}
    for _ in asked:
        tally.begin()
    name = "LOST"
    try:
        for message in client.stub.ExplainMany(iter(asked), timeout=TIMEOUT_SECONDS):
            if message.WhichOneof("outcome") == "failure":
                end = next(code for code in grpc.StatusCode if code.value[0] == message.failure.code).name
            elif message.response.WhichOneof("part") == "summary":
                end = "OK"
            else:
                continue
            under_way.remove(message.id)
            tally.end(end)
    except grpc.RpcError as error:
        name = error.code().name
    for _ in under_way:
        tally.end(name)


def predict(client, rng, tally):
    request = messages.predict(words(rng), rng.choice(("demo", "minilm")))
    tally.run(lambda: client.stub.Predict(request, timeout=TIMEOUT_SECONDS))


def tokenize(client, rng, tally):
    request = messages.tokenize(words(rng))
    tally.run(lambda: client.stub.Tokenize(request, timeout=TIMEOUT_SECONDS))


KINDS = (explain, explain_with_maps, explain_many, predict, tokenize)
WEIGHTS = (6, 2, 1, 6, 6)


def ask(address, seed, stop, tallies):
    rng = random.Random(seed)
    with Client(address) as client:
        while not stop.wait(rng.uniform(0, MAX_PAUSE_SECONDS)):
            kind, = rng.choices(KINDS, WEIGHTS)
            kind(client, rng, tallies[kind.__name__])


def main():
    address, seed = sys.argv[1], int(sys.argv[2])
    stop, tallies = threading.Event(), {kind.__name__: Tally() for kind in KINDS}
    threads = [threading.Thread(target=ask, args=(address, seed * 100 + i, stop, tallies)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    print(json.dumps({name: {"sent": tally.sent, "ends": tally.ends} for name, tally in tallies.items()}))


if __name__ == "__main__":
    main()
