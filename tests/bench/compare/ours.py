"""Limpid as a contestant: the real server with the real client, and the engine alone in a process of its own."""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from support.client import Client
from support.proto import pb
from support.server import Server, binary

STREAMS = 32


class LimpidServer:
    """Serves these models, {name: folder}, until it is closed."""

    def __init__(self, models, *flags):
        # The limit on the wait is out of the way: a slow machine may take all streams' texts of the large model longer.
        self.server = Server(models, "--log-level", "warning", "--max-queue-seconds", 600, *flags).__enter__()
        self.files = tempfile.TemporaryDirectory(prefix="limpid-bench-")

    def close(self):
        self.files.cleanup()
        self.server.__exit__()

    def bench(self, model, texts, *flags) -> dict:
        """What `limpid bench` says. Its seconds are from the first call to the last answer: the start of the client's
        process is not the service's."""
        path = Path(self.files.name) / "texts.jsonl"
        path.write_text("".join(json.dumps({"text": line}) + "\n" for line in texts.lines))
        command = [binary("limpid"), "bench", path, "--server", self.server.address, "--model", model, "--json", *flags]
        return json.loads(subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE).stdout)["stages"][0]

    def explain(self, model, text):
        with Client(self.server.address) as client:
            answer = client.explain(pb.ExplainRequest(
                model=model, input=pb.Input(text=text), target=pb.Target(mean_output=pb.MeanOutput()),
                methods=[pb.Method(saliency=pb.Saliency())], attention=pb.AttentionSelection()))
        return answer.scores(), [answer.attention[layer] for layer in sorted(answer.attention)]


class ThroughGrpc:
    explains = ("--target", "mean", "--method", "saliency", "--attention", "all", "--attention-encoding", "fp16")

    def __init__(self, server, model):
        self.server, self.model = server, model

    def turn(self, texts):
        result = self.server.bench(self.model, texts, *self.flags)
        return {"texts_per_second": result["texts_per_second"], "p50_ms": result["latency_ms"]["p50"],
                "p99_ms": result["latency_ms"]["p99"]}


class Limpid(ThroughGrpc):
    label = f"Limpid through gRPC, {STREAMS} streams, maps in fp16"
    flags = ("--streams", STREAMS, *ThroughGrpc.explains)

    def explain(self, texts, index):
        return self.server.explain(self.model, texts.lines[index])


class LimpidPredicts(ThroughGrpc):
    label = f"Limpid's prediction alone through gRPC, {STREAMS} streams"
    flags = ("--streams", STREAMS, "--predict")


class LimpidAlone(ThroughGrpc):
    label = "Limpid through gRPC, one call at a time, maps in fp16"
    flags = ("--streams", 1, *ThroughGrpc.explains)


class Engine:
    """The engine by itself, on token ids, in batches as the server makes them; it keeps its texts between turns."""

    label = "Limpid's engine alone, in-process, tokenized texts"

    def __init__(self, folder, threads):
        self.process = subprocess.Popen([binary("limpid_engine_contestant"), folder, str(threads)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.texts = None

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0, "the engine's process failed"

    def ask(self, command) -> dict:
        print(command, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer, f"the engine's process ended: {self.process.wait()}"
        return json.loads(answer)

    def read(self, texts):
        if texts is self.texts:
            return
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(texts.ids, file)
            file.flush()
            self.flops = self.ask(f"texts {file.name}")["flops"]
        self.texts = texts

    def turn(self, texts):
        self.read(texts)
        seconds = self.ask("explain")["seconds"]
        return {"texts_per_second": len(texts.lines) / seconds, "flops_per_second": self.flops / seconds}

    def explain(self, texts, index):
        self.read(texts)
        answer = self.ask(f"answer {index}")
        length = len(texts.ids[index])
        maps = [np.reshape(layer, (-1, length, length)) for layer in answer["attention"]]
        return np.array(answer["saliency"]), maps


class MatrixProduct:
    """The machine's fp32 peak, measured in the engine's process."""

    label = "the machine's fp32 matrix product, same process and threads"

    def __init__(self, engine):
        self.engine = engine

    def turn(self, texts):
        return {"flops_per_second": self.engine.ask("peak")["flops_per_second"]}
