"""How a server starts and what it holds: one that is started anew in each turn, and two that share their file of weights.

Times are from the call of exec until the health service says SERVING (asked every 10 ms), with the model's file in the
page cache. Memory is what the kernel says of the process, LibTorch's pages included: VmHWM, the most that was resident
since its start, and Rss and Pss of smaps_rollup.

The server is told a budget, BATCH_BYTES for a pass and ANSWER_BYTES for answers that have not left. `resident_vs_weights`
is what it held at most beyond that budget, after its start and a load of explanations with all maps in STREAMS streams,
relative to the file of weights. It says whether weights and process fit what the budget leaves over, not what they take:
the load does not use all of the budget. `idle_bytes` has weights and process alone, and what the warm-up left.
"""

import time
from contextlib import ExitStack, closing
from pathlib import Path

from ours import STREAMS, LimpidServer, ThroughGrpc

MB = 1 << 20
BATCH_BYTES, ANSWER_BYTES = 256 * MB, 256 * MB
BUDGET = ("--max-batch-bytes", BATCH_BYTES, "--max-answer-bytes", ANSWER_BYTES)


def bytes_of(process, file, field) -> int:
    """A line "field: n kB" of a file in /proc."""
    lines = Path(f"/proc/{process.pid}/{file}").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field + ":")) * 1024


class FreshServer:
    label = f"Limpid started anew, told {(BATCH_BYTES + ANSWER_BYTES) // MB} MiB for passes and answers"

    def __init__(self, folder):
        self.folder = folder

    def turn(self, texts):
        start = time.perf_counter()
        with closing(LimpidServer({"model": self.folder}, *BUDGET)) as server:
            ready = time.perf_counter() - start
            process = server.server.process
            idle, idle_pss = (bytes_of(process, "smaps_rollup", field) for field in ("Rss", "Pss"))
            server.bench("model", texts, "--streams", STREAMS, *ThroughGrpc.explains)
            peak = bytes_of(process, "status", "VmHWM")
            loaded, loaded_pss = (bytes_of(process, "smaps_rollup", field) for field in ("Rss", "Pss"))
        return {"ready_seconds": ready, "idle_bytes": idle, "idle_pss_bytes": idle_pss, "loaded_bytes": loaded,
                "loaded_pss_bytes": loaded_pss, "peak_bytes": peak, "beyond_budget_bytes": peak - BATCH_BYTES - ANSWER_BYTES,
                "weights_bytes": (Path(self.folder) / "model.safetensors").stat().st_size}


class MappedPair:
    """Two servers of one host with the same file."""

    label = "each of two Limpids with --weights mapped"

    def __init__(self, folder):
        self.folder = folder

    def turn(self, texts):
        with ExitStack() as both:
            servers = [both.enter_context(closing(LimpidServer({"model": self.folder}, *BUDGET, "--weights", "mapped")))
                       for _ in range(2)]
            for server in servers:
                server.bench("model", texts, "--streams", STREAMS, *ThroughGrpc.explains)
            first, second = (bytes_of(server.server.process, "smaps_rollup", "Pss") for server in servers)
        return {"first_pss_bytes": first, "second_pss_bytes": second, "pss_bytes": (first + second) / 2}
