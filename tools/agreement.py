#!/usr/bin/env python3
"""Writes docs/agreement.md from what the oracle tests measured (build/oracle/agreement.json). `make agreement` runs both."""

import json
from collections import defaultdict
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]

HEAD = """# How closely Limpid agrees

Written by `make agreement`: the oracle tests with all twenty texts (`tests/oracle/texts.py`, 1 to 512 tokens; integrals: up to 256 tokens, a row a
token: up to 128, value zeroing and attention flow: up to 64). A difference is the largest over all scores of a text, relative to the largest score of
the reference (methods that subtract two scores F: relative to |F| where that is larger); *median* and *largest* are over the texts. *fp32 itself* is
the largest distance of PyTorch's own fp32 from its fp64 on the same texts: two correct fp32 programs may differ by a small multiple of it. *Of
allowed* is the largest difference as a share of what the test allows (`tests/oracle/tolerances.py` gives each bound with its reason).

## Limpid and the references (PyTorch autograd on Transformers' own model, fp32)
"""

LIBRARIES = """
## The references and the libraries (both in fp64)

That the references mean the same as the libraries: Captum, Inseq, SHAP, LIME, LXT and aopc on small random models and the demo model.
"""


def by_quantity(rows):
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["quantity"]].append(row)
    return sorted(grouped.items())


def number(value):
    return f"{value:.1e}" if value else "0"


def server_table(rows):
    yield "| quantity | model | texts | median | largest | fp32 itself | of allowed |"
    yield "|---|---|---|---|---|---|---|"
    for quantity, models in by_quantity(rows):
        for index, row in enumerate(models):
            yield (f"| {quantity if index == 0 else ''} | {row['model']} | {row['cases']} | {number(row['median'])} | "
                   f"{number(row['max'])} | {number(row['reference_floor_max'])} | {row['of_allowed_max']:.0%} |")


def library_table(rows):
    yield "| quantity | cases | median | largest | allowed |"
    yield "|---|---|---|---|---|"
    for quantity, models in by_quantity(rows):
        yield (f"| {quantity} | {sum(row['cases'] for row in models)} | {number(max(row['median'] for row in models))} | "
               f"{number(max(row['max'] for row in models))} | {number(max(row['allowed_min'] for row in models))} |")


def main():
    measured = json.loads((REPO / "build" / "oracle" / "agreement.json").read_text())
    page = [HEAD, *server_table(measured["server"]), LIBRARIES, *library_table(measured["references"])]
    (REPO / "docs" / "agreement.md").write_text("\n".join(page) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
