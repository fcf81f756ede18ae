"""`make bench-methods`: texts explained per second by the costly methods, Limpid beside Captum, Inseq and SHAP, on this
machine and in this run; and what the quality block costs.

Contestants take turns for several rounds; ratios of medians are printed, and put into build/bench/results.json beside
those of `make bench`.
"""

import argparse
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np

import ours
import rivals
from compare import texts
from machine import describe_with_pytorch, save
from support.paths import BUILD, minilm
from support.proto import pb

RESULTS = BUILD / "bench" / "results.json"
QUALITY_TOKENS = 60
QUALITY_REPEATS = 9


@dataclass
class Contest:
    key: str
    method: pb.Method
    rival: type
    # How many of the mixed-length texts, and the longest of them: the slow side must end some day.
    count: int
    longest: int = texts.LONGEST
    # Largest difference of the answers, relative to the largest score. None: sampled, only the sum is compared.
    allowed: float | None = 1e-3


CONTESTS = (
    Contest("ig_1e3_vs_captum", ours.IG_1E3, rivals.CaptumIntegratedGradients, 48, allowed=2e-2),
    Contest("ig_1e2_vs_captum", ours.IG_1E2, rivals.CaptumIntegratedGradients, 48, allowed=1e-1),
    Contest("sequential_ig_vs_library", ours.SEQUENTIAL, rivals.InseqSequential, 4, longest=40, allowed=2e-2),
    Contest("kernelshap_vs_captum", ours.KERNEL_SHAP, rivals.CaptumKernelShap, 16, allowed=None),
    Contest("kernelshap_of_visible_vs_captum", ours.KERNEL_SHAP_OF_VISIBLE, rivals.CaptumKernelShapOfVisible, 16,
            allowed=None),
    Contest("occlusion_vs_captum", ours.OCCLUSION, rivals.CaptumOcclusion, 32),
    Contest("partition_shap_vs_shap", ours.PARTITION_SHAP, rivals.ShapPartition, 16),
)


def check_agreement(contest, limpid, rival, text):
    """A fast wrong answer is worth nothing."""
    got, want = np.asarray(limpid.scores(text)), np.asarray(rival.scores(text))
    if contest.allowed is None:
        got, want, allowed = got.sum(), want.sum(), 1e-2
    else:
        allowed = contest.allowed
    difference = np.abs(got - want).max() / np.abs(want).max()
    assert difference <= allowed, f"{contest.key}: answers differ by {difference:.1e}: {text!r}"


def rate(contestant, batch):
    start = time.perf_counter()
    contestant(batch)
    return len(batch) / (time.perf_counter() - start)


def run(contest, limpid, folder, batch, rounds):
    """{contestant's name: texts/s of each round}, and their names: Limpid's, the rival's."""
    ours_, rival = limpid.explainer(contest.method), contest.rival(folder)
    shortest = min(batch, key=len)
    check_agreement(contest, ours_, rival, shortest)
    if isinstance(rival, rivals.Tuned):
        rival.tune(batch[:3])
    rates = {"limpid": [], "rival": []}
    for _ in range(rounds):
        rates["limpid"].append(rate(ours_, batch))
        rates["rival"].append(rate(rival, batch))
    medians = {who: statistics.median(values) for who, values in rates.items()}
    ratio = medians["limpid"] / medians["rival"]
    print(f"{contest.key}: {ratio:.2f} x over {len(batch)} texts", flush=True)
    for who, contestant in (("limpid", ours_), ("rival", rival)):
        print(f"  {medians[who]:9.3f} texts/s ({min(rates[who]):.3f} to {max(rates[who]):.3f})  {contestant.name}")
    return ratio, {"limpid": ours_.name, "rival": rival.name, "texts": len(batch), "texts_per_second": rates,
                   "rounds": rounds, "machine": describe_with_pytorch()}


def quality_cost(limpid, text):
    """Time that the default quality block adds to gradient x input, in units of gradient x input alone: one caller."""
    seconds = {False: [], True: []}
    for _ in range(QUALITY_REPEATS):
        for wanted, values in seconds.items():
            explainer = limpid.explainer(ours.GRADIENT_X_INPUT, pb.Quality() if wanted else None)
            start = time.perf_counter()
            explainer.explain(text)
            values.append(time.perf_counter() - start)
    alone, both = (statistics.median(seconds[wanted]) for wanted in (False, True))
    print(f"quality_cost: {both / alone - 1:.2f} x the attribution ({1e3 * alone:.1f} ms alone, {1e3 * both:.1f} ms with "
          f"the default quality block, {QUALITY_TOKENS} tokens)")
    return both / alone - 1, {"alone_ms": 1e3 * alone, "with_quality_ms": 1e3 * both,
                              "machine": describe_with_pytorch()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=1000, help="at most so many texts a contest")
    parser.add_argument("--only", choices=[*(contest.key for contest in CONTESTS), "quality_cost"], action="append")
    arguments = parser.parse_args()
    print(describe_with_pytorch())

    folder = str(minilm())
    tokenizer = rivals.Transformers(folder, "sdpa").tokenizer
    sized = [(len(tokenizer(text)["input_ids"]), text) for text in texts.make(tokenizer)]
    ratios, details = {}, {}
    with ours.Limpid(folder) as limpid:
        for contest in CONTESTS:
            if arguments.only and contest.key not in arguments.only:
                continue
            batch = [text for length, text in sized if length <= contest.longest]
            batch = batch[:min(contest.count, arguments.texts)]
            ratios[contest.key], details[contest.key] = run(contest, limpid, folder, batch, arguments.rounds)
        if not arguments.only or "quality_cost" in arguments.only:
            _, text = min(sized, key=lambda each: abs(each[0] - QUALITY_TOKENS))
            ratios["quality_cost"], details["quality_cost"] = quality_cost(limpid, text)
    save(RESULTS, ratios, methods=details)
    print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
