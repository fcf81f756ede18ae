"""DataFrames, and the examples that run them through Spark and Ray, where these are installed."""

import os
import subprocess
import sys

import pandas as pd
import pytest
from conftest import PACKAGE
from limpid.frames import SPARK_SCHEMA, explain_frame

# An interpreter that has pyspark (and Java), ray and pyarrow.
BULK_PYTHON = os.environ.get("LIMPID_BULK_PYTHON", sys.executable)


def test_a_frame_keeps_its_rows_and_gains_columns(client, text):
    frame = pd.DataFrame({"id": [7, 8, 9], "letter": [text, "", "Savings grew."]}, index=[3, 1, 2])
    explained = explain_frame(client, frame, "letter", granularity="word", model="demo")

    assert list(explained.index) == [3, 1, 2] and list(explained.id) == [7, 8, 9]
    assert [column.split()[0] for column in SPARK_SCHEMA.split(", ")] == list(explained.columns[2:])
    alone = client.explain(text, model="demo", methods="saliency", granularity="word")
    assert explained.pieces[3] == list(alone[0].pieces) and explained.label[3] == "declined"
    assert explained.scores[3] == pytest.approx(alone[0].scores.tolist(), rel=1e-4)
    assert explained.error[3] is None and explained.scores[1] == [] and "input.text" in explained.error[1]


@pytest.mark.parametrize("example, library", [("spark_map_in_pandas", "pyspark"), ("ray_data", "ray")])
def test_an_example_runs(server, example, library):
    if subprocess.run([BULK_PYTHON, "-c", f"import {library}, pyarrow"], capture_output=True).returncode != 0:
        pytest.skip(f"{BULK_PYTHON} has no {library} (client/python/README.md, Working on it)")
    environment = {**os.environ, "LIMPID_SERVER": server.address, "PYTHONPATH": str(PACKAGE / "src"),
                   "PYSPARK_PYTHON": BULK_PYTHON, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run([BULK_PYTHON, PACKAGE / "examples" / f"{example}.py"], env=environment, capture_output=True,
                          text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-4000:]
    rows = [line for line in done.stdout.splitlines() if line[:2] in ("0 ", "1 ", "2 ")]
    assert "declined" in rows[0] and "'missed': " in rows[0] and "approved" in rows[1] and "input.text" in rows[2]
