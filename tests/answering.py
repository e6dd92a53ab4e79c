"""A small HTTP server that answers as a test says, with its clock set off or a certificate of its own."""

import ipaddress
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Answer = tuple[int, str, str]
"""Status, media type, body."""

Answers = Callable[[str, str], Answer]
"""The answer to what a server at an address is asked at a path."""


class _Handler(BaseHTTPRequestHandler):
    answers: Answers
    url: str
    ahead_s: float

    def _reply(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        status, kind, body = type(self).answers(self.url, self.path.partition("?")[0])
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + self.ahead_s, usegmt=True))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = _reply  # noqa: N815 - names of http.server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def answering(answers: Answers, *, ahead_s: float = 0.0, certificate: Path | None = None) -> Iterator[str]:
    """Address of a server; ``ahead_s`` is by how much its clock is fast, ``certificate`` a PEM file with its key."""
    scheme = "https" if certificate else "http"
    handler = type("Handler", (_Handler,), {"answers": staticmethod(answers), "ahead_s": ahead_s, "url": ""})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        handler.url = f"{scheme}://127.0.0.1:{server.server_port}"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield handler.url
        finally:
            server.shutdown()
            thread.join(5)


def as_json(value: Mapping[str, Any], status: int = 200) -> Answer:
    """An answer with a JSON object."""
    return status, "application/json", json.dumps(value)


NOT_FOUND: Answer = (404, "text/html", "<html><body>Not found</body></html>")
PAGE: Answer = (200, "text/html", "<html><body>Welcome</body></html>")


def provider(url: str, path: str, issuer: str = "") -> Answer:
    """What a provider answers that has metadata and nothing else; ``issuer`` is its path below the server."""
    own = url + issuer
    if path != f"{issuer}/.well-known/openid-configuration":
        return NOT_FOUND
    names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    return as_json({"issuer": own, **{name: f"{own}/{name}" for name in names}})


def fhir_server(url: str, path: str, base: str = "/fhir", *, locked: bool = False) -> Answer:
    """What a FHIR server answers that has a capability statement and no patients."""
    if path == f"{base}/metadata":
        return as_json({"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": {"name": "Stub"}})
    if path == f"{base}/Patient":
        return as_json({"resourceType": "Bundle"}, 401 if locked else 200)
    return NOT_FOUND


def self_signed(folder: Path) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 that nobody else signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(certificate.public_bytes(pem) + secret)
    return path
