#!/usr/bin/env bash
# Starts a server with the demo model, explains real text with it, and ends it.
#   tools/demo.sh BIN    BIN: folder of limpid-server and limpid
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$1

work=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

"$bin/limpid-server" --model credit=tests/models/credit --listen 127.0.0.1:0 --port-file "$work/address" \
  --metrics-listen off >"$work/log" 2>&1 &
server=$!
for _ in $(seq 600); do
  [ -s "$work/address" ] && break
  kill -0 "$server" 2>/dev/null || break
  sleep 0.1
done
if [ ! -s "$work/address" ]; then
  echo "demo: the server did not start:" >&2
  cat "$work/log" >&2
  exit 1
fi
LIMPID_SERVER=$(cat "$work/address")
export LIMPID_SERVER

show() {
  echo
  printf '$ limpid'
  local argument
  for argument; do
    if [[ $argument == *" "* ]]; then printf ' "%s"' "$argument"; else printf ' %s' "$argument"; fi
  done
  echo
  "$bin/limpid" "$@"
}
show models
show explain "Zoë Marsh lives in Porto. She asks for 9,500 euros for a new roof. The file shows that she missed three payments \
last spring. She has four children and a dog." --method saliency,attention_rollout --granularity word --top 8
show explain "The applicant repaid a car loan in full in 2019. He works as a baker in Lyon and plays chess every Friday." \
  --method saliency --granularity word --top 8
