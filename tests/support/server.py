"""Starts the real server on a free port, and ends it by its pid."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from support.paths import BIN

SANITIZER_WORDS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "UndefinedBehaviorSanitizer",
                   "runtime error:")
# Sanitizer builds on a busy machine are slow to load LibTorch.
START_SECONDS = 180
STOP_SECONDS = 120


def binary(name: str) -> str:
    path = BIN / name
    assert path.exists(), f"{path} is not built (make build; LIMPID_BIN names another folder)"
    return str(path)


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def open_channel(address: str, credentials: grpc.ChannelCredentials = None) -> grpc.Channel:
    """A connection of its own: gRPC would share one among all channels to an address."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.secure_channel(address, credentials, options) if credentials else grpc.insecure_channel(address, options)


def server_command(models: dict, *flags) -> list:
    named = [argument for name, folder in models.items() for argument in ("--model", f"{name}={folder}")]
    return [binary("limpid-server"), *named, *map(str, flags)]


class Server:
    """`with Server({"demo": folder}) as server:` serves at `server.address` until the block ends.

    `listen` names a port instead of a free one. The output goes to a file that log() reads, or to the file `log_to`.
    With `credentials` the address is spoken to in TLS.
    """

    def __init__(
        self, models: dict, *flags, listen="127.0.0.1:0", log_to=None, credentials: grpc.ChannelCredentials = None
    ):
        self.credentials = credentials
        self.folder = Path(tempfile.mkdtemp(prefix="limpid-server-"))
        self.port_file = self.folder / "port"
        self.log_path = self.folder / "log"
        self.log_path.touch()
        self.log_to = log_to
        self.metrics_port = free_port()
        self.command = server_command(models, "--listen", listen, "--port-file", self.port_file,
                                      "--metrics-listen", f"127.0.0.1:{self.metrics_port}", *flags)

    def __enter__(self):
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(self.command, stdout=self.log_to or log, stderr=subprocess.STDOUT)
        try:
            self._wait_until_serving()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(self, *_):
        if self.process.returncode is None:
            code = self.stop()
            assert code == 0, f"the server ended with {code}\n{self.log()}"
        self.check_sanitizers()

    def _wait_until_serving(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            code = self.process.poll()
            assert code is None, f"the server ended at start with {code}\n{self.log()}"
            if self.port_file.exists() and self.port_file.read_text().strip():
                self.address = f"127.0.0.1:{self.port_file.read_text().split()[0].rsplit(':')[-1]}"
                if self.health() == health_pb2.HealthCheckResponse.SERVING:
                    return
            time.sleep(0.05)
        raise AssertionError(f"not serving after {START_SECONDS} s\n{self.log()}")

    def health(self, service: str = ""):
        """The standard health service's answer; None while nothing answers."""
        with open_channel(self.address, self.credentials) as channel:
            try:
                request = health_pb2.HealthCheckRequest(service=service)
                return health_pb2_grpc.HealthStub(channel).Check(request, timeout=5).status
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.UNAVAILABLE:
                    return None
                raise

    def terminate(self):
        os.kill(self.process.pid, signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM, then the exit code."""
        self.terminate()
        return self.wait()

    def wait(self) -> int:
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end within {STOP_SECONDS} s of SIGTERM\n{self.log()}")

    def alive(self) -> bool:
        return self.process.poll() is None

    def metrics(self) -> str:
        """The body of GET /metrics."""
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with no_proxy.open(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=30) as answer:
            return answer.read().decode()

    def metric(self, name: str, /, **labels) -> float:
        """Sum of the series of that name that have these labels; 0 if there is none yet."""
        total = 0.0
        for found, described, value in re.findall(r"^(\w+)(?:{(.*)})? (\S+)$", self.metrics(), re.MULTILINE):
            if found == name and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', described)).items():
                total += float(value)
        return total

    def log_lines(self) -> list:
        """The JSON objects of the log so far."""
        lines = self.log_path.read_text(errors="replace").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")[-8000:]

    def check_sanitizers(self):
        text = self.log_path.read_text(errors="replace")
        found = [word for word in SANITIZER_WORDS if word in text]
        assert not found, f"the server's log has {found}\n{self.log()}"


def run_to_end(models: dict, *flags, timeout=START_SECONDS):
    """Starts a server that is expected to refuse its models: (exit code, output)."""
    command = server_command(models, "--listen", "127.0.0.1:0", "--metrics-listen", "off", *flags)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout)
    return done.returncode, done.stdout.decode(errors="replace")
