"""How both clients reach a server: address and credentials."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

DEFAULT_ADDRESS = "127.0.0.1:50051"

# A server takes 128 calls on a connection. grpcio was seen to stall on calls that wait for one of them to end, so the
# clients let no more than this begin.
MAX_CALLS = 100


@dataclass(frozen=True)
class Tls:
    """PEM files of a TLS connection.

    ca_file: whom to trust; None: the authorities that gRPC comes with.
    cert_file, key_file: who we are, for mutual TLS.
    server_name: the name in the server's certificate, where it is not that of the address.
    """

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None

    def credentials(self) -> grpc.ChannelCredentials:
        ca, key, cert = (Path(name).read_bytes() if name else None
                         for name in (self.ca_file, self.key_file, self.cert_file))
        return grpc.ssl_channel_credentials(ca, key, cert)


@dataclass(frozen=True)
class Connection:
    """What `Client` and `AsyncClient` are made with; see there."""

    address: str
    token: str | Callable[[], str] | None
    tls: Tls | None
    max_attempts: int

    @classmethod
    def make(cls, address: str | None, token: str | Callable[[], str] | None, tls: Tls | bool,
             max_attempts: int) -> Connection:
        if max_attempts < 1:
            raise ValueError(f"max_attempts is {max_attempts}; it has to be 1 at least")
        return cls(address or os.environ.get("LIMPID_SERVER") or DEFAULT_ADDRESS, token,
                   Tls() if tls is True else tls or None, max_attempts)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        if self.token is None:
            return ()
        return (("authorization", f"Bearer {self.token if isinstance(self.token, str) else self.token()}"),)

    def options(self) -> list[tuple[str, Any]]:
        options: list[tuple[str, Any]] = [
            # Replicas behind one name take turns, so that an attempt that follows a refusal meets another one.
            ("grpc.lb_policy_name", "round_robin"),
            ("grpc.enable_retries", 0),  # retry.py says why
            ("grpc.max_receive_message_length", -1),
            # A server that is gone without a word is noticed; no more often than the server allows.
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.primary_user_agent", "limpid-client"),
        ]
        # gRPC would ask the proxy of $http_proxy for its own machine, too.
        if self.address.startswith(("127.", "localhost:", "[::1]")):
            options.append(("grpc.enable_http_proxy", 0))
        if self.tls and self.tls.server_name:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return options

    def open(self) -> grpc.Channel:
        if self.tls:
            return grpc.secure_channel(self.address, self.tls.credentials(), self.options())
        return grpc.insecure_channel(self.address, self.options())

    def open_async(self) -> grpc.aio.Channel:
        if self.tls:
            return grpc.aio.secure_channel(self.address, self.tls.credentials(), self.options())
        return grpc.aio.insecure_channel(self.address, self.options())
