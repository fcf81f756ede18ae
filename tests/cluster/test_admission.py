"""A real API server takes whatever deploy/ gives it, and pods of it keep to Pod Security "restricted". Nothing is kept: the
server only says what it would do."""

import copy
import json

import pytest

from cluster import chart

SETS = chart.sets()
DRY = "--dry-run=server", "--validate=strict", "--warnings-as-errors", "--output=name", "--filename=-"


def given(objects) -> str:
    return "\n---\n".join(map(json.dumps, objects))


@pytest.fixture(scope="module")
def surroundings(plane):
    """What pods name and an administrator makes."""
    for account in "default", "limpid":
        plane.kubectl("--namespace", chart.NAMESPACE, "create", "serviceaccount", account)
    plane.kubectl("create", "priorityclass", "serving", "--value=1000")
    yield plane
    # The chart installs its own.
    plane.kubectl("--namespace", chart.NAMESPACE, "delete", "serviceaccount", "limpid")


@pytest.mark.parametrize("name", SETS)
def test_the_api_server_takes_every_object(surroundings, name):
    objects = SETS[name]
    taken = surroundings.kubectl("apply", *DRY, stdin=given(objects)).split()
    print(f"\n{name}: {len(taken)} objects")
    assert len(taken) == len(objects) > 0


@pytest.mark.parametrize("name", [name for name, objects in SETS.items() if chart.pods(objects)])
def test_pods_keep_to_the_restricted_level(surroundings, name):
    for pod in chart.pods(SETS[name]):
        surroundings.kubectl("create", *DRY, stdin=given([pod]))


@pytest.fixture
def deployment():
    return copy.deepcopy(next(object for object in SETS["limpid.yaml"] if object["kind"] == "Deployment"))


def refusal(plane, object) -> str:
    done = plane.try_kubectl("create", *DRY, stdin=given([object]))
    assert done.returncode != 0, done.stdout
    return done.stderr


@pytest.mark.parametrize("forbidden", [
    {"hostNetwork": True}, {"securityContext": {"runAsUser": 0}}, {"volumes": [{"name": "models", "hostPath": {"path": "/"}}]}],
    ids=str)
def test_a_pod_that_may_more_is_refused(surroundings, deployment, forbidden):
    deployment["spec"]["template"]["spec"].update(forbidden)
    pod, = chart.pods([deployment])
    assert 'violates PodSecurity "restricted' in refusal(surroundings, pod)
    assert 'would violate PodSecurity "restricted' in refusal(surroundings, deployment)


def test_what_no_schema_sees_is_refused(surroundings, deployment):
    deployment["spec"]["strategy"]["rollingUpdate"] = {"maxSurge": 0, "maxUnavailable": 0}
    assert "may not be 0 when `maxSurge` is 0" in refusal(surroundings, deployment)


def test_a_field_that_is_not_one_is_refused(surroundings, deployment):
    deployment["spec"]["replica"] = 3
    assert 'unknown field "spec.replica"' in refusal(surroundings, deployment)
