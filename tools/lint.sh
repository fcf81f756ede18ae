#!/usr/bin/env bash
# The checks that need no build. Every check runs; the exit code tells whether all passed.
set -u
cd "$(dirname "$0")/.."
readonly python=$PWD/build/python/bin/python

source tools/checks.sh

format() { git ls-files '*.h' '*.cc' '*.js' | xargs build/tools/clang-format --dry-run -Werror; }

types() { (cd client/python && "$python" generate.py && "$python" -m mypy); }

check "contract (buf lint)" build/tools/buf lint proto
check "formatting (clang-format)" format
check "who includes whom" python3 tools/check_layers.py
check "file sizes" python3 tools/check_sizes.py
check "types of the Python client (mypy)" types
exit $failed
