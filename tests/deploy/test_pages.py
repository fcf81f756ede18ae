"""What docs/ tells operators and callers is so."""

import json
import re

import grpc
import pytest

from deploy import promql
from integration.waiting import until
from support.paths import DEMO, REPO
from support.proto import pb, rpc
from support.server import Server

PAGES = [*(REPO / "docs" / name for name in ("kubernetes.md", "runbook.md", "sizing.md")), REPO / "docker" / "README.md"]


def anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_link_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        path, _, fragment = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        if fragment:
            assert fragment in map(anchor, re.findall(r"^#+ (.*)$", file.read_text(), re.MULTILINE)), target


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_every_metric_that_is_named_exists(page, scraped):
    known = set(re.findall(r"^(\w+)", scraped, re.MULTILINE)) | set(re.findall(r"^# TYPE (\w+)", scraped, re.MULTILINE))
    assert set(re.findall(r"\b(?:limpid|process)_\w+", page.read_text())) <= known | promql.recorded()


def test_the_service_config_spreads_calls_over_replicas():
    page = (REPO / "docs" / "kubernetes.md").read_text()
    config = json.loads(re.search(r"^service config\s+(\{.*?)\n```", page, re.MULTILINE | re.DOTALL)[1])
    with Server({"demo": DEMO}, "--threads", 1) as one, Server({"demo": DEMO}, "--threads", 1) as other:
        options = [("grpc.service_config", json.dumps(config)), ("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel(f"ipv4:{one.address},{other.address}", options) as channel:
            stub = rpc.ExplainerStub(channel)

            def both_answered():
                stub.Predict(pb.PredictRequest(input=pb.Input(text="a text")), timeout=30, wait_for_ready=True)
                return all(server.metric("limpid_grpc_requests_total", rpc="Predict", code="OK") for server in (one, other))

            until(both_answered, "a call to each replica")
