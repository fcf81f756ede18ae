"""pandas in, pandas out: for Spark's mapInPandas, Ray Data's map_batches, and plain DataFrames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Unpack

from limpid.client import Client
from limpid.errors import LimpidError
from limpid.requests import ExplainOptions, Method
from limpid.results import Explanation

if TYPE_CHECKING:
    import pandas as pd

# Of what explain_frame adds, as Spark writes it.
SPARK_SCHEMA = "label string, probability double, value double, pieces array<string>, scores array<float>, error string"


def explain_frame(client: Client, frame: pd.DataFrame, column: str = "text", *, method: str | Method = "saliency",
                  **options: Unpack[ExplainOptions]) -> pd.DataFrame:
    """A copy of the frame with what the model says of each row's text, and why.

    label, probability: of the predicted class; None, NaN where there is none. value: of the scalar that is explained.
    pieces, scores: lists, one entry a unit. error: None, or why the text of this row failed; the others go on.
    Rows yield to those who wait (priority "bulk"), unless the options say otherwise.
    """
    rows = explained_rows(client, frame[column], method, options)
    import pandas as pd
    kinds = {"probability": "float64", "value": "float64"}  # the others as objects, or pandas would make NaN of None
    return frame.assign(**{name: pd.Series([row[name] for row in rows], frame.index, kinds.get(name, "object"))
                           for name in _failed(None)})


def explained_rows(client: Client, texts: Iterable[Any], method: str | Method,
                   options: ExplainOptions) -> list[dict[str, Any]]:
    """What explain_frame adds, a dictionary a text. Of what is null (None, NaN) the error says that there is no text."""
    common: ExplainOptions = {"priority": "bulk", **options, "methods": [method]}
    answers = client.explain_many(("" if text is None or text != text else text for text in texts), on_error="return", **common)
    return [_failed(answer) if isinstance(answer, LimpidError) else _explained(answer) for answer in answers]


def _explained(answer: Explanation) -> dict[str, Any]:
    prediction, attribution = answer.prediction, answer[0]
    return {"label": prediction.label, "probability": prediction.probability,
            "value": prediction.target.value if prediction.target else None,
            "pieces": list(attribution.pieces), "scores": attribution.scores.tolist(), "error": None}


def _failed(error: LimpidError | None) -> dict[str, Any]:
    return {"label": None, "probability": None, "value": None, "pieces": [], "scores": [], "error": error and str(error)}
