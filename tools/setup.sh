#!/usr/bin/env bash
# Installs what is missing on a Debian 12 machine, and touches nothing that is there.
#
#   tools/setup.sh build   compilers and libraries, Rust, LibTorch: enough to build, serve and explain
#   tools/setup.sh test    the above, and the tests' Python environment, command-line tools and browser
#   tools/setup.sh bench   the above, and TorchServe, which benchmarks compare with, and its Java
#   tools/setup.sh fuzz    build, and the compiler with libFuzzer
#   tools/setup.sh deploy  what `make lint-deploy` checks deploy/ and docker/ with, and nothing else
#   tools/setup.sh cluster deploy, and the Kubernetes of `make cluster-test`
#
# Downloads are pinned by hash and kept in $LIMPID_CACHE (default ~/.cache/limpid), in a folder named after the hash of
# the pins: a second checkout finds it, a changed pin gets a new one.
set -euo pipefail
cd "$(dirname "$0")/.."

CACHE=${LIMPID_CACHE:-$HOME/.cache/limpid}

BUILD_PACKAGES=(
  build-essential cmake ninja-build ccache pkg-config ca-certificates python3 python3-venv
  libgrpc++-dev protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libabsl-dev
  libspdlog-dev prometheus-cpp-dev libcivetweb-dev nlohmann-json3-dev libcli11-dev libeigen3-dev libtbb-dev libssl-dev zlib1g-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
# The browser that opens reports.
TEST_PACKAGES=(chromium-headless-shell)
BENCH_PACKAGES=(openjdk-17-jre-headless)
FUZZ_PACKAGES=(clang-19 libclang-rt-19-dev)
# Unpacked into the tools folder, not installed: as packages they would start services.
UNPACKED_PACKAGES=(prometheus nginx)
CLUSTER_PACKAGES=(buildah containernetworking-plugins debootstrap iproute2 iptables)
CLUSTER_UNPACKED_PACKAGES=(containerd runc)
# Oldest Rust 1.x that builds the tokenizers crate; Debian 12 has a current one as cargo-web.
RUST_MINOR=85
GRPCURL=github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
GRPC_HEALTH_PROBE=github.com/grpc-ecosystem/grpc-health-probe@v0.4.61
GHZ=github.com/bojand/ghz/cmd/ghz@v0.93.0
GO_TOOLS=("$GRPCURL" "$GRPC_HEALTH_PROBE" "$GHZ")
DEPLOY_GO_TOOLS=(helm.sh/helm/v4/cmd/helm@v4.3.1 github.com/zegl/kube-score/cmd/kube-score@v1.20.0)
# Definitions of custom resources, in the modules that carry them: module@version:files.
DEFINITIONS=(
  github.com/prometheus-operator/prometheus-operator@v0.85.0:example/prometheus-operator-crd/*_{servicemonitors,prometheusrules}.yaml
  github.com/kedacore/keda/v2@v2.21.0:config/crd/bases/keda.sh_scaledobjects.yaml
  github.com/cert-manager/cert-manager@v1.21.2:deploy/crds/cert-manager.io_certificates.yaml
  github.com/kserve/kserve@v0.19.0:config/crd/full/*_{clusterservingruntimes,inferenceservices}.yaml
)

say() { echo "setup: $*" >&2; }

key_of() { cat "$@" | sha256sum | cut -c1-16; }

as_root() {
  [ "$(id -u)" = 0 ] && { "$@"; return; }
  command -v sudo >/dev/null || { say "need root to run: $*"; exit 1; }
  sudo "$@"
}

apt_install() {
  say "installing Debian packages: $*"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# unpack_packages FOLDER PACKAGE...: a package's files under FOLDER. apt checks signatures as it does when installing.
unpack_packages() {
  local folder=$1 package
  shift
  mkdir -p "$folder"
  (
    cd "$folder"
    apt-get download -qq "$@" 2>/dev/null || { as_root apt-get update -qq && apt-get download -qq "$@"; }
    for package in *.deb; do dpkg-deb -x "$package" . && rm "$package"; done
  )
}

install_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

has_rust() {
  local cargo minor
  cargo=$(PATH="$PATH:$HOME/.cargo/bin" command -v cargo) || return 1
  minor=$("$cargo" --version | sed -n 's/^cargo 1\.\([0-9]*\)\..*/\1/p')
  [ "${minor:-0}" -ge "$RUST_MINOR" ]
}

install_rust() { has_rust || apt_install cargo-web; }

# make_folder NAME COMMAND...: runs the command with a scratch folder as its last argument, and gives that folder its
# name only when the command has succeeded, so that a half-made one is never taken for whole.
make_folder() {
  local folder=$1 scratch
  shift
  [ -d "$folder" ] && return
  mkdir -p "$CACHE"
  scratch=$(mktemp -d "$CACHE/making-XXXXXX")
  say "making $folder"
  if ! "$@" "$scratch"; then
    rm -rf "$scratch"
    say "could not make $folder"
    exit 1
  fi
  chmod 755 "$scratch"
  # Another checkout may have been faster.
  mv -T "$scratch" "$folder" 2>/dev/null || rm -rf "$scratch"
}

# One interpreter's pip for everything, independent of what the machine calls pip.
new_venv() { python3 -m venv "$1" && "$1/bin/python" -m pip install -q --disable-pip-version-check 'pip>=23.1'; }

pip_install() { "$PIP_PYTHON" -m pip install -q --disable-pip-version-check --no-deps --no-compile --require-hashes "$@"; }

unpack_libtorch() {
  pip_install --only-binary :all: --implementation cp --python-version 3.11 --platform manylinux_2_28_x86_64 \
    --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 --target "$1" -r tools/requirements-libtorch.txt
}

unpack_torchserve() { pip_install --only-binary :all: --target "$1" -r tools/requirements-torchserve.txt; }

# A virtual environment does not move: it is made in place, and the stamp says that it is whole.
make_environment() {
  local folder=$1
  [ -e "$folder/complete" ] && return
  say "making $folder (some minutes: PyTorch's libraries are large)"
  rm -rf "$folder"
  new_venv "$folder"
  PIP_PYTHON=$folder/bin/python pip_install -r tools/requirements-test.txt
  # PyTorch without a second download: hard links to the unpacked wheel.
  local site
  site=$("$folder/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  cp -al "$LIBTORCH/." "$site/" 2>/dev/null || cp -a "$LIBTORCH/." "$site/"
  "$folder/bin/python" -c 'import captum, grpc, playwright, shap, torch, transformers'
  touch "$folder/complete"
}

go_() { PATH="$GO_FOLDER/bin:$PATH" GOBIN=$GO_FOLDER/bin GOTOOLCHAIN=local GOFLAGS=-buildvcs=false go "$@"; }

# new_tools FOLDER REQUIREMENTS TOOL...: a virtual environment, and in it what Go builds.
new_tools() {
  local folder=$1 requirements=$2 tool
  shift 2
  say "making $folder (some minutes: the tools in Go are compiled)"
  rm -rf "$folder"
  new_venv "$folder"
  PIP_PYTHON=$folder/bin/python pip_install -r "$requirements"
  for tool in "$@"; do GO_FOLDER=$folder go_ install "$tool"; done
}

build_tools() {
  local folder=$1 tool
  [ -e "$folder/complete" ] && return
  new_tools "$folder" tools/requirements-tools.txt "${GO_TOOLS[@]}"
  mv "$folder/bin/grpc-health-probe" "$folder/bin/grpc_health_probe"
  unpack_packages "$folder/debian" "${UNPACKED_PACKAGES[@]}"
  ln -s ../debian/usr/bin/prometheus ../debian/usr/bin/promtool ../debian/usr/sbin/nginx "$folder/bin/"
  for tool in ghz prometheus promtool; do "$folder/bin/$tool" --version >/dev/null 2>&1; done
  "$folder/bin/nginx" -v 2>/dev/null
  touch "$folder/complete"
}

build_deploy_tools() {
  local folder=$1 definition module
  [ -e "$folder/complete" ] && return
  new_tools "$folder" tools/requirements-deploy.txt "${DEPLOY_GO_TOOLS[@]}"
  unpack_packages "$folder/debian" prometheus
  ln -s ../debian/usr/bin/promtool "$folder/bin/"
  mkdir "$folder/definitions"
  for definition in "${DEFINITIONS[@]}"; do
    module=$(GO_FOLDER=$folder go_ mod download -json "${definition%:*}" | sed -n 's/^\t"Dir": "\(.*\)",\?$/\1/p')
    install -m 644 -t "$folder/definitions" "$module"/${definition##*:}
  done
  touch "$folder/complete"
}

# make_base FILE: Debian as an archive of files, from where apt has its packages.
make_base() {
  local files mirror
  files=$(mktemp -d)
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | head -1)
  # What it mounts ends with its namespace.
  unshare --mount --pid --fork debootstrap --variant=minbase bookworm "$files" "$mirror" >/dev/null
  tar -C "$files" --exclude='./var/cache/apt/archives/*.deb' -cf "$1" .
  rm -rf --one-file-system "$files"
}

build_kubernetes() {
  make_base "$1/base.tar"
  unpack_packages "$1/debian" "${CLUSTER_UNPACKED_PACKAGES[@]}"
  mkdir "$1/bin"
  (cd tests/cluster/kubernetes && GO_FOLDER=$1 go_ build -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$KUBERNETES" -o "$1/bin/" .)
}

what=${1:-build}
case $what in build | test | bench | fuzz | deploy | cluster) ;; *) say "usage: tools/setup.sh build|test|bench|fuzz|deploy|cluster"; exit 2 ;; esac
[ "$(uname -m)" = x86_64 ] || { say "LibTorch is pinned for x86_64, this machine is $(uname -m)"; exit 1; }

if [ "$what" = deploy ] || [ "$what" = cluster ]; then
  deploy_folder=$CACHE/deploy-$(key_of tools/requirements-deploy.txt <(echo "${DEPLOY_GO_TOOLS[@]} ${DEFINITIONS[@]}"))
  build_deploy_tools "$deploy_folder"
  mkdir -p build
  ln -sfnT "$deploy_folder" build/deploy-tools
  if [ "$what" = cluster ]; then
    install_packages "${CLUSTER_PACKAGES[@]}"
    KUBERNETES=$(sed -n 's#^\tk8s.io/kubernetes \(v.*\)#\1#p' tests/cluster/kubernetes/go.mod)
    cluster_folder=$CACHE/cluster-$(key_of tests/cluster/kubernetes/* <(echo "${CLUSTER_UNPACKED_PACKAGES[@]}"))
    make_folder "$cluster_folder" build_kubernetes
    ln -sfnT "$cluster_folder" build/cluster-tools
  fi
  exit
fi

install_packages "${BUILD_PACKAGES[@]}"
[ "$what" != test ] || install_packages "${TEST_PACKAGES[@]}"
[ "$what" != bench ] || install_packages "${BENCH_PACKAGES[@]}"
[ "$what" != fuzz ] || install_packages "${FUZZ_PACKAGES[@]}"
install_rust

LIBTORCH=$CACHE/libtorch-$(key_of tools/requirements-libtorch.txt)
if [ ! -d "$LIBTORCH" ]; then
  PIP_VENV=$(mktemp -d)
  new_venv "$PIP_VENV"
  PIP_PYTHON=$PIP_VENV/bin/python make_folder "$LIBTORCH" unpack_libtorch
  rm -rf "$PIP_VENV"
fi

if [ "$what" = test ] || [ "$what" = bench ]; then
  python3 -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    { say "the tests' pinned packages are for Python 3.11 (Debian 12), python3 is $(python3 --version)"; exit 1; }
  environment=$CACHE/python-$(key_of tools/requirements-libtorch.txt tools/requirements-test.txt)
  make_environment "$environment"
  tools_folder=$CACHE/tools-$(key_of tools/requirements-tools.txt <(echo "${GO_TOOLS[@]} ${UNPACKED_PACKAGES[@]}"))
  build_tools "$tools_folder"
  mkdir -p build
  ln -sfnT "$environment" build/python
  ln -sfnT "$tools_folder/bin" build/tools
fi

if [ "$what" = bench ]; then
  torchserve=$CACHE/torchserve-$(key_of tools/requirements-torchserve.txt)
  PIP_PYTHON=build/python/bin/python make_folder "$torchserve" unpack_torchserve
  ln -sfnT "$torchserve" build/torchserve
fi
