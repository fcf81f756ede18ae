#!/usr/bin/env bash
# Checks docker/ and deploy/ without a cluster. Every check runs; the exit code tells whether all passed. `--write` makes
# what is generated anew: deploy/manifests and the dashboard.
set -u
cd "$(dirname "$0")/.."

BIN=build/deploy-tools/bin
CHART=deploy/helm/limpid
RENDERED=build/deploy
mkdir -p "$RENDERED"

source tools/checks.sh

# Helm mentions each time that it follows the two links in the chart's files/.
helm() { "$BIN/helm" "$@" 2> >(grep -v 'found symbolic link' >&2); }
template() { helm template limpid "$CHART" --namespace limpid "$@"; }

lint_chart() {
  local values
  for values in "$CHART"/ci/*.yaml; do helm lint --strict --quiet "$CHART" --values "$values" || return 1; done
}

render() {
  local values
  for values in "$CHART"/ci/*.yaml; do
    template --values "$values" >"$RENDERED/$(basename "$values" -values.yaml).yaml" || return 1
  done
}

# Values that would make a server that does not start, or that is open where it should not be.
refuses() {
  local name=$1
  shift
  ! template "$@" >/dev/null 2>&1 || { echo "the chart takes $name"; return 1; }
}
refuses_wrong_values() {
  refuses "a misspelt value" --set replicaCout=3 &&
    refuses "a flag that it sets itself" --set flags.listen=0.0.0.0:1 &&
    refuses "no model" --set-json 'models=[]' &&
    refuses "a model outside of the volume" --set 'models[0].name=a,models[0].path=../etc' &&
    refuses "TLS without a Secret" --set tls.enabled=true &&
    refuses "tokens of any service" --set auth.jwtKeysSecret=keys &&
    refuses "a server without a CPU limit" --set resources.limits.cpu=null &&
    refuses "an init container without an image" --set modelVolume.type=init
}

score() {
  # The images are named by version or digest; pods are spread by topologySpreadConstraints; two replicas are enough.
  local file
  for file in "$RENDERED"/*.yaml; do
    sed '/^# Source: .*tests\//,/^---/d' "$file" | "$BIN/kube-score" score - --output-format ci \
      --ignore-test container-image-pull-policy --ignore-test deployment-has-host-podantiaffinity \
      --ignore-test deployment-replicas |
      { ! grep -E '^\[(CRITICAL|WARNING)\]'; } || return 1
  done
}

# manifests FOLDER: what deploy/manifests has to be.
manifests() {
  template --skip-tests >"$1/limpid.yaml" &&
    template --set serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboard.enabled=true \
      --show-only templates/monitoring.yaml >"$1/monitoring.yaml"
}
manifests_are_current() {
  local fresh
  fresh=$(mktemp -d)
  manifests "$fresh" && diff -r "$fresh" deploy/manifests >/dev/null || { echo "run tools/lint_deploy.sh --write"; false; }
  local result=$?
  rm -rf "$fresh"
  return $result
}

# The newest Kubernetes there are schemas of takes everything, the oldest that the chart names takes the defaults.
fits() {
  "$BIN/python" tools/check_manifests.py --kubernetes 1.37 "$RENDERED"/*.yaml deploy/manifests/*.yaml deploy/kserve/*.yaml &&
    "$BIN/python" tools/check_manifests.py --kubernetes 1.27 deploy/manifests/*.yaml
}

if [ "${1:-}" = --write ]; then
  python3 deploy/grafana/dashboard.py
  manifests deploy/manifests
fi
check "Dockerfile (hadolint)" "$BIN/hadolint" docker/Dockerfile
check "dashboard is what dashboard.py writes" python3 deploy/grafana/dashboard.py --check
check "rules (promtool check)" "$BIN/promtool" check rules deploy/prometheus/rules.yaml
check "alerts (promtool test)" "$BIN/promtool" test rules deploy/prometheus/rules.test.yaml
check "chart (helm lint)" lint_chart
check "chart refuses wrong values" refuses_wrong_values
check "chart renders" render
check "plain manifests are current" manifests_are_current
check "manifests fit their schemas" fits
check "advice (kube-score)" score
if docker compose version >/dev/null 2>&1; then
  check "compose.yaml (docker compose config)" env MODEL=/models docker compose -f docker/compose.yaml config --quiet
else
  echo "skipped compose.yaml: docker compose is not installed"
fi
exit $failed
