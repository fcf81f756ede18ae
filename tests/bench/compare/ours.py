"""Limpid as a contestant: the real server, and the real client keeping 32 streams busy."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from support.client import Client
from support.proto import pb
from support.server import Server, binary

# Both are right to about 2e-6 (tests/oracle); a wrong answer would be off by orders of magnitude.
ALLOWED = 1e-4


class LimpidThroughGrpc:
    def __init__(self, folder, streams):
        self.server = Server({"minilm": folder}, "--log-level", "warning")
        self.streams = streams
        self.files = tempfile.TemporaryDirectory(prefix="limpid-bench-")

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *error):
        self.files.cleanup()
        self.server.__exit__(*error)

    def __call__(self, texts):
        """Seconds from the first call to the last answer; the client process's own start is not the service's."""
        path = Path(self.files.name) / f"{len(texts)}.jsonl"
        if not path.exists():
            path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        done = subprocess.run([binary("limpid"), "bench", str(path), "--server", self.server.address, "--streams",
                               str(self.streams), "--method", "saliency", "--attention", "all", "--json"],
                              check=True, stdout=subprocess.PIPE)
        return json.loads(done.stdout)["seconds"]

    def explain(self, text):
        with Client(self.server.address) as client:
            answer = client.explain(pb.ExplainRequest(
                input=pb.Input(text=text), target=pb.Target(mean_output=pb.MeanOutput()),
                methods=[pb.Method(saliency=pb.Saliency())], attention=pb.AttentionSelection()))
        return answer.scores(), [answer.attention[layer] for layer in sorted(answer.attention)]


def check_agreement(limpid, captum, texts):
    """A fast wrong answer is worth nothing: the contestants' answers are compared before they are timed."""
    for text in texts:
        (ours, our_maps), (theirs, their_maps) = limpid.explain(text), captum.explain(text)
        scores = np.abs(ours - theirs).max() / np.abs(theirs).max()
        maps = max(np.abs(a - b).max() for a, b in zip(our_maps, their_maps, strict=True))
        assert scores < ALLOWED and maps < ALLOWED, f"answers differ: scores {scores:.1e}, maps {maps:.1e}: {text!r}"
