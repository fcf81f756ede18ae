"""The chart as Helm renders it, and the manifests that use no Helm."""

import os
import subprocess

import yaml

from support.paths import BUILD, REPO

DEPLOY = REPO / "deploy"
CHART = DEPLOY / "helm" / "limpid"
TOOLS = BUILD / "deploy-tools"
NAMESPACE = "limpid"
VALUES = sorted((CHART / "ci").glob("*.yaml"))
FILES = [*sorted((DEPLOY / "manifests").glob("*.yaml")), *sorted((DEPLOY / "kserve").glob("*.yaml"))]


def helm(*arguments, kubeconfig="/dev/null") -> str:
    done = subprocess.run([TOOLS / "bin" / "helm", "--namespace", NAMESPACE, *map(str, arguments)], capture_output=True,
                          text=True, env=os.environ | {"KUBECONFIG": str(kubeconfig)})
    assert done.returncode == 0, done.stderr
    return done.stdout


def read(text) -> list:
    return [document for document in yaml.safe_load_all(text) if document]


def sets() -> dict:
    """{name: objects} of everything in deploy/ that an API server is given."""
    charts = {f"chart, {path.name}": read(helm("template", "limpid", CHART, "--values", path)) for path in VALUES}
    return charts | {path.name: read(path.read_text()) for path in FILES}


def pods(objects) -> list:
    """Those among them, and those that their Deployments would make."""
    made = [{"apiVersion": "v1", "kind": "Pod", "spec": object["spec"]["template"]["spec"],
             "metadata": {**object["spec"]["template"]["metadata"], "name": "made", "namespace": NAMESPACE}}
            for object in objects if object["kind"] == "Deployment"]
    return [object for object in objects if object["kind"] == "Pod"] + made
