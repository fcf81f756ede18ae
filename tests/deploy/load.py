"""A program: eight callers that ask for explanations, one after the other, until standard input ends. It writes a line
when it begins, and at the end one of JSON that says how the calls ended. A program, since the Python client and the tests' own messages are both named `limpid`.

    python load.py client TARGET                  as limpid-client retries
    python load.py service-config TARGET CONFIG   as gRPC does with that service config
"""

import collections
import json
import sys
import threading
import time

import grpc
import limpid
import limpid.client
import limpid.retry
from limpid.v1 import explain_pb2 as pb
from limpid.v1 import explain_pb2_grpc as rpc

CALLERS = 8
TIMEOUT = 20
TEXT = "She has missed three payments and defaulted on a car loan."
# Enough work for a stream to be broken in its middle.
METHOD, STEPS = "integrated_gradients", 64
# ARCHITECTURE.md: the same text in another batch.
TOLERANCE = 1e-5

counts = collections.Counter()
lock = threading.Lock()


def count(what):
    with lock:
        counts[what] += 1


class CountedAttempts(limpid.retry.Attempts):
    def wait_after(self, error):
        wait = super().wait_after(error)
        count(f"again after {error.code.name}")
        return wait


class ByClient:
    def __init__(self, target):
        limpid.client.Attempts = CountedAttempts
        self.client = limpid.Client(target, timeout=TIMEOUT)

    def ask(self):
        return self.client.explain(TEXT, methods=limpid.Method(METHOD, steps=STEPS)).attributions[0].scores


class ByServiceConfig:
    """gRPC makes a call again until its answer has begun; one that breaks off afterwards is the caller's to repeat."""

    def __init__(self, target, config):
        self.stub = rpc.ExplainerStub(grpc.insecure_channel(target, [("grpc.service_config", config)]))
        integrated_gradients = pb.IntegratedGradients(steps=STEPS)
        self.request = pb.ExplainRequest(input=pb.Input(text=TEXT),
                                         methods=[pb.Method(integrated_gradients=integrated_gradients)])

    def ask(self):
        while True:
            parts = []
            try:
                for part in self.stub.Explain(self.request, timeout=TIMEOUT):
                    parts.append(part)
                return next(part.attribution.scores for part in parts if part.WhichOneof("part") == "attribution")
            except grpc.RpcError as error:
                if not parts or error.code() != grpc.StatusCode.UNAVAILABLE:
                    raise
                count("again after a broken answer")


def call_until(ended, ask, expected):
    while not ended.is_set():
        count("sent")
        began = time.monotonic()
        try:
            scores = ask()
            right = len(scores) == len(expected) and all(abs(a - b) <= TOLERANCE for a, b in zip(scores, expected))
            count("ok" if right else "failed: a wrong answer")
        except (limpid.LimpidError, grpc.RpcError) as error:
            code = error.code if isinstance(error, limpid.LimpidError) else error.code()
            count(f"failed: {code.name}")
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
        with lock:
            counts["slowest ms"] = max(counts["slowest ms"], round(1e3 * (time.monotonic() - began)))


def main(how, *where):
    caller = {"client": ByClient, "service-config": ByServiceConfig}[how](*where)
    expected, ended = list(caller.ask()), threading.Event()
    threads = [threading.Thread(target=call_until, args=(ended, caller.ask, expected)) for _ in range(CALLERS)]
    for thread in threads:
        thread.start()
    print("calling", flush=True)
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps(counts))


main(*sys.argv[1:])
