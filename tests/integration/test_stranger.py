"""A client written from the contract alone works."""

import os
import subprocess
import sys
from pathlib import Path

from support.paths import REPO

STRANGER = Path(__file__).with_name("stranger.py")


def test_a_strangers_client_gets_prediction_and_reasons(server, tmp_path):
    text = "Łukasz lives in Zürich. He defaulted on a car loan in 2014."
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    done = subprocess.run([sys.executable, STRANGER, REPO / "proto", server.address, text], cwd=tmp_path, env=kept,
                          capture_output=True, text=True, timeout=120)

    assert done.returncode == 0, done.stderr
    prediction, reasons, tokens = done.stdout.splitlines()
    assert prediction.startswith("prediction: declined ")
    assert reasons.removeprefix("because of: ").split(", ")[0] in "defaulted on a car loan".split()
    assert int(tokens.removeprefix("tokens: ")) > 10
