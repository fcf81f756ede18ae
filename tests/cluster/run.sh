#!/usr/bin/env bash
# Runs these tests as root in namespaces of their own: mounts, the network and every process end with them. What pytest
# takes may follow. What no namespace holds, the node's control groups, is removed afterwards.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ "$(id -u)" = 0 ] || { echo "make cluster-test needs root" >&2; exit 1; }

# A first process that is a shell collects what others leave behind.
result=0
unshare --mount --net --pid --fork --kill-child --mount-proc bash -c '
  ip link set lo up
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /var/log
  build/python/bin/python -m pytest -c tests/pytest.ini tests/cluster "$@"
  exit $?' bash "$@" || result=$?
find /sys/fs/cgroup -depth -type d -path '*/limpid-cluster*' -exec rmdir {} + 2>/dev/null || true
exit $result
