#!/usr/bin/env python3
"""Keeps files small: prints files over the limit that have no stated reason; exit code 1 if there is one."""

import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
LIMIT = 400
ALLOWED = {
    "proto/limpid/v1/explain.proto": "the contract is one document",
}


def main():
    names = subprocess.run(["git", "ls-files", "*.cc", "*.h", "*.py", "*.rs", "*.proto", "*.sh", "*.cmake"], cwd=REPO,
                           check=True, capture_output=True, text=True).stdout.split()
    sizes = {name: len((REPO / name).read_text().splitlines()) for name in names if (REPO / name).exists()}
    wrong = {name: size for name, size in sizes.items() if size > LIMIT and name not in ALLOWED}
    for name, size in wrong.items():
        print(f"{name}: {size} lines, the limit is {LIMIT}: split it, or state the reason in {Path(__file__).name}")
    ordered = sorted(sizes.values())
    print(f"sizes: {len(ordered)} files, median {ordered[len(ordered) // 2]} lines, p90 {ordered[len(ordered) * 9 // 10]}, "
          f"longest {ordered[-1]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
