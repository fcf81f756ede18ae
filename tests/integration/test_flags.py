"""The server's command line, its environment, and its port file."""

import os
import re
import subprocess

import pytest

from support.client import Client
from support.paths import DEMO
from support.proto import pb
from support.server import Server, binary, run_to_end

FLAGS = ("--model", "--listen", "--port-file", "--metrics-listen", "--admin-listen",
         "--admin-model-root", "--canary-seconds", "--watchdog-seconds", "--reflection", "--device", "--threads",
         "--max-batch-tokens", "--max-queue-tokens", "--max-text-bytes", "--max-attention-bytes", "--log-level",
         "--log-format", "--drain-seconds", "--max-request-seconds", "--health-listen", "--tls-cert", "--tls-key",
         "--tls-client-ca", "--auth-tokens", "--auth-jwt-keys", "--auth-jwt-issuer", "--auth-jwt-audience",
         "--playground")


def run(*arguments, **environment):
    done = subprocess.run([binary("limpid-server"), *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env=os.environ | environment)
    return done.returncode, done.stdout, done.stderr


def test_help_names_every_flag_with_its_environment_variable():
    code, out, _ = run("--help")
    assert code == 0
    for flag in FLAGS:
        assert flag in out
        assert f"LIMPID_{flag[2:].replace('-', '_').upper()}" in out


def test_version():
    code, out, _ = run("--version")
    assert code == 0 and re.match(r"limpid-server \d+\.\d+\.\d+", out)


@pytest.mark.parametrize("arguments, words", [
    ((), ("--model",)),
    (("--model", "demo=x", "--nonsense", "1"), ("--nonsense",)),
    (("--model", "demo=x", "--threads", "-3"), ("--threads",)),
    (("--model", "demo=x", "--threads", "many"), ("--threads", "many")),
    (("--model", "demo=x", "--log-level", "loud"), ("--log-level", "loud", "warning")),
    (("--model", "demo=x", "--reflection", "perhaps"), ("--reflection", "perhaps", "on")),
    (("--model", "demo=x", "--model", "demo=y"), ("--model", "'demo'", "twice")),
    (("--model", "=x"), ("--model", "=x")),
    (("--model", "demo=x", "--admin-listen", "127.0.0.1:0"), ("--admin-model-root", "--admin-listen")),
])
def test_a_wrong_flag_is_refused_with_exit_code_2(arguments, words):
    code, out, err = run(*arguments)
    assert code == 2
    assert all(word in err for word in words), err + out


def test_a_wrong_device_is_refused():
    code, output = run_to_end({"demo": DEMO}, "--device", "abacus")
    assert code == 1 and "abacus" in output.splitlines()[-1] and "cpu" in output.splitlines()[-1], output


def test_a_port_in_use_is_refused(server):
    done = subprocess.run([binary("limpid-server"), "--model", f"demo={DEMO}", "--listen", server.address,
                           "--metrics-listen", "off"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert server.address in done.stderr.splitlines()[-1] and "port" in done.stderr.splitlines()[-1]


def test_the_environment_stands_in_for_flags_and_flags_go_before(monkeypatch):
    monkeypatch.setenv("LIMPID_MAX_TEXT_BYTES", "123")
    monkeypatch.setenv("LIMPID_MAX_ATTENTION_BYTES", "456")
    monkeypatch.setenv("LIMPID_MODEL", f"one={DEMO};two={DEMO}")
    with Server({}, "--max-attention-bytes", 789) as server, Client(server.address) as client:
        models = client.stub.ListModels(pb.ListModelsRequest(), timeout=30).models
        assert [(m.identity.name, m.is_default) for m in models] == [("one", True), ("two", False)]
        assert {(m.limits.max_text_bytes, m.limits.max_attention_bytes) for m in models} == {(123, 789)}


def test_the_port_file_has_the_address_once_the_server_listens(server):
    assert re.fullmatch(r"127\.0\.0\.1:\d+\n", server.port_file.read_text())
    with Client(server.port_file.read_text().strip()) as client:
        assert client.model("").identity.name == "demo"


def test_a_model_folder_alone_names_the_model():
    with Server({}, "--model", f"{DEMO}/") as server, Client(server.address) as client:
        assert client.model("").identity.name == DEMO.name
