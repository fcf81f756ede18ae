"""Three replicas under load: one is killed, one drained, both come back, and all are replaced in turn. No call may fail,
whoever spreads the calls: the Python client, gRPC with the service config of docs/kubernetes.md, nginx, or Envoy with the
file of deploy/."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from integration.waiting import until
from support import proxies
from support.paths import DEMO, REPO
from support.server import Server

SIZE = 3
CLIENT = REPO / "client" / "python"
# Of a drain. Envoy asks for health every two seconds and believes the second answer; gRPC is told at once; the client and
# nginx learn it from the refusals.
NOTICE = {"envoy": 5}


class Fleet:
    """Replicas that keep their addresses."""

    def __init__(self, stack, notice_seconds):
        self.flags = ("--threads", 1, "--drain-notice-seconds", notice_seconds)
        self.stack = stack
        self.replicas = [self._started("127.0.0.1:0") for _ in range(SIZE)]
        self.addresses = [replica.address for replica in self.replicas]

    def _started(self, address):
        """Ready, as a deployment waits for it."""
        return self.stack.enter_context(Server({"demo": DEMO}, *self.flags, listen=address))

    def __getitem__(self, i):
        return self.replicas[i]

    def kill(self, i):
        self[i].process.kill()
        self[i].process.wait()

    def drain(self, i):
        assert self[i].stop() == 0

    def start(self, i):
        self.replicas[i] = self._started(self.addresses[i])

    def answered(self, i) -> float:
        return self[i].metric("limpid_grpc_requests_total", rpc="Explain", code="OK")


@contextlib.contextmanager
def service_config(addresses, _):
    page = (REPO / "docs" / "kubernetes.md").read_text()
    config = re.search(r"^service config(.*?)^```", page, re.DOTALL | re.MULTILINE)[1]
    yield "service-config", f"ipv4:{','.join(addresses)}", json.dumps(json.loads(config))


@contextlib.contextmanager
def client(addresses, _):
    yield "client", f"ipv4:{','.join(addresses)}"


@contextlib.contextmanager
def nginx(addresses, folder):
    with proxies.nginx(addresses, folder) as port:
        yield "client", f"127.0.0.1:{port}"


@contextlib.contextmanager
def envoy(addresses, folder):
    with proxies.envoy(addresses, folder) as port:
        yield "client", f"127.0.0.1:{port}"


class Load:
    """Runs tests/deploy/load.py; after the block `counts` says how the calls ended."""

    def __init__(self, arguments):
        subprocess.run([sys.executable, CLIENT / "generate.py"], check=True)
        environment = os.environ | {"PYTHONPATH": str(CLIENT / "src")}
        self.process = subprocess.Popen([sys.executable, Path(__file__).with_name("load.py"), *arguments], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        assert self.process.stdout.readline(), "the load did not begin"
        return self

    def __exit__(self, kind, *_):
        try:
            output, _ = self.process.communicate(timeout=60)
        finally:
            self.process.kill()
            self.process.wait()
        if kind is None:
            self.counts = json.loads(output)


@pytest.mark.parametrize("way", [client, service_config, nginx, envoy], ids=lambda way: way.__name__)
def test_no_call_fails_while_replicas_come_and_go(way, tmp_path):
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        fleet = Fleet(stack, NOTICE.get(way.__name__, 1))
        arguments = stack.enter_context(way(fleet.addresses, tmp_path))
        load = Load(arguments)
        with load:
            def all_answer():
                """Each of them, since it started."""
                until(lambda: all(fleet.answered(i) > 0 for i in range(SIZE)), "answers of every replica")

            def without(i):
                """The others answer on."""
                before = {j: fleet.answered(j) for j in range(SIZE) if j != i}
                until(lambda: all(fleet.answered(j) > before[j] + 10 for j in before), "answers of the others")

            all_answer()
            fleet.kill(0)
            without(0)
            fleet.start(0)
            all_answer()
            fleet.drain(1)
            without(1)
            fleet.start(1)
            all_answer()
            for i in range(SIZE):
                fleet.drain(i)
                fleet.start(i)
                all_answer()
    counts = load.counts
    print(f"\n{way.__name__}: {json.dumps(counts)}, {time.monotonic() - began:.0f} s")
    failed = {what: number for what, number in counts.items() if what.startswith("failed")}
    assert not failed and counts["ok"] == counts["sent"] > 100, counts
