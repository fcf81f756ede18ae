#!/usr/bin/env python3
"""Explains a column of texts in Ray Data. Needs: pip install limpid-client[pandas] 'ray[data]'.

    LIMPID_SERVER=127.0.0.1:50051 python examples/ray_data.py
"""

import pandas as pd
import ray
from limpid import Client
from limpid.frames import explain_frame

TEXTS = ["Income is stable, but two payments were missed.", "Savings grew, and the loan was paid back early.", ""]


class Explain:
    """An actor: one connection for all its batches."""

    def __init__(self) -> None:
        self.client = Client()

    def __call__(self, frame: pd.DataFrame) -> pd.DataFrame:
        return explain_frame(self.client, frame, granularity="word")


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    texts = ray.data.from_pandas(pd.DataFrame({"id": range(len(TEXTS)), "text": TEXTS}))
    explained = texts.map_batches(Explain, batch_format="pandas", batch_size=2, concurrency=1)
    for row in sorted(explained.take_all(), key=lambda row: row["id"]):
        print(row["id"], row["label"], row["error"] or {piece: round(float(score), 3)
                                                       for piece, score in zip(row["pieces"], row["scores"])})
    ray.shutdown()
