"""`make bench`: Limpid beside what one would use instead, on this machine and in this run.

Contestants take turns for several rounds; medians and ratios of medians are printed, and put into
build/bench/results.json. Speeds are texts per second, saliency and all attention maps unless said otherwise, so a ratio
above 1 is in Limpid's favour; latencies are times, and there a ratio below 1 is. Of a server's start (starts.py) the
figures are its own: seconds, and memory relative to the weights.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[1])]

import numpy as np
import texts
import transformers
from cast import Cast
from contests import CONTESTS, RATIOS, contestants_of, matching
from machine import describe_with_pytorch, save
from models import NAMES
from support.paths import BUILD
from torchserve.contestant import Unavailable

RESULTS = BUILD / "bench" / "results.json"
# All are right to about 2e-6 (tests/oracle); a wrong answer would be off by orders of magnitude.
ALLOWED = 1e-4
CHECKED_TEXTS = 2
CHECKED = ("limpid", "engine", "torchserve")
# Unit and scale of each figure.
UNITS = {"texts_per_second": ("texts/s", 1), "forward_per_second": ("texts/s, tokenization not counted", 1),
         "flops_per_second": ("GFLOP/s", 1e-9), "p50_ms": ("ms p50", 1), "p99_ms": ("ms p99", 1),
         "ready_seconds": ("s until SERVING", 1), "beyond_budget_bytes": ("MB at most, less the budget", 1e-6),
         "weights_bytes": ("MB of weights", 1e-6), "pss_bytes": ("MB proportional", 1e-6),
         "loaded_pss_bytes": ("MB proportional", 1e-6)}


def check_agreement(contestants, reference, batch):
    """A fast wrong answer is worth nothing: the contestants' answers are compared before they are timed."""
    for index in range(min(CHECKED_TEXTS, len(batch.lines))):
        scores, maps = reference.explain(batch.lines[index])
        for contestant in contestants:
            got_scores, got_maps = contestant.explain(batch, index)
            off = np.abs(got_scores - scores).max() / np.abs(scores).max()
            maps_off = max(np.abs(a - b).max() for a, b in zip(got_maps or maps, maps, strict=True))
            assert off < ALLOWED and maps_off < ALLOWED, \
                f"{contestant.label}: scores {off:.1e} off, maps {maps_off:.1e}: {batch.lines[index]!r}"


def run_rounds(contestants, batch, rounds):
    """{contestant: {figure: [of each round]}}, after a short round that only warms up."""
    for contestant in contestants.values():
        contestant.turn(batch.head(max(1, len(batch.lines) // 4)))
    figures = {name: {} for name in contestants}
    for number in range(rounds):
        if sys.stdout.isatty():
            print(f"  round {number + 1} of {rounds}", end="\r", flush=True)
        for name, contestant in contestants.items():
            for figure, value in contestant.turn(batch).items():
                figures[name].setdefault(figure, []).append(value)
    return figures


def describe(figure, values):
    unit, scale = UNITS[figure]
    low, middle, high = (scale * value for value in (min(values), statistics.median(values), max(values)))
    return f"{middle:.1f} {unit} ({low:.1f} to {high:.1f})"


def report(contest, ratios, contestants, figures):
    """{key: ratio}"""
    used = list(dict.fromkeys(side for ratio in ratios for side in RATIOS[ratio] if side))
    for name, contestant in contestants.items():
        said = [describe(figure, figures[name][figure]) for who, figure in used if who == name]
        print(f"  {contestant.label:<64} {'; '.join(said)}")
    made = {}
    for ratio in ratios:
        ours, theirs = (statistics.median(figures[side[0]][side[1]]) if side else 1 for side in RATIOS[ratio])
        made[contest.key(ratio)] = ours / theirs
        print(f"  {contest.key(ratio):<64} {ours / theirs:8.2f}")
    return made


def hold(contest, ratios, cast, rounds):
    """Ratios, and what they come of."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(cast.folders[contest.model])
    batch = texts.of(contest, tokenizer)
    print(f"\n{contest.name}: {NAMES[contest.model]}, {texts.describe(contest, batch)}", flush=True)
    contestants = {}
    for name in contestants_of(ratios):
        try:
            contestants[name] = cast.contestant(name, contest.model)
        except Unavailable as reason:
            print(f"  without {name}: {reason}")
    ratios = [ratio for ratio in ratios if all(name in contestants for name in contestants_of([ratio]))]
    explaining = [contestant for name, contestant in contestants.items() if name in CHECKED]
    if explaining:
        check_agreement(explaining, cast.contestant("captum", contest.model), batch)
    figures = run_rounds(contestants, batch, rounds)
    details = {"machine": describe_with_pytorch(), "rounds": rounds, "model": NAMES[contest.model],
               "texts": len(batch.lines), "tokens": batch.tokens, "pytorch_best_batch": contest.best_batch, "figures": figures}
    return report(contest, ratios, contestants, figures), details


def main():
    transformers.logging.disable_progress_bar()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     epilog="ratios: " + ", ".join(RATIOS) + "\ncontests: " +
                                     ", ".join(contest.name for contest in CONTESTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", action="append", default=[], metavar="NAME",
                        help="a contest or a ratio, with its suffix; * stands for anything; may be given again")
    arguments = parser.parse_args()
    chosen = matching(arguments.only)
    if not chosen:
        parser.error(f"nothing is named like {' or '.join(arguments.only)}; --help has the names")

    print(describe_with_pytorch())
    with Cast({contest.model for contest in chosen}) as cast:
        for contest, wanted in chosen.items():
            made, details = hold(contest, wanted, cast, arguments.rounds)
            # After each contest, so that an interrupted run leaves what it has.
            save(RESULTS, made, contests={contest.name: details})
    print(f"\nwritten to {RESULTS}")


if __name__ == "__main__":
    main()
