"""A control plane with a namespace that takes only pods of Pod Security's strictest level."""

import pytest

from cluster import chart
from cluster.control_plane import ControlPlane
from integration.waiting import until

LEVELS = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]


@pytest.fixture(scope="session")
def plane(tmp_path_factory):
    with ControlPlane(tmp_path_factory.mktemp("plane")) as plane:
        for path in (chart.TOOLS / "definitions").glob("*.yaml"):
            plane.kubectl("create", "-f", path)
        wait = "wait", "--for=condition=Established", "customresourcedefinitions", "--all"
        until(lambda: plane.try_kubectl(*wait).returncode == 0, "the custom resources")
        plane.kubectl("create", "namespace", chart.NAMESPACE)
        plane.kubectl("label", "namespace", chart.NAMESPACE, *LEVELS)
        yield plane
