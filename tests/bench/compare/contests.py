"""What is compared: which contestants meet over which texts, and the ratios that come of it."""

from dataclasses import dataclass
from fnmatch import fnmatch

TEXTS, FORWARD, FLOPS = "texts_per_second", "forward_per_second", "flops_per_second"

# Name: (contestant, its figure), and what that is divided by, None for a figure by itself. A contest's suffix follows
# the name.
RATIOS = {
    "engine_explain_vs_pytorch_forward": (("engine", TEXTS), ("pytorch_forward", FORWARD)),
    "engine_gemm_share": (("engine", FLOPS), ("matrix_product", FLOPS)),
    "explain_vs_pytorch_forward": (("limpid", TEXTS), ("pytorch_forward", TEXTS)),
    "explain_vs_pytorch_explain": (("limpid", TEXTS), ("pytorch_explain", TEXTS)),
    # The same with PyTorch in batches of the size that is fastest for it here.
    "engine_explain_vs_pytorch_best_forward": (("engine", TEXTS), ("pytorch_best_forward", FORWARD)),
    "explain_vs_pytorch_best_forward": (("limpid", TEXTS), ("pytorch_best_forward", TEXTS)),
    "explain_vs_pytorch_best_explain": (("limpid", TEXTS), ("pytorch_best_explain", TEXTS)),
    "explain_vs_captum": (("limpid", TEXTS), ("captum", TEXTS)),
    "explain_vs_torchserve": (("limpid", TEXTS), ("torchserve", TEXTS)),
    "predict_vs_pytorch_forward": (("limpid_predicts", TEXTS), ("pytorch_forward", TEXTS)),
    "latency_vs_transformers": (("limpid_alone", "p50_ms"), ("transformers_alone", "p50_ms")),
    "latency_vs_transformers_p99": (("limpid_alone", "p99_ms"), ("transformers_alone", "p99_ms")),
    "ready_seconds": (("fresh_server", "ready_seconds"), None),
    "resident_vs_weights": (("fresh_server", "beyond_budget_bytes"), ("fresh_server", "weights_bytes")),
    "mapped_pss_vs_read": (("mapped_pair", "pss_bytes"), ("fresh_server", "loaded_pss_bytes")),
}
PYTORCH = ("engine_explain_vs_pytorch_forward", "engine_gemm_share", "explain_vs_pytorch_forward",
           "explain_vs_pytorch_explain", "predict_vs_pytorch_forward", "engine_explain_vs_pytorch_best_forward",
           "explain_vs_pytorch_best_forward", "explain_vs_pytorch_best_explain")
START = ("ready_seconds", "resident_vs_weights", "mapped_pss_vs_read")
LATENCY = ("latency_vs_transformers", "latency_vs_transformers_p99")


@dataclass(frozen=True)
class Contest:
    kind: str  # "explain": many texts, for speed; "latency": one text again and again; "start": of a server (starts.py)
    model: str
    count: int  # texts or repetitions: as many as end in seconds
    length: int | None = None  # tokens of each text; None: mixed lengths
    best_batch: int = 32  # of PyTorch: about the fastest of 1 to 64 for these texts
    ratios: tuple = PYTORCH

    @property
    def suffix(self):
        model = "" if self.model == "minilm" else f"_{self.model}"
        return model + (f"_len{self.length}" if self.kind == "explain" and self.length else "")

    @property
    def name(self):
        return self.kind + self.suffix

    def key(self, ratio):
        return ratio + self.suffix


CONTESTS = (
    Contest("explain", "minilm", 256, best_batch=16, ratios=(*PYTORCH, "explain_vs_captum", "explain_vs_torchserve")),
    Contest("explain", "minilm", 256, length=32),
    Contest("explain", "minilm", 32, length=128, best_batch=8),
    Contest("explain", "minilm", 8, length=512, best_batch=4),
    Contest("explain", "bert_base", 24, best_batch=4, ratios=(*PYTORCH, "explain_vs_captum")),
    Contest("explain", "bert_base", 64, length=32),
    Contest("explain", "bert_base", 16, length=128, best_batch=8),
    Contest("explain", "bert_base", 4, length=512, best_batch=2),
    Contest("latency", "minilm", 300, length=16, ratios=LATENCY),
    Contest("latency", "bert_base", 100, length=16, ratios=LATENCY),
    Contest("start", "minilm", 256, ratios=START),
    Contest("start", "bert_base", 24, ratios=START),
)


def contestants_of(ratios) -> list:
    return list(dict.fromkeys(side[0] for ratio in ratios for side in RATIOS[ratio] if side))


def matching(patterns) -> dict:
    """{contest: its ratios} whose key, or whose contest's name, is like one of the patterns; all without patterns."""
    def is_wanted(contest, ratio):
        names = (contest.name, contest.key(ratio))
        return not patterns or any(fnmatch(name, pattern) for name in names for pattern in patterns)

    found = {contest: [ratio for ratio in contest.ratios if is_wanted(contest, ratio)] for contest in CONTESTS}
    return {contest: ratios for contest, ratios in found.items() if ratios}
