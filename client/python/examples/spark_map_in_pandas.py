#!/usr/bin/env python3
"""Explains a column of texts in Spark. Needs: pip install limpid-client[pandas] pyspark pyarrow, and Java.

    LIMPID_SERVER=127.0.0.1:50051 python examples/spark_map_in_pandas.py
"""

from collections.abc import Iterator

import pandas as pd
from limpid import Client
from limpid.frames import SPARK_SCHEMA, explain_frame
from pyspark.sql import SparkSession

TEXTS = ["Income is stable, but two payments were missed.", "Savings grew, and the loan was paid back early.", ""]


def explain(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Runs in the workers, once a partition: one connection for all its batches."""
    with Client() as client:
        for frame in frames:
            yield explain_frame(client, frame, granularity="word")


if __name__ == "__main__":
    spark = SparkSession.builder.appName("limpid").getOrCreate()
    texts = spark.createDataFrame(list(enumerate(TEXTS)), "id long, text string").repartition(2)
    explained = texts.mapInPandas(explain, f"id long, text string, {SPARK_SCHEMA}")
    for row in explained.orderBy("id").collect():
        print(row.id, row.label, row.error or dict(zip(row.pieces, (round(score, 3) for score in row.scores))))
    spark.stop()
