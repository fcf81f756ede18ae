"""TLS and mutual TLS: who gets in, and how certificates are exchanged under a running server."""

import socket
import ssl
import threading
import time

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from integration.waiting import until
from support.client import Client
from support.paths import DEMO
from support.pki import NAME, Authority, replace
from support.proto import pb
from support.server import Server, free_port, open_channel, run_to_end

SERVING = health_pb2.HealthCheckResponse.SERVING


class Files:
    """The server's certificate files, and how to start a server with them."""

    def __init__(self, folder):
        self.authority = Authority(folder, "server-ca")
        self.clients = Authority(folder, "client-ca")
        self.cert, self.key = folder / "tls.crt", folder / "tls.key"
        self.renew("first")

    def renew(self, common_name):
        certificate, key = self.authority.issue(common_name)
        # The pair does not fit for a moment: the server must live with it.
        replace(self.cert, certificate)
        time.sleep(0.05)
        replace(self.key, key)

    def flags(self, *more):
        return ("--tls-cert", self.cert, "--tls-key", self.key, *more)


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def served_name(address: str, authority: Authority) -> str:
    """Common name of the certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.set_alpn_protocols(["h2"])
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        with context.wrap_socket(plain, server_hostname=NAME) as connection:
            return dict(pair[0] for pair in connection.getpeercert()["subject"])["commonName"]


def refuses(server, credentials) -> str:
    """Why no call gets through."""
    with Client(server.address, credentials) as client, pytest.raises(grpc.RpcError) as caught:
        client.stub.ListModels(pb.ListModelsRequest(), timeout=10)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    return caught.value.details()


def test_only_clients_that_trust_the_server_and_speak_tls_get_through(files, tmp_path):
    with Server({"demo": DEMO}, *files.flags(), credentials=files.authority.channel_credentials()) as server:
        with Client(server.address, files.authority.channel_credentials()) as client:
            assert client.model("demo").identity.name == "demo"
        refuses(server, Authority(tmp_path, "stranger").channel_credentials())
        refuses(server, None)
        until(lambda: [line for line in server.log_lines() if line["message"] == "serving"], "serving")
        lines = {line["message"]: line for line in server.log_lines()}
        assert lines["listening"]["transport"] == "tls" and lines["certificate"]["subject"] == "CN=first"
        # Reflection is off with TLS unless asked for.
        with open_channel(server.address, files.authority.channel_credentials()) as channel:
            call = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
            with pytest.raises(grpc.RpcError) as caught:
                next(call(iter([b""]), timeout=10))
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_with_a_client_ca_a_certificate_is_needed_and_names_the_caller(files):
    good = files.authority.channel_credentials(*files.clients.issue("search"))
    nameless = files.authority.channel_credentials(*files.clients.issue(""))
    foreign = files.authority.channel_credentials(*files.authority.issue("search"))
    flags = files.flags("--tls-client-ca", files.clients.certificate)
    with Server({"demo": DEMO}, *flags, credentials=good) as server:
        for credentials in (good, nameless):
            with Client(server.address, credentials) as client:
                client.model("demo")
        refuses(server, foreign)
        refuses(server, files.authority.channel_credentials())

        def names():
            return [line["client"] for line in server.log_lines() if line.get("rpc") == "GetModel"]

        until(lambda: len(names()) == 2, "both calls in the log")
        assert names() == ["search", NAME]


def test_certificates_are_exchanged_under_load_without_a_failed_request(files):
    credentials = files.authority.channel_credentials()
    with Server({"demo": DEMO}, *files.flags(), credentials=credentials) as server:
        done, failures, answered = threading.Event(), [], [0, 0]

        def ask(worker, fresh):
            """One client keeps its connection, the other makes a new one for each request."""
            kept = Client(server.address, credentials)
            while not done.is_set():
                client = Client(server.address, credentials) if fresh else kept
                try:
                    client.explain(pb.ExplainRequest(input=pb.Input(text="Income is stable.")), timeout=30)
                    answered[worker] += 1
                except grpc.RpcError as error:
                    failures.append(error)
                if fresh:
                    client.channel.close()
            kept.channel.close()

        workers = [threading.Thread(target=ask, args=(i, i == 1)) for i in range(2)]
        for worker in workers:
            worker.start()
        try:
            for name in ("second", "third"):
                files.renew(name)
                until(lambda: served_name(server.address, files.authority) == name, f"the certificate {name}")
        finally:
            done.set()
            for worker in workers:
                worker.join()
        assert not failures and min(answered) > 10, (failures, answered)


@pytest.mark.parametrize("damage", [
    lambda files: replace(files.cert, files.cert.read_bytes()[:200]),
    lambda files: replace(files.key, b""),
    lambda files: replace(files.key, files.authority.key.read_bytes()),
    lambda files: files.cert.unlink(),
    lambda files: replace(files.clients.certificate, b""),
], ids=["half a certificate", "no key", "another key", "file gone", "no client CA"])
def test_what_cannot_be_used_leaves_the_old_certificate_in_force(files, damage):
    good = files.authority.channel_credentials(*files.clients.issue("search"))
    flags = files.flags("--tls-client-ca", files.clients.certificate)
    with Server({"demo": DEMO}, *flags, credentials=good) as server:
        client_ca = files.clients.certificate.read_bytes()
        damage(files)

        until(lambda: [line for line in server.log_lines() if "old one stays" in line["message"]], "the complaint")
        with Client(server.address, good) as client:
            client.model("demo")
        refuses(server, files.authority.channel_credentials())
        complaints = [line for line in server.log_lines() if "old one stays" in line["message"]]
        assert len(complaints) == 1 and complaints[0]["level"] == "error"

        replace(files.clients.certificate, client_ca)
        files.renew("second")
        until(lambda: "CN=second" in [line.get("subject") for line in server.log_lines()], "the good one")


def test_a_start_with_unusable_files_ends_with_the_flag_named(files, tmp_path):
    missing, empty = tmp_path / "missing", tmp_path / "empty"
    empty.write_text("")
    expired, expired_key = tmp_path / "expired", tmp_path / "expired.key"
    for path, content in zip((expired, expired_key), files.authority.issue("old", days=-1)):
        path.write_bytes(content)
    for flags, words in [
        (("--tls-cert", missing, "--tls-key", files.key), ("--tls-cert", "missing")),
        (("--tls-cert", empty, "--tls-key", files.key), ("--tls-cert", "PEM")),
        (("--tls-cert", expired, "--tls-key", expired_key), ("--tls-cert", "expired")),
        (files.flags("--tls-client-ca", empty), ("--tls-client-ca", "PEM")),
        (("--tls-cert", files.cert, "--tls-key", files.cert), ("--tls-key", "private key")),
        (("--tls-cert", files.cert), ("--tls-key",)),
        (("--tls-client-ca", files.cert), ("--tls-cert",)),
    ]:
        code, output = run_to_end({"demo": DEMO}, *flags)
        assert code != 0 and all(word in output.splitlines()[-1] + output.splitlines()[0] for word in words), output


def test_health_has_a_plaintext_address_of_its_own(files):
    port = free_port()
    credentials = files.authority.channel_credentials()
    flags = files.flags("--health-listen", f"127.0.0.1:{port}")
    with Server({"demo": DEMO}, *flags, credentials=credentials) as server:
        with open_channel(f"127.0.0.1:{port}") as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            for name in ("", "limpid.v1.Explainer", "liveness"):
                assert stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=10).status == SERVING
                assert server.health(name) == SERVING
            watch = stub.Watch(health_pb2.HealthCheckRequest(), timeout=60)
            assert next(watch).status == SERVING
            with Client(f"127.0.0.1:{port}") as client, pytest.raises(grpc.RpcError) as caught:
                client.model("demo")
            assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
            server.terminate()
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert server.wait() == 0


@pytest.mark.parametrize("listen, warned", [("0.0.0.0:0", True), ("127.0.0.1:0", False)])
def test_plaintext_that_others_can_reach_is_warned_of(listen, warned):
    with Server({"demo": DEMO}, listen=listen) as server:
        until(lambda: [line for line in server.log_lines() if line["message"] == "serving"], "serving")
        warnings = [line for line in server.log_lines() if line["level"] == "warning"]
        assert bool(warnings) == warned and all("plaintext" in line["message"] for line in warnings)
