"""`limpid doctor`, and how the command connects to a guarded server."""

import hashlib
import json

import pytest

from support.cli import limpid
from support.paths import DEMO
from support.pki import NAME, Authority
from support.server import Server, free_port

TOKEN = "s3cret"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """(address, options that open the door): mutual TLS and a token."""
    folder = tmp_path_factory.mktemp("guarded")
    authority = Authority(folder, "ca")
    names = ("server", "client")
    for name in names:
        for suffix, content in zip(("crt", "key"), authority.issue(name)):
            (folder / f"{name}.{suffix}").write_bytes(content)
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    (folder / "tokens.json").write_text(json.dumps({"clients": [{"name": "me", "token_sha256": digest}]}))
    (folder / "token").write_text(TOKEN + "\n")
    credentials = authority.channel_credentials(*((folder / f"client.{suffix}").read_bytes()
                                                  for suffix in ("crt", "key")))
    flags = ("--tls-cert", folder / "server.crt", "--tls-key", folder / "server.key", "--tls-client-ca",
             authority.certificate, "--auth-tokens", folder / "tokens.json")
    with Server({"demo": DEMO}, *flags, credentials=credentials) as server:
        yield server.address, {"--tls-ca": authority.certificate, "--tls-cert": folder / "client.crt",
                               "--tls-key": folder / "client.key", "--token-file": folder / "token"}


def doctor(address, options, *more, command=("doctor",)):
    return limpid(*command, "--server", address, *(part for pair in options.items() for part in pair), *more)


def test_it_says_what_an_operator_asks_first(server, client):
    done = limpid("doctor", "--server", server.address)
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert f"{server.address}, plaintext" in said and "limpid-server 0." in said and "cpu, " in said
    assert said.count("SERVING") == 3 and "NOT_SERVING" not in said
    assert f"weights {client.model('demo').identity.weights_sha256[:12]}" in said
    assert said.endswith("All is well.\n")


def test_json_has_the_same_facts(server, client):
    done = limpid("doctor", "--json", "--server", server.address)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["well"] is True and facts["tls"] is False and facts["round_trip_ms"] > 0
    assert facts["health"] == {"": "SERVING", "limpid.v1.Explainer": "SERVING", "liveness": "SERVING"}
    assert facts["version"] and facts["device"] == "cpu" and facts["threads"] >= 1
    assert facts["models"][0]["identity"]["weights_sha256"] == client.model("demo").identity.weights_sha256
    tests = {test["model"]: test for test in facts["self_tests"]}
    assert set(tests) == {model["identity"]["name"] for model in facts["models"]}
    assert all(test["status"] == "OK" and test["units"] > 5 and test["ms"] > 0 for test in tests.values())


def test_all_is_not_well_where_explanations_are_refused():
    with Server({"demo": DEMO}, "--max-text-bytes", 10) as server:
        done = limpid("doctor", "--server", server.address)
    assert done.returncode == 5
    assert "INVALID_ARGUMENT" in done.stdout and done.stdout.endswith("Not all is well.\n")


def test_where_nobody_answers_it_says_so():
    done = limpid("doctor", "--server", f"127.0.0.1:{free_port()}")
    assert done.returncode == 3 and done.stderr.startswith("limpid: no server answers at 127.0.0.1:")


def test_certificate_and_token_open_the_door(guarded):
    address, options = guarded
    done = doctor(address, options)
    assert done.returncode == 0 and f"{address}, TLS" in done.stdout, done.stdout + done.stderr
    done = doctor(address, options, "Income is stable.", command=("explain",))
    assert done.returncode == 0, done.stderr
    named = doctor(f"localhost:{address.split(':')[1]}", options, "--tls-server-name", NAME)
    assert named.returncode == 0, named.stderr


def test_variables_do_for_options_and_are_not_the_servers(guarded):
    address, options = guarded
    variables = {"LIMPID_SERVER": address, "LIMPID_TLS_CA": options["--tls-ca"],
                 "LIMPID_TLS_CLIENT_CERT": options["--tls-cert"], "LIMPID_TLS_CLIENT_KEY": options["--tls-key"],
                 "LIMPID_TOKEN_FILE": options["--token-file"], "LIMPID_TLS_CERT": "/none", "LIMPID_TLS_KEY": "/none"}
    done = limpid("doctor", environment={name: str(value) for name, value in variables.items()})
    assert done.returncode == 0 and f"{address}, TLS" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("missing, code, words", [
    (("--token-file",), 5, "UNAUTHENTICATED"),
    (("--tls-cert", "--tls-key"), 3, "no server answers"),
    (("--tls-ca", "--tls-cert", "--tls-key"), 3, "no server answers"),
])
def test_what_is_missing_is_told(guarded, missing, code, words):
    address, options = guarded
    done = doctor(address, {name: value for name, value in options.items() if name not in missing})
    assert done.returncode == code and words in done.stdout + done.stderr


@pytest.mark.parametrize("change, words", [
    ({"--tls-ca": "missing"}, ("--tls-ca", "missing")),
    ({"--token-file": "/dev/null"}, ("--token-file",)),
])
def test_a_file_that_cannot_be_used_is_named(guarded, change, words):
    address, options = guarded
    done = doctor(address, options | change)
    assert done.returncode == 2 and all(word in done.stderr for word in words), done.stderr


def test_a_wrong_name_in_the_certificate_is_the_reason_given(guarded):
    address, options = guarded
    done = doctor(address, options, "--tls-server-name", "other.test")
    assert done.returncode == 3 and "the reason:" in done.stderr
