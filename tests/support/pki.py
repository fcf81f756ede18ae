"""Keys, certificates and JWTs, made by the openssl command."""

import base64
import json
import os
import subprocess
from pathlib import Path

import grpc

NAME = "limpid.test"


def openssl(*arguments, stdin=None) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], input=stdin, check=True, capture_output=True).stdout


def replace(path: Path, content: bytes):
    """As careful writers do it: never a moment with half a file."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(content)
    os.replace(fresh, path)


class Authority:
    """A certificate authority with its files in `folder`."""

    def __init__(self, folder: Path, name: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.key, self.certificate = folder, folder / f"{name}.key", folder / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)

    def issue(self, common_name: str, days=1):
        """(certificate, key) as PEM, for localhost and NAME."""
        key = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        request = openssl("req", "-new", "-key", "/dev/stdin", "-subj", f"/CN={common_name}" if common_name else "/O=x",
                          stdin=key)
        names = self.folder / "names"
        names.write_text(f"subjectAltName=DNS:{NAME},DNS:localhost,IP:127.0.0.1\n")
        return openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self.key, "-days", days, "-extfile", names,
                       "-set_serial", int.from_bytes(os.urandom(8), "big"), stdin=request), key

    def channel_credentials(self, certificate=None, key=None) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.certificate.read_bytes(), key, certificate)


class JwtKey:
    """A key pair that signs tokens; `algorithm` is RS256 or ES256."""

    def __init__(self, folder: Path, algorithm: str):
        self.algorithm, self.path = algorithm, folder / f"jwt-{algorithm}-{os.urandom(4).hex()}.key"
        options = (("RSA", "-pkeyopt", "rsa_keygen_bits:2048") if algorithm == "RS256" else
                   ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
        self.path.write_bytes(openssl("genpkey", "-algorithm", *options))
        self.public = openssl("pkey", "-in", self.path, "-pubout")

    def token(self, claims: dict, header=None) -> str:
        signed = f"{encode(header or {'alg': self.algorithm, 'typ': 'JWT'})}.{encode(claims)}"
        signature = openssl("dgst", "-sha256", "-sign", self.path, stdin=signed.encode())
        return f"{signed}.{base64url(raw_ecdsa(signature) if self.algorithm == 'ES256' else signature)}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(part: dict) -> str:
    return base64url(json.dumps(part).encode())


def raw_ecdsa(der: bytes) -> bytes:
    """The two numbers side by side, from DER: SEQUENCE { INTEGER, INTEGER }."""
    at, numbers = 2, b""
    for _ in range(2):
        size = der[at + 1]
        numbers += int.from_bytes(der[at + 2:at + 2 + size], "big").to_bytes(32, "big")
        at += 2 + size
    return numbers
