"""`make bench`: texts explained per second, Limpid beside what one would use instead, on this machine and in this run.

The contestants take turns for several rounds; medians and ratios of medians are printed, and written to
build/bench/results.json.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import others
import texts
from machine import describe_with_pytorch, save
from ours import LimpidThroughGrpc, check_agreement
from support.paths import BUILD, minilm

STREAMS = 32


def rate(contestant, batch) -> float:
    start = time.perf_counter()
    own_seconds = contestant(batch)
    return len(batch) / (own_seconds or time.perf_counter() - start)


def run_rounds(contestants, batch, rounds):
    for contestant in contestants.values():
        contestant(batch[:64])  # warm-up
    rates = {name: [] for name in contestants}
    for number in range(rounds):
        for name, contestant in contestants.items():
            rates[name].append(rate(contestant, batch))
            print(f"  round {number + 1}/{rounds}  {name:<48} {rates[name][-1]:8.1f} texts/s", flush=True)
    return rates


def report(rates, lengths):
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ours = medians["limpid"]
    ratios = {"explain_vs_pytorch_forward": ours / medians["pytorch_forward"],
              "explain_vs_pytorch_explain": ours / medians["pytorch_explain"],
              "explain_vs_captum": ours / medians["captum"]}
    print(f"\n{describe_with_pytorch()}\n{len(lengths)} texts of {min(lengths)} to {max(lengths)} tokens (mean "
          f"{statistics.mean(lengths):.0f}), all-MiniLM-L6-v2; saliency + all attention maps unless said otherwise\n")
    for name, what in LABELS.items():
        values = sorted(rates[name])
        print(f"  {what:<66} {medians[name]:8.1f} texts/s   ({values[0]:.1f} to {values[-1]:.1f})   Limpid is "
              f"{ours / medians[name]:.2f} x")
    print()
    save(BUILD / "bench" / "results.json", ratios, machine=describe_with_pytorch(), rounds=len(values),
         texts_per_second=medians, all_rounds=rates, texts=len(lengths), mean_tokens=statistics.mean(lengths))


LABELS = {
    "limpid": f"Limpid through gRPC, {STREAMS} concurrent streams",
    "captum": "Captum over Transformers, one at a time",
    "pytorch_explain": f"PyTorch, weights frozen, sorted batches of {others.BATCH}",
    "pytorch_forward": f"PyTorch SDPA plain forward, sorted batches of {others.BATCH}, no explanation",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    folder = str(minilm())
    captum = others.CaptumOneByOne(folder)
    batch = texts.make(captum.fast.tokenizer)
    lengths = [len(captum.fast.tokenizer(text)["input_ids"]) for text in batch]
    with LimpidThroughGrpc(folder, STREAMS) as limpid:
        check_agreement(limpid, captum, batch[:8])
        contestants = {"limpid": limpid, "captum": captum, "pytorch_explain": others.PyTorchSorted(folder),
                       "pytorch_forward": others.PyTorchForward(folder)}
        report(run_rounds(contestants, batch, arguments.rounds), lengths)


if __name__ == "__main__":
    main()
