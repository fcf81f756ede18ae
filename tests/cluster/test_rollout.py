"""The chart rolled out on a real node: three replicas restarted in turn, and a node drained, while gRPC calls as
docs/kubernetes.md says. No call may fail."""

import json
import shutil
import time

import pytest

from cluster import chart
from cluster.node import Node
from deploy.test_replicas import Load, service_config
from integration.waiting import until
from support.paths import DEMO

REPLICAS = 3
TARGET = "dns:///limpid-headless.limpid:50051"
# All else is the chart's.
VALUES = {"replicaCount": REPLICAS, "image": {"tag": "test"},
          "modelVolume": {"pvc": {"claimName": "models"}},
          "resources": {"requests": {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "64Mi"},
                        "limits": {"cpu": "1", "memory": "3Gi", "ephemeral-storage": "64Mi"}}}


def claim(folder) -> list:
    """A volume with the demo model, and the claim to it."""
    common = {"accessModes": ["ReadOnlyMany"], "storageClassName": ""}
    return [{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "models"},
             "spec": {**common, "capacity": {"storage": "1Gi"}, "hostPath": {"path": str(folder)}}},
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models", "namespace": chart.NAMESPACE},
             "spec": {**common, "volumeName": "models", "resources": {"requests": {"storage": "1Gi"}}}}]


class Release:
    def __init__(self, plane):
        self.plane = plane

    def kubectl(self, *arguments) -> str:
        return self.plane.kubectl("--namespace", chart.NAMESPACE, *arguments)

    def pods(self) -> dict:
        """{name: whether it is ready} of those that are not on their way out."""
        pods = json.loads(self.kubectl("get", "pods", "--output=json"))["items"]
        return {pod["metadata"]["name"]: any(condition["type"] == "Ready" and condition["status"] == "True"
                                             for condition in pod["status"].get("conditions", ()))
                for pod in pods if "deletionTimestamp" not in pod["metadata"]}

    def settled(self) -> bool:
        return list(self.pods().values()) == [True] * REPLICAS and "Terminating" not in self.kubectl("get", "pods")


@pytest.fixture(scope="module")
def release(plane, tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    plane.control()
    shutil.copytree(DEMO, folder / "model")
    with Node(plane, folder):
        plane.kubectl("create", "-f", "-", stdin="\n---\n".join(map(json.dumps, claim(folder / "model"))))
        values = folder / "values.json"
        values.write_text(json.dumps(VALUES))
        chart.helm("install", "limpid", chart.CHART, "--values", values, "--wait", "--timeout=180s",
                   kubeconfig=plane.kubeconfig)
        yield Release(plane)
        chart.helm("uninstall", "limpid", "--wait", kubeconfig=plane.kubeconfig)


def under_load(what, change):
    """Makes a change amid calls, some seconds before it and after it, none of which may fail."""
    with service_config([], None) as (way, _, config):
        load = Load([way, TARGET, config])
    began = time.monotonic()
    with load:
        time.sleep(3)
        change()
        time.sleep(3)
    print(f"\n{what}: {json.dumps(load.counts)}, {time.monotonic() - began:.0f} s")
    failed = {ending: number for ending, number in load.counts.items() if ending.startswith("failed")}
    assert not failed and load.counts["ok"] == load.counts["sent"] > 100, load.counts


def test_replicas_are_ready_by_their_probes(release):
    assert release.settled()


def test_the_charts_own_test_passes(release):
    """By the Service's name and address, in a pod."""
    chart.helm("test", "limpid", kubeconfig=release.plane.kubeconfig)


def test_no_call_fails_during_a_rolling_restart(release):
    before = release.pods()

    def restart():
        release.kubectl("rollout", "restart", "deployment/limpid")
        release.kubectl("rollout", "status", "deployment/limpid", "--timeout=180s")
        until(release.settled, "the end of the old replicas")
        assert not before.keys() & release.pods().keys()

    under_load("rolling restart", restart)


def test_no_call_fails_during_a_drain_that_the_budget_stops(release):
    """There is nowhere else to go: one replica is evicted, and the others stay until it is back."""
    def drain():
        drained = release.plane.try_kubectl("drain", "node", "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=20s")
        assert drained.returncode != 0 and "violate the pod's disruption budget" in drained.stderr, drained
        assert sorted(release.pods().values()) == [False, True, True]
        release.plane.kubectl("uncordon", "node")
        until(release.settled, "the return of the evicted replica")

    under_load("drain", drain)
