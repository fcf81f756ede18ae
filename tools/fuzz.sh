#!/usr/bin/env bash
# Runs every fuzzer for SECONDS_EACH seconds, from the committed corpus on. What it learns goes to build/fuzz/corpus, an
# input that breaks something to build/fuzz/found: make it a file of tests/fuzz/corpus/NAME with the repair.
#
#   tools/fuzz.sh [SECONDS_EACH [NAME...]]
set -u
cd "$(dirname "$0")/.."

seconds=${1:-20}
shift || true
names=("$@")
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(ls tests/fuzz/corpus)

export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
failed=0
for name in "${names[@]}"; do
  learnt=build/fuzz/corpus/$name found=build/fuzz/found/$name log=build/fuzz/$name.log
  mkdir -p "$learnt" "$found"
  if build/fuzz/bin/"limpid_${name}_fuzz" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
    -print_final_stats=1 -artifact_prefix="$found/" "$learnt" "tests/fuzz/corpus/$name" >"$log" 2>&1; then
    echo "ok      $name: $(sed -n 's/^Done \([0-9]* runs in [0-9]* second(s)\).*/\1/p' "$log")"
  else
    echo "FAILED  $name: $(grep -m1 -E 'ERROR|not so|runtime error' "$log") (log: $log, input: $found)"
    failed=1
  fi
done
exit $failed
