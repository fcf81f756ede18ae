#!/usr/bin/env python3
"""Writes docs/agreement.md and docs/models.md from what the oracle tests measured (build/oracle/agreement.json).
`make agreement` runs both."""

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


MODELS = """# Models

Written by `make agreement`. Each row is a head of an architecture that ran, with random weights of an odd shape or trained ones, beside Transformers on
the same texts: the largest difference of any of them, relative to the largest value of the reference (attention: absolute), and behind it how much of
what the test allows that is (`tests/oracle/tolerances.py`). Methods that read the prediction, a gradient or the attention follow from these columns; each
is compared by itself in [agreement.md](agreement.md). A folder of any other architecture is refused by name, with the list of those that run.
"""
# Column -> quantities, of each the worst counts.
COLUMNS = {"prediction": ("logits", "embedding", "target value"), "attention maps": ("attention (absolute)",),
           "gradients": ("saliency", "gradient_x_input"),
           "attention's gradients": ("gradient_weighted_attention", "gradient_x_attention", "head_importance"),
           "generation": ("generated",)}


def models_table(measured):
    yield "| architecture | output | " + " | ".join(COLUMNS) + " |"
    yield "|---" * (len(COLUMNS) + 2) + "|"
    by_architecture = defaultdict(list)
    for name, model in measured["models"].items():
        by_architecture[model["architecture"], model["task"]].append(name)
    for (architecture, task), names in sorted(by_architecture.items()):
        rows = [row for row in measured["server"] if row["model"] in names]
        cells = [worst([row for row in rows if row["quantity"].startswith(starts)]) for starts in COLUMNS.values()]
        yield f"| {architecture} | {task.replace('_', ' ')} | " + " | ".join(cells) + " |"


def worst(rows):
    if not rows:
        return ""
    return f"{number(max(row['max'] for row in rows))} ({max(row['of_allowed_max'] for row in rows):.0%})"


def main():
    measured = json.loads((REPO / "build" / "oracle" / "agreement.json").read_text())
    page = [HEAD, *server_table(measured["server"]), LIBRARIES, *library_table(measured["references"])]
    (REPO / "docs" / "agreement.md").write_text("\n".join(page) + "\n", encoding="utf-8")
    models = [MODELS, *models_table(measured)]
    (REPO / "docs" / "models.md").write_text("\n".join(models) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
