#!/usr/bin/env bash
# Builds what the node runs, as archives in build/cluster: the image of docker/Dockerfile, of binaries that are built already
# and of a base made by debootstrap, and the pause that holds a pod's namespaces.
set -euo pipefail
cd "$(dirname "$0")/../.."
BIN=${LIMPID_BIN:-build/release/bin}
TORCH=${LIMPID_CACHE:-$HOME/.cache/limpid}/libtorch-$(cat tools/requirements-libtorch.txt | sha256sum | cut -c1-16)
OUT=$PWD/build/cluster
SCRATCH=$(mktemp -d)
trap 'rm -rf "$SCRATCH"' EXIT
mkdir -p "$OUT"

# Storage of its own keeps the base and the layer of Debian's packages for the next time.
buildah_() { buildah --root "$OUT/storage" --runroot "$SCRATCH/run" --storage-driver vfs "$@"; }
build() { buildah_ build --quiet --isolation chroot --format docker --layers --pull-never "$@" >/dev/null; }
archive() { rm -f "$OUT/$2.tar" && buildah_ push --quiet "$1" "docker-archive:$OUT/$2.tar:$1"; }

BASE=localhost/debian:bookworm-minbase
if ! buildah_ inspect --type image "$BASE" >/dev/null 2>&1; then
  container=$(buildah_ from scratch)
  buildah_ add --quiet "$container" build/cluster-tools/base.tar /
  buildah_ config --cmd /bin/bash "$container"
  buildah_ commit --quiet --rm "$container" "$BASE" >/dev/null
fi

install -D -s -t "$SCRATCH/built/out/bin" "$BIN/limpid-server" "$BIN/limpid"
install -D -m 644 -t "$SCRATCH/built/out/torch/lib" "$TORCH"/torch/lib/{libtorch_cpu.so,libc10.so,libgomp.so.1}
install -D -m 644 -t "$SCRATCH/built/out/nvidia/cu13/lib" "$TORCH"/nvidia/cu13/lib/{libcudart.so.13,libcupti.so.13}
# Without the stages that compile, which buildah would run although their result is given.
sed -n '/^ARG BASE/p; /AS runtime$/,/^FROM runtime AS cuda/p' docker/Dockerfile | sed '$d' >"$SCRATCH/Dockerfile"
build --build-arg BASE="$BASE" --build-context build="$SCRATCH/built" -f "$SCRATCH/Dockerfile" -t docker.io/library/limpid:test "$SCRATCH"
archive docker.io/library/limpid:test limpid

mkdir "$SCRATCH/pause"
echo 'int pause(void); int main() { for (;;) pause(); }' | gcc -static -Os -s -x c - -o "$SCRATCH/pause/pause"
printf 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n' >"$SCRATCH/pause/Dockerfile"
build -t localhost/pause:test "$SCRATCH/pause"
archive localhost/pause:test pause
