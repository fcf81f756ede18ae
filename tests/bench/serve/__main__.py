"""How the server holds up under many callers: throughput and latency by concurrency, overload, overhead, fairness.

    make bench-serve      prints the tables; build/bench/serve.json has the numbers

Everything runs on this machine over loopback, clients beside the server; figures are for comparing rows of one run.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[2]), str(HERE.parents[1]), str(HERE.parents[1] / "compare")]

import machine
import texts as corpus
import transformers
from fairness import SHORT, measure_fairness
from support.paths import BUILD, minilm
from support.server import Server, binary

STREAMS = (1, 8, 32, 128, 512)
# What the accepted requests of an overloaded server may take at p99: the wait it allows, and a batch or two.
MAX_QUEUE_SECONDS = 2.0
P99_BOUND_MS = 1000 * MAX_QUEUE_SECONDS + 500
OVERLOAD_SECONDS = 20


class Bench:
    def __init__(self, path: Path, lines: list):
        self.path = path
        self.path.write_text("".join(json.dumps({"text": text}) + "\n" for text in lines))
        self.count = len(lines)

    def run(self, server, *flags) -> dict:
        command = [binary("limpid"), "bench", self.path, "--server", server.address, "--json", "--timeout", 120, *flags]
        # Refusals make it end with an error; they are what some of the runs are about.
        done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return json.loads(done.stdout)["stages"][0]


def by_concurrency(bench: Bench) -> list:
    print("\nConcurrency (saliency, MiniLM, closed loop)")
    print(f"{'streams':>8} {'texts/s':>9} {'of best':>8} {'p50 ms':>9} {'p99 ms':>9} {'failed':>7}")
    rows = []
    # The limit on the wait is out of the way: 512 callers at once are meant to wait.
    with Server({"minilm": minilm()}, "--log-level", "warning", "--max-queue-seconds", 60) as server:
        bench.run(server, "--streams", 32, "--method", "saliency")
        for streams in STREAMS:
            repeat = 1 if streams < 128 else 2 if streams < 512 else 4
            rows.append(bench.run(server, "--streams", streams, "--repeat", repeat, "--method", "saliency"))
    best = max(row["texts_per_second"] for row in rows)
    for row in rows:
        row["of_best"] = row["texts_per_second"] / best
        latency = row["latency_ms"]
        print(f"{row['streams']:>8} {row['texts_per_second']:>9.1f} {row['of_best']:>8.0%} {latency['p50']:>9.1f} "
              f"{latency['p99']:>9.1f} {row['failed']:>7}")
    return rows


def overload(bench: Bench, sustainable: float) -> dict:
    rate = 5 * sustainable
    repeat = max(1, round(rate * OVERLOAD_SECONDS / bench.count))
    with Server({"minilm": minilm()}, "--log-level", "off", "--max-queue-seconds", MAX_QUEUE_SECONDS) as server:
        bench.run(server, "--streams", 32, "--method", "saliency")
        result = bench.run(server, "--streams", 1024, "--rate", rate, "--repeat", repeat, "--method", "saliency")
    refused = result["failures"].get("RESOURCE_EXHAUSTED", {"count": 0, "latency_ms": {"p50": 0, "p90": 0, "p99": 0}})
    print(f"\nOverload: {rate:.0f} calls/s, five times what is sustainable, for {result['seconds']:.0f} s")
    print(f"  answered {result['answered']} ({result['texts_per_second']:.1f}/s, "
          f"{result['texts_per_second'] / sustainable:.0%} of sustainable), p50 {result['latency_ms']['p50']:.0f} ms, "
          f"p99 {result['latency_ms']['p99']:.0f} ms (bound {P99_BOUND_MS:.0f} ms)")
    print(f"  refused  {refused['count']}, after p50 {refused['latency_ms']['p50']:.1f} ms, "
          f"p90 {refused['latency_ms']['p90']:.1f} ms, p99 {refused['latency_ms']['p99']:.1f} ms")
    others = {code: failure["count"] for code, failure in result["failures"].items() if code != "RESOURCE_EXHAUSTED"}
    print(f"  other    {others or 'none'}")
    return result


def overhead(bench: Bench) -> dict:
    with Server({"minilm": minilm()}, "--log-level", "warning") as server:
        bench.run(server, "--streams", 1, "--method", "saliency")
        result = bench.run(server, "--streams", 1, "--method", "saliency")
    beside = result["server_overhead_ms"]
    print(f"\nOne request at a time: the server's time beside the model is {beside['p50']:.2f} ms at p50, "
          f"{beside['p99']:.2f} ms at p99 (a call takes {result['latency_ms']['p50']:.1f} ms)")
    return result


def fairness(short: Bench) -> dict:
    print("\nFairness: four callers of one-row requests (latency)")
    with Server({"minilm": minilm()}, "--log-level", "warning", "--max-queue-seconds", 600,
                "--max-requests-per-stream", 4096) as server:
        short.run(server, "--streams", 4, "--method", "saliency")
        return measure_fairness(short, server)


def main():
    print(machine.describe())
    lines = corpus.make(transformers.AutoTokenizer.from_pretrained(minilm()))
    with tempfile.TemporaryDirectory(prefix="limpid-bench-") as folder:
        bench = Bench(Path(folder) / "mixed.jsonl", lines)
        short = Bench(Path(folder) / "short.jsonl", [SHORT] * 400)
        rows = by_concurrency(bench)
        sustainable = statistics.median(row["texts_per_second"] for row in rows if row["streams"] >= 32)
        results = {"machine": machine.describe(), "concurrency": rows, "overload": overload(bench, sustainable),
                   "overhead": overhead(short), "fairness": fairness(short)}
    out = BUILD / "bench" / "serve.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
