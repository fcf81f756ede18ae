"""Clients that behave badly: they vanish, never read, never speak, are in too much of a hurry."""

import contextlib
import random
import socket
import subprocess
import sys
import time

from faults.messages import explain, large, long
from faults.tally import Tally
from support.paths import REPO

# The end of a request whose client is no more.
KILLED = "KILLED"
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
EMPTY_SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
# What a peer may say before it falls silent: nothing, half a preface, a preface, and half a frame.
FIRST_WORDS = (b"", HTTP2_PREFACE[:10], HTTP2_PREFACE + EMPTY_SETTINGS,
               HTTP2_PREFACE + EMPTY_SETTINGS + b"\x00\x00\x40\x01\x04\x00\x00\x00\x01half")

# Opens streams of 75 MB that it does not read, says so, and waits to be killed.
_VICTIM = """
import sys, time
sys.path.insert(0, {tests!r})
from faults.messages import large
from support.client import Client
client = Client(sys.argv[1])
calls = [client.stub.Explain(large(), timeout=120) for _ in range(int(sys.argv[2]))]
for call in calls:
    next(call)
print("streaming", flush=True)
time.sleep(600)
"""


def killed_mid_stream(address: str, streams: int) -> Tally:
    """A client process that is killed while `streams` answers are on their way to it."""
    tally = Tally()
    script = _VICTIM.format(tests=str(REPO / "tests"))
    victim = subprocess.Popen([sys.executable, "-c", script, address, str(streams)], stdout=subprocess.PIPE, text=True)
    try:
        assert victim.stdout.readline() == "streaming\n", "the client did not come to stream"
    finally:
        victim.kill()
        victim.wait()
        victim.stdout.close()
    for _ in range(streams):
        tally.begin()
        tally.end(KILLED)
    return tally


@contextlib.contextmanager
def silent_connections(address: str, count: int):
    """Connections whose other end says little or nothing, while the block runs."""
    host, port = address.rsplit(":", 1)
    with contextlib.ExitStack() as stack:
        for i in range(count):
            peer = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            peer.sendall(FIRST_WORDS[i % len(FIRST_WORDS)])
        yield


@contextlib.contextmanager
def unread_streams(client, count: int):
    """Answers of 75 MB each of which only the first part is read, while the block runs; cancelled at its end. The block
    gets their tally, which is complete afterwards."""
    tally, calls = Tally(), []
    for _ in range(count):
        tally.begin()
        calls.append(client.stub.Explain(large(), timeout=120))
    for call in calls:
        next(call)
    try:
        yield tally
    finally:
        for call in calls:
            call.cancel()
            tally.end(call.code().name)


def aborted(client, count: int, seed: int) -> Tally:
    """Answers given up at a random moment: at once, while they are computed, after the first part."""
    rng, tally = random.Random(seed), Tally()
    request = explain()
    for _ in range(count):
        tally.begin()
        call = client.stub.Explain(request, timeout=60)
        moment = rng.random()
        if moment < 0.2:
            next(call)
        elif moment < 0.8:
            time.sleep(rng.uniform(0, 0.002))
        call.cancel()
        tally.end(call.code().name)
    return tally


def hasty(client, count: int, seconds: float = 0.001) -> Tally:
    """Requests whose deadline comes before the answer can."""
    tally = Tally()
    for _ in range(count):
        tally.run(lambda: client.stub.Explain(long(), timeout=seconds))
    return tally
