"""Runs the real `limpid` command."""

import os
import subprocess

from support.server import binary


def limpid(*arguments, stdin="", environment=None, timeout=120) -> subprocess.CompletedProcess:
    """Output as text; colours and the caller's own LIMPID_ settings stay out unless `environment` brings them."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIMPID_") and name != "NO_COLOR"}
    return subprocess.run([binary("limpid"), *map(str, arguments)], input=stdin, text=True, encoding="utf-8",
                          capture_output=True, timeout=timeout, env=kept | (environment or {}))
