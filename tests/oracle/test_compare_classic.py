"""The corrected classic script and `limpid explain` agree; so does the command that shows it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oracle import compare_classic

COMMAND = Path(compare_classic.__file__)


@pytest.mark.parametrize("text", [compare_classic.TEXT, "Zürich's naïve café owner paid €4.50 🍮, didn't he?"])
def test_the_classic_script_agrees(server, tables, text):
    agrees, lines = compare_classic.run(text, server.address, "minilm")
    tables.append((f"the classic script, {text!r}", lines))
    assert agrees, "\n".join(lines)


def test_the_command_ends_with_0_and_shows_its_table(server):
    done = subprocess.run([sys.executable, COMMAND, "--server", server.address], capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "saliency" in done.stdout and "attention" in done.stdout and "allowed" in done.stdout


def test_a_wrong_number_would_be_seen():
    single = compare_classic.Classic(["a"], 1.0, 1.0, np.array([1.0, 0.5]), np.full((1, 1, 2, 2), 0.5))
    wrong = compare_classic.Classic(["a"], 1.0, 1.0, np.array([1.0, 0.50001]), np.full((1, 1, 2, 2), 0.5))
    rows = compare_classic.compare(wrong, single, single)
    found = {name: difference <= allowed for name, difference, _, allowed in rows}
    assert found == {"mean of the output (relative)": True, "attention (absolute)": True, "saliency (relative)": False}
