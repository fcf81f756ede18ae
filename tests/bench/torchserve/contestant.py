"""TorchServe with a Captum handler, asked by 32 clients at once.

It gives saliency only, no attention maps, which is to its advantage. So are a worker for each core with one thread each
and no batches: batches of 4 or 16, which pad texts of unequal length, and one worker with two threads were slower.
"""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import yaml

from support.daemon import accepts
from support.paths import BUILD
from support.server import START_SECONDS, free_port

CLIENTS = 32
PACKAGES = BUILD / "torchserve"  # tools/setup.sh bench
ADDRESSES = ("inference_address", "management_address", "metrics_address")
GRPC = ("grpc_inference", "grpc_management")


class Unavailable(Exception):
    """TorchServe does not run here, and what it said."""


class TorchServe:
    label = f"TorchServe with a Captum handler, {CLIENTS} clients, without maps"

    def __init__(self, folder):
        if not PACKAGES.exists():
            raise Unavailable("it is not installed (tools/setup.sh bench)")
        self.files = tempfile.TemporaryDirectory(prefix="limpid-torchserve-")
        self.folder = Path(self.files.name)
        self.log = self.folder / "out.log"
        (self.folder / "models").mkdir()
        (self.folder / "scratch").mkdir()  # its process id among other things
        self.environment = os.environ | {"PYTHONPATH": str(PACKAGES), "TMPDIR": str(self.folder / "scratch"),
                                         "LOG_LOCATION": str(self.folder), "METRICS_LOCATION": str(self.folder)}
        self.port = free_port()
        self.connections = threading.local()
        self.clients = ThreadPoolExecutor(CLIENTS)
        try:
            self._make_archive(folder)
            self._start()
        except BaseException:
            self.close()
            raise

    def close(self):
        with contextlib.suppress(Unavailable):
            self._run("ts.model_server", "--stop", "--foreground")  # by its process id
        self.clients.shutdown()
        self.files.cleanup()

    def turn(self, texts):
        start = time.perf_counter()
        list(self.clients.map(self._ask, texts.lines))
        return {"texts_per_second": len(texts.lines) / (time.perf_counter() - start)}

    def explain(self, texts, index):
        return np.array(self._ask(texts.lines[index])), None

    def _run(self, module, *arguments):
        with self.log.open("ab") as log:
            done = subprocess.run([sys.executable, "-m", module, *map(str, arguments)], cwd=self.folder,
                                  env=self.environment, stdout=log, stderr=subprocess.STDOUT)
        self._require(done.returncode == 0, f"{module} failed")

    def _require(self, holds, problem):
        if not holds:
            raise Unavailable(f"{problem}\n{self.log.read_text(errors='replace')[-2000:]}")

    def _make_archive(self, model_folder):
        (self.folder / "model.yaml").write_text(yaml.safe_dump(
            {"minWorkers": os.cpu_count(), "maxWorkers": os.cpu_count(), "batchSize": 1,
             "handler": {"model_folder": model_folder}}))
        self._run("model_archiver.model_packaging", "--model-name", "model", "--version", 1, "--handler",
                  Path(__file__).with_name("handler.py"), "--config-file", "model.yaml", "--archive-format", "no-archive",
                  "--export-path", "models")

    def _start(self):
        ports = [self.port] + [free_port() for _ in ADDRESSES[1:]]
        settings = {name: f"http://127.0.0.1:{port}" for name, port in zip(ADDRESSES, ports, strict=True)}
        settings |= {f"{name}_address": "127.0.0.1" for name in GRPC} | {f"{name}_port": free_port() for name in GRPC}
        settings["disable_system_metrics"] = "true"
        (self.folder / "config.properties").write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self._run("ts.model_server", "--start", "--ncs", "--disable-token-auth", "--model-store", "models",
                  "--ts-config", "config.properties", "--models", "model")
        until = time.monotonic() + START_SECONDS
        while not accepts(self.port):
            self._require(time.monotonic() < until, f"it did not start within {START_SECONDS} s")
            time.sleep(0.5)
        self._ask("This one waits until a worker is there.")

    def _ask(self, text):
        if not hasattr(self.connections, "one"):
            self.connections.one = http.client.HTTPConnection("127.0.0.1", self.port)
        self.connections.one.request("POST", "/predictions/model", text.encode(), {"Content-Type": "text/plain"})
        answer = self.connections.one.getresponse()
        body = answer.read()
        self._require(answer.status == 200, f"it answered {answer.status}: {body.decode(errors='replace')}")
        return json.loads(body)
