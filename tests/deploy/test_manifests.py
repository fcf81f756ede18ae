"""What the manifests say to and of a server is what a server understands and does."""

import json
import re
import subprocess

import pytest
import yaml
from grpc_health.v1 import health_pb2

from deploy import promql
from integration.waiting import until
from support.client import Client
from support.paths import DEMO, REPO
from support.proto import pb
from support.server import Server, binary

MANIFESTS = [*sorted((promql.DEPLOY / "manifests").glob("*.yaml")), *sorted((promql.DEPLOY / "kserve").glob("*.yaml"))]


def documents():
    return [document for path in MANIFESTS for document in yaml.safe_load_all(path.read_text()) if document]


def of_kind(kind):
    return next(document for document in documents() if document["kind"] == kind)


def pods():
    """{name: (pod's spec, its container)} of everything that runs a server."""
    deployment, runtime = of_kind("Deployment"), of_kind("ClusterServingRuntime")
    grace = of_kind("InferenceService")["spec"]["predictor"]["terminationGracePeriodSeconds"]
    return {"deployment": deployment["spec"]["template"]["spec"],
            "kserve": runtime["spec"] | {"terminationGracePeriodSeconds": grace}}


@pytest.fixture(scope="module", params=pods())
def pod(request):
    return pods()[request.param]


@pytest.fixture(scope="module")
def container(pod):
    return pod["containers"][0]


def flags(container) -> dict:
    return dict(argument.removeprefix("--").split("=", 1) for argument in container["args"])


@pytest.fixture(scope="module")
def help_text():
    return subprocess.run([binary("limpid-server"), "--help"], capture_output=True, text=True, check=True).stdout


def test_every_flag_and_variable_is_the_servers(container, help_text):
    assert {"--" + flag for flag in flags(container)} <= set(re.findall(r"^  (--[\w-]+) ", help_text, re.MULTILINE))
    assert {variable["name"] for variable in container["env"]} <= set(re.findall(r"\(Env:(\w+)\)", help_text))


def test_every_flag_of_the_charts_values_is_the_servers(help_text):
    values = [yaml.safe_load(path.read_text()) for path in (promql.DEPLOY / "helm").rglob("*values.yaml")]
    named = {"--" + flag for value in values for flag in value.get("flags", ())}
    assert named and named <= set(re.findall(r"^  (--[\w-]+) ", help_text, re.MULTILINE))


def test_ports_and_probes_are_where_the_server_listens(container):
    said = flags(container)
    ports = {port["containerPort"] for port in container["ports"]}
    listening = int(said["listen"].rsplit(":", 1)[1])
    assert listening in ports
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        if probe in container:
            assert container[probe]["grpc"]["port"] == listening
    assert container["livenessProbe"]["grpc"]["service"] == "liveness"
    assert container["readinessProbe"]["grpc"]["service"] == "limpid.v1.Explainer"


def test_the_grace_period_is_longer_than_the_drain(pod, container):
    said = flags(container)
    assert int(said["drain-notice-seconds"]) + int(said["drain-seconds"]) < pod["terminationGracePeriodSeconds"]


def test_memory_holds_the_process_a_batch_and_the_answers(container):
    """Without the weights, which the chart does not know: a quarter is left for them."""
    said, limit = flags(container), container["resources"]["limits"]["memory"]
    assert limit.endswith("Gi")
    wanted = 175e6 + int(said["max-batch-bytes"]) + int(said["max-answer-bytes"])
    assert wanted < 0.75 * float(limit[:-2]) * 2**30
    assert int(said["max-attention-bytes"]) <= int(said["max-answer-bytes"])


def test_the_container_may_do_nothing_but_serve(container):
    context = container["securityContext"]
    assert context["readOnlyRootFilesystem"] and context["runAsNonRoot"] and not context["allowPrivilegeEscalation"]
    assert context["capabilities"] == {"drop": ["ALL"]} and context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not container["resources"]["limits"].keys() ^ container["resources"]["requests"].keys()


def test_a_server_starts_with_these_flags_and_drains_as_the_probes_expect(container):
    """Ready by the names that the probes ask for; after SIGTERM alive, not ready, and still serving for the notice."""
    kept = [f"--{flag}={value}" for flag, value in flags(container).items()
            if flag not in ("model", "listen", "metrics-listen")]
    readiness, liveness = (container[probe]["grpc"]["service"] for probe in ("readinessProbe", "livenessProbe"))
    with Server({"credit": DEMO}, *kept, "--threads", 1) as server, Client(server.address) as client:
        assert server.health(readiness) == server.health(liveness) == health_pb2.HealthCheckResponse.SERVING
        server.terminate()
        until(lambda: server.health(readiness) == health_pb2.HealthCheckResponse.NOT_SERVING, "the end of readiness")
        assert server.health(liveness) == health_pb2.HealthCheckResponse.SERVING
        client.stub.Predict(pb.PredictRequest(input=pb.Input(text="a text")), timeout=30)
        assert server.wait() == 0


def test_rules_of_the_operator_are_those_of_prometheus():
    assert of_kind("PrometheusRule")["spec"] == yaml.safe_load(promql.RULES.read_text())


def test_autoscalers_ask_for_a_metric_that_exists(scraped):
    template = (promql.DEPLOY / "helm" / "limpid" / "templates" / "autoscaling.yaml").read_text()
    named = set(re.findall(r"\blimpid_\w+", template))
    assert named and named <= set(re.findall(r"^(\w+)", scraped, re.MULTILINE))


def test_the_images_healthcheck_is_a_command_that_tells(demo_server):
    """Exit code 0 when all is well, another when no server answers."""
    line = re.search(r"^HEALTHCHECK .* CMD \[(.*)\]$", (REPO / "docker" / "Dockerfile").read_text(), re.MULTILINE)[1]
    program, *arguments = json.loads(f"[{line}]")
    for address, well in ((demo_server.address, True), ("127.0.0.1:1", False)):
        done = subprocess.run([binary(program), *arguments, "--server", address], capture_output=True, timeout=60)
        assert (done.returncode == 0) == well, done.stderr


def test_variables_of_image_and_compose_are_the_servers(help_text):
    compose = yaml.safe_load((REPO / "docker" / "compose.yaml").read_text())["services"]["limpid"]
    image = (REPO / "docker" / "Dockerfile").read_text()
    named = {*compose["environment"], *re.findall(r"\b(LIMPID_(?!CACHE)[A-Z_]+)=", image.split("AS runtime")[1])}
    assert len(named) > 4 and named <= set(re.findall(r"\(Env:(\w+)\)", help_text))


def test_compose_gives_the_server_time_to_drain():
    service = yaml.safe_load((REPO / "docker" / "compose.yaml").read_text())["services"]["limpid"]
    drain = re.search(r"--drain-seconds=(\d+)", " ".join(service["command"]))
    assert int(service["stop_grace_period"].removesuffix("s")) > int(drain[1])
    assert service["read_only"] and service["cap_drop"] == ["ALL"]
