#!/usr/bin/env bash
# The checks that need no build. Every check runs; the exit code tells whether all passed.
set -u
cd "$(dirname "$0")/.."

failed=0
check() {
  local name=$1
  shift
  if "$@"; then echo "ok      $name"; else
    echo "FAILED  $name"
    failed=1
  fi
}

format() { git ls-files '*.h' '*.cc' | xargs build/tools/clang-format --dry-run -Werror; }

check "contract (buf lint)" build/tools/buf lint proto
check "formatting (clang-format)" format
check "who includes whom" python3 tools/check_layers.py
check "file sizes" python3 tools/check_sizes.py
exit $failed
