"""Models come and go while requests run: limpid.v1.Admin, on a port of its own."""

import queue
import shutil
import threading
from contextlib import contextmanager

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from safetensors.numpy import load_file, save_file

from integration.waiting import until
from support.client import Client
from support.paths import DEMO, minilm
from support.proto import admin_pb, admin_rpc, pb
from support.server import Server, free_port

WEIGHTS = "model.safetensors"
NUM_CLIENTS, NUM_RELOADS = 4, 10


class Admin:
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.stub = admin_rpc.AdminStub(self.channel)

    def load(self, name, folder, **expected):
        request = admin_pb.LoadModelRequest(name=name, folder=str(folder), **expected)
        return self.stub.LoadModel(request, timeout=120).model

    def reload(self, name, folder="", **expected):
        request = admin_pb.ReloadModelRequest(name=name, folder=str(folder), **expected)
        return self.stub.ReloadModel(request, timeout=120).model

    def unload(self, name):
        return self.stub.UnloadModel(admin_pb.UnloadModelRequest(name=name), timeout=120).model


def refusal(call, *arguments, **named):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **named)
    return caught.value.code(), caught.value.details()


@pytest.fixture
def root(tmp_path):
    """Two models of one architecture with different weights, `a` and `b`, and one beside the root that is not offered."""
    folder = tmp_path / "root"
    for name in ("root/a", "root/b", "outside"):
        shutil.copytree(DEMO, tmp_path / name)
    weights = load_file(folder / "b" / WEIGHTS)
    weights["classifier.bias"] = weights["classifier.bias"] + np.float32([0.5, -0.5])
    save_file(weights, folder / "b" / WEIGHTS)
    return folder


@contextmanager
def administered(root, *flags):
    port = free_port()
    with Server({"demo": root / "a"}, "--admin-listen", f"127.0.0.1:{port}", "--admin-model-root", root,
                *flags) as server, Client(server.address) as client:
        admin = Admin(f"127.0.0.1:{port}")
        yield server, client, admin
        admin.channel.close()


def request(model="demo"):
    return pb.ExplainRequest(model=model, input=pb.Input(text="She has missed three payments."),
                             methods=[pb.Method(saliency=pb.Saliency())])


def test_no_request_fails_while_models_are_exchanged(root):
    with administered(root) as (server, client, admin):
        sha = {client.model("demo").identity.weights_sha256: "a"}
        answers, failures, stop = [], [], threading.Event()

        def ask():
            with Client(server.address) as own:
                while not stop.is_set():
                    try:
                        answer = own.explain(request())
                        answers.append((answer.summary.model.weights_sha256, tuple(answer.logits)))
                    except grpc.RpcError as error:
                        failures.append((error.code(), error.details()))

        threads = [threading.Thread(target=ask) for _ in range(NUM_CLIENTS)]
        for thread in threads:
            thread.start()
        for i in range(NUM_RELOADS):
            model = admin.reload("demo", "b" if i % 2 == 0 else "a")
            assert model.is_default and model.identity.name == "demo"
            sha.setdefault(model.identity.weights_sha256, "b")
            extra = admin.load("extra", "b")
            assert not extra.is_default and client.explain(request("extra")).parts[-1] == "summary"
            assert admin.unload("extra").identity.name == "extra"
        stop.set()
        for thread in threads:
            thread.join()

        assert not failures
        # Both were seen, and no answer mixes the two.
        assert {weights for weights, _ in answers} == set(sha) and len(sha) == 2
        logits = {weights: np.array([l for w, l in answers if w == weights]) for weights in sha}
        assert all(np.ptp(rows, axis=0).max() < 1e-5 for rows in logits.values())
        a, b = (rows[0] for rows in logits.values())
        assert np.abs(np.abs(a - b) - 0.5).max() < 1e-5
        assert refusal(client.model, "extra")[0] == grpc.StatusCode.NOT_FOUND


def test_metrics_say_what_is_loaded(root):
    with administered(root) as (server, client, admin):
        before = client.model("demo").identity.weights_sha256
        client.explain(request())
        explained = server.metric("limpid_explanations_total", model="demo", outcome="full")

        after = admin.reload("demo", "b").identity.weights_sha256
        admin.load("extra", "a")
        admin.unload("extra")

        assert server.metric("limpid_model_info", weights_sha=after) == 1
        assert server.metric("limpid_model_info", weights_sha=before) == 0
        assert server.metric("limpid_model_loaded", model="demo") == 1
        assert "limpid_model_loaded{model=\"extra\"} 0" in server.metrics()
        assert server.metric("limpid_model_load_seconds", model="demo") > 0
        # The series go on counting.
        assert explained == server.metric("limpid_explanations_total", model="demo", outcome="full") > 0


@pytest.mark.parametrize("spoil", ["truncated", "emptied", "replaced"])
def test_files_that_change_under_the_server_change_no_answer(root, spoil):
    with administered(root) as (server, client, admin):
        before = client.explain(request())
        path = root / "a" / WEIGHTS
        if spoil == "replaced":
            # In place: a mapping would see it.
            path.write_bytes(bytes(path.stat().st_size))
        else:
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size // 2 if spoil == "truncated" else 0)

        code, details = refusal(admin.reload, "demo")
        assert code == grpc.StatusCode.INVALID_ARGUMENT and "safetensors" in details

        after = client.explain(request())
        assert list(after.logits) == list(before.logits) and list(after.scores()) == list(before.scores())
        assert after.summary.model == before.summary.model and server.alive()
        assert admin.reload("demo", "b").identity.name == "demo"


def test_weights_that_are_not_those_expected_are_data_loss(root):
    with administered(root) as (_, client, admin):
        served = client.model("demo").identity.weights_sha256

        code, details = refusal(admin.reload, "demo", "b", weights_sha256=served)
        assert code == grpc.StatusCode.DATA_LOSS and served in details
        assert refusal(admin.load, "b", "b", weights_sha256=served)[0] == grpc.StatusCode.DATA_LOSS
        assert client.model("demo").identity.weights_sha256 == served
        assert admin.reload("demo", "a", weights_sha256=served).identity.weights_sha256 == served


def test_only_folders_below_the_root_are_loaded(root, tmp_path):
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "links").mkdir()
    for file in (root / "a").iterdir():
        (root / "links" / file.name).symlink_to((tmp_path / "outside" / file.name) if file.name == WEIGHTS else file)
    (root / "inner").symlink_to(root / "a")
    with administered(root) as (_, client, admin):
        for folder in ("", ".", "..", "../outside", "nothing", "link", "links", "a/" + WEIGHTS, "/etc", "/",
                       tmp_path / "outside", "a\0b"):
            code, details = refusal(admin.load, "new", folder)
            assert code == grpc.StatusCode.INVALID_ARGUMENT and "folder" in details, folder
            assert "--admin-model-root" in details and str(tmp_path) not in details, folder
        assert admin.load("absolute", root / "a").identity.name == "absolute"
        assert admin.load("inner", "inner").identity.name == "inner"
        assert [m.identity.name for m in client.stub.ListModels(pb.ListModelsRequest(), timeout=30).models] == [
            "demo", "absolute", "inner"]


@pytest.mark.parametrize("name", ["", "with space", "semi;colon", "x" * 129, "ünicode"])
def test_a_name_that_cannot_be_is_refused(root, name):
    with administered(root) as (_, _, admin):
        for call in (lambda: admin.load(name, "a"), lambda: admin.reload(name), lambda: admin.unload(name)):
            code, details = refusal(call)
            assert code == grpc.StatusCode.INVALID_ARGUMENT and "name" in details and "128" in details


def test_what_does_not_fit_the_models_that_are_loaded_is_refused(root, tmp_path):
    (root / "broken").mkdir()
    with administered(root) as (_, _, admin):
        assert refusal(admin.load, "demo", "b") == (grpc.StatusCode.ALREADY_EXISTS,
                                                    "name: 'demo' is loaded already: reload it")
        assert refusal(admin.reload, "nobody", "b")[0] == grpc.StatusCode.NOT_FOUND
        assert refusal(admin.unload, "nobody")[0] == grpc.StatusCode.NOT_FOUND
        code, details = refusal(admin.unload, "demo")
        assert code == grpc.StatusCode.FAILED_PRECONDITION and "default" in details
        code, details = refusal(admin.load, "broken", "broken")
        assert code == grpc.StatusCode.NOT_FOUND and "config.json" in details and str(tmp_path) not in details
        code, details = refusal(admin.load, "b", "b", weights_sha256="ABC")
        assert code == grpc.StatusCode.INVALID_ARGUMENT and "weights_sha256" in details and "64" in details


def test_one_model_is_loaded_at_a_time(root):
    with administered(root) as (_, client, admin):
        calls = [admin.stub.LoadModel.future(admin_pb.LoadModelRequest(name=f"m{i}", folder="a"), timeout=120)
                 for i in range(8)]
        codes = [call.code() for call in calls]

        assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.ABORTED}
        assert "being loaded" in next(c for c in calls if c.code() == grpc.StatusCode.ABORTED).details()
        loaded = {m.identity.name for m in client.stub.ListModels(pb.ListModelsRequest(), timeout=30).models}
        assert loaded == {"demo"} | {f"m{i}" for i, code in enumerate(codes) if code == grpc.StatusCode.OK}


def test_the_data_port_has_no_admin_and_the_admin_port_has_health(root):
    with administered(root) as (server, _, admin):
        assert refusal(Admin(server.address).unload, "demo")[0] == grpc.StatusCode.UNIMPLEMENTED
        health = health_pb2_grpc.HealthStub(admin.channel)
        for name in ("", "limpid.v1.Explainer", "liveness"):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=30)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_a_drain_does_not_wait_for_a_model_that_is_being_loaded(root):
    shutil.copytree(minilm(), root / "minilm")
    with administered(root) as (server, _, admin):
        loading = admin.stub.LoadModel.future(
            admin_pb.LoadModelRequest(name="minilm", folder="minilm"), timeout=120)
        until(lambda: server.metric("limpid_grpc_requests_started_total", rpc="LoadModel") == 1, "the call")

        assert server.stop() == 0

        assert loading.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
        assert "minilm" not in [line.get("model") for line in server.log_lines() if line["message"] == "model loaded"]


def test_requests_on_an_open_stream_see_the_exchange(root):
    with administered(root) as (_, client, admin):
        before = client.model("demo").identity.weights_sha256
        to_send = queue.Queue()
        responses = client.stub.ExplainMany(iter(to_send.get, None), timeout=120)

        def ask(key):
            to_send.put(pb.ExplainManyRequest(id=key, request=request()))
            return next(m.response.summary.model.weights_sha256 for m in responses if m.response.HasField("summary"))

        assert ask("1") == before
        after = admin.reload("demo", "b").identity.weights_sha256
        assert ask("2") == after != before
        to_send.put(None)
        assert not list(responses)
