"""tests/faults/README.md names tests that exist."""

import re

from support.paths import REPO

TESTS = REPO / "tests"
TABLE = (TESTS / "faults" / "README.md").read_text()


def done(row):
    """A row without what it expects from later."""
    return re.split(r"\*expected:\*", row)[0]


def test_every_file_and_every_test_that_it_names_exists():
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"`([^`]+)`", done(row).split("|", 2)[2])
        text = ""
        for name in named:
            path, _, test = name.partition("::")
            if "/" in path:
                file = TESTS / path
                assert file.exists(), name
                text = file.read_text()
                assert not test or f"def {test}(" in text, name
            elif path.startswith("test_"):
                assert f"def {path}(" in text, name
            elif path[0].isupper():
                assert path.split(".")[-1] in text, name
