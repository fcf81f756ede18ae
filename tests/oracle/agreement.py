"""Collects every difference that the oracle tests measure, for one table at the end of the run."""

import json
from collections import defaultdict

import numpy as np

from support.paths import BUILD


class Agreement:
    def __init__(self):
        self.rows = defaultdict(list)  # (model, quantity) -> [(difference, allowed, floor)]
        self.models = {}  # name -> what the server says it is

    def describe(self, name, model):
        self.models[name] = {"architecture": model.architecture, "task": model.task, "methods": list(model.methods)}

    def check(self, model, quantity, got, want, allowed, scale=1.0, floor=0.0):
        """Notes max |got - want| / scale; a sentence if it is more than allowed, else None."""
        got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
        if got.shape != want.shape:
            return f"{model}: {quantity} has shape {got.shape}, the reference {want.shape}"
        difference = float(np.max(np.abs(got - want), initial=0.0))
        # Of nothing but zeros 0.
        difference = float(difference / scale) if difference else difference
        self.rows[model, quantity].append((difference, float(allowed), float(floor)))
        if difference <= allowed:  # False for NaN
            return None
        return f"{model}: {quantity} differs by {difference:.2e}, allowed {allowed:.1e} (floor {floor:.1e})"

    def table(self):
        lines = [f"{'model':<18} {'quantity':<46} {'cases':>5} {'median':>9} {'max':>9} {'floor':>9} "
                 f"{'of allowed':>10}"]
        for (model, quantity), cases in sorted(self.rows.items()):
            difference, allowed, floor = np.array(cases).T
            lines.append(f"{model:<18} {quantity:<46} {len(cases):>5} {np.median(difference):>9.1e} "
                         f"{difference.max():>9.1e} {floor.max():>9.1e} {(difference / allowed).max():>9.0%}")
        return lines

    def as_rows(self):
        return [{"model": model, "quantity": quantity, "cases": len(cases),
                 "median": float(np.median([c[0] for c in cases])), "max": max(c[0] for c in cases),
                 "reference_floor_max": max(c[2] for c in cases), "allowed_min": min(c[1] for c in cases),
                 "of_allowed_max": max(c[0] / c[1] for c in cases)}
                for (model, quantity), cases in sorted(self.rows.items())]


# The server against the references; the references against the libraries that they restate.
AGREEMENT, OF_REFERENCES = Agreement(), Agreement()


def save():
    path = BUILD / "oracle" / "agreement.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"server": AGREEMENT.as_rows(), "references": OF_REFERENCES.as_rows(), "models": AGREEMENT.models},
                               indent=1) + "\n")
    return path
