"""TLS and bearer tokens, and what a refusal carries."""

import hashlib
import json

import both
import pytest
from limpid import Client, Tls, TooLarge, Unauthorized, Unavailable
from support.paths import DEMO
from support.pki import NAME, Authority, replace
from support.server import Server


@pytest.fixture(scope="module")
def secured(tmp_path_factory):
    """(address, file of the authority) of a server with TLS that wants a token."""
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority(folder, "authority")
    certificate, key = authority.issue(NAME)
    replace(folder / "server.pem", certificate)
    replace(folder / "server.key", key)
    digest = hashlib.sha256(b"open sesame").hexdigest()
    (folder / "tokens.json").write_text(json.dumps({"clients": [{"name": "tests", "token_sha256": digest}]}))
    flags = ("--tls-cert", folder / "server.pem", "--tls-key", folder / "server.key", "--auth-tokens", folder / "tokens.json")
    with Server({"demo": DEMO}, *flags, credentials=authority.channel_credentials()) as server:
        yield server.address, str(authority.certificate)


@pytest.mark.parametrize("kind", both.KINDS)
@pytest.mark.parametrize("token", ["open sesame", lambda: "open sesame"])
def test_a_token_over_tls(secured, kind, token):
    address, authority = secured
    caller = both.Caller(kind, address, tls=Tls(ca_file=authority, server_name=NAME), token=token)
    assert caller.predict("Savings grew.").label in ("approved", "declined")
    assert len(caller.explain_many(["Savings grew."] * 3)) == 3


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_the_right_token(secured, token):
    address, authority = secured
    with Client(address, tls=Tls(ca_file=authority), token=token) as client, pytest.raises(Unauthorized):
        client.predict("Savings grew.")


def test_an_authority_that_is_not_trusted(secured):
    with Client(secured[0], tls=True, token="open sesame", max_attempts=1) as client, pytest.raises(Unavailable):
        client.predict("Savings grew.")


@pytest.mark.parametrize("kind", both.KINDS)
def test_a_refusal_has_reason_and_request_id(server, kind):
    caller = both.Caller(kind, server.address)
    with pytest.raises(TooLarge) as caught:
        caller.explain([5] * 5000, model="demo")
    assert caught.value.reason == "REQUEST_TOO_LARGE" and caught.value.request_id
