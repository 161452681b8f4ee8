"""Stand-in for AWS IoT and IAM: a moto server that signs requests for the key that they hold.

    iot_server.py ADDRESS PORT FOLDER [NAMESPACE DEVICES_ADDRESS]

moto signs another key than the device's. Here the certificate is for the key of the request, and its
id is the digest of its DER, as AWS IoT has it. FOLDER gets `root.ca.pem`. With NAMESPACE it listens in
that network namespace too, on ports 443 and 8443, as the credentials provider and the data endpoint do:
a device that shows a certificate is let in if that is active and its policies allow it. The file
`refuse` in FOLDER makes these two refuse everybody, and `days` says how long certificates are valid.
Prints its URL when it listens.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import logging
import ssl
import sys
import threading
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from moto.core.config import default_user_config
from moto.iot.models import FakeEndpoint, IoTBackend, iot_backends
from moto.server import ThreadedMotoServer

from fleet.pki import Authority

ACCOUNT, REGION = "123456789012", "eu-west-1"
CLONE_NEWNET = 0x40000000
NAMES = ("data.example.com", "credentials.example.com")


class Entrance(BaseHTTPRequestHandler):
    """The credentials provider (GET /role-aliases/A/credentials) and shadows (GET /things/T/shadow)."""

    folder: Path

    def do_GET(self) -> None:
        """Let in whom AWS IoT would."""
        words = self.path.strip("/").split("/")
        what, name = words[0], words[1]
        backend = iot_backends[ACCOUNT][REGION]
        certificate = self._certificate(backend)
        if certificate is None or (self.folder / "refuse").exists():
            return self._answer(403, {"message": "this certificate is not let in"})
        prefix = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
        if what == "things":
            allowed = self._allows(certificate, "iot:GetThingShadow", f"{prefix}thing/{name}")
            return self._answer(404 if allowed else 403, {"message": "no shadow"})
        allowed = self._allows(
            certificate, "iot:AssumeRoleWithCertificate", f"{prefix}rolealias/{name}"
        )
        thing = self.headers["x-amzn-iot-thingname"]
        attached = thing in backend.list_principal_things(certificate.arn)
        if allowed and attached and name in backend.role_aliases:
            return self._answer(200, {"credentials": {"secretAccessKey": "never-log-this"}})
        return self._answer(403, {"message": "Access Denied"})

    def _certificate(self, backend: IoTBackend) -> Any:
        shown = self.connection.getpeercert(binary_form=True)
        found = backend.certificates.get(hashlib.sha256(shown).hexdigest()) if shown else None
        return found if found is not None and found.status == "ACTIVE" else None

    def _allows(self, certificate: Any, action: str, on: str) -> bool:
        backend = iot_backends[ACCOUNT][REGION]
        policies = [
            json.loads(str(p.document)) for p in backend.list_attached_policies(certificate.arn)
        ]
        return any(
            action in statement["Action"] and any(fnmatchcase(on, r) for r in statement["Resource"])
            for policy in policies
            for statement in policy["Statement"]
        )

    def _answer(self, status: int, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002
        """Write no access log."""


def answer_with_names() -> None:
    """Have AWS IoT tell the endpoints that the certificate of this server names."""

    def describe(self: IoTBackend, endpoint_type: str) -> FakeEndpoint:
        endpoint = FakeEndpoint(endpoint_type, self.region_name)
        endpoint.endpoint = NAMES["Credential" in endpoint_type]
        return endpoint

    setattr(IoTBackend, "describe_endpoint", describe)  # noqa: B010 - a method for mypy


def sign_with(authority: Authority) -> None:
    """Have AWS IoT sign the key of a request, valid for as long as the file `days` says."""

    def sign(self: IoTBackend, csr: str, set_as_active: object) -> Any:
        request = x509.load_pem_x509_csr(csr.encode())
        days = authority.folder / "days"
        pem = authority.sign(request, days=int(days.read_text()) if days.exists() else 365)
        active = str(set_as_active).lower() == "true"
        return self.register_certificate(pem, None, active, "INACTIVE")

    setattr(IoTBackend, "create_certificate_from_csr", sign)  # noqa: B010 - a method for mypy


def enter(namespace: str) -> None:
    """Put this thread, and no other, into a network namespace."""
    with Path("/run/netns", namespace).open() as stream:
        assert ctypes.CDLL(None, use_errno=True).setns(stream.fileno(), CLONE_NEWNET) == 0


def serve_devices(namespace: str, address: str, authority: Authority, folder: Path) -> None:
    """Listen for devices in threads of their own. Sockets stay where they were made."""
    enter(namespace)
    certificate, key = authority.issue("endpoints", names=NAMES)
    for port in (443, 8443):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.load_verify_locations(authority.root_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        handler = type("Entrance", (Entrance,), {"folder": folder})
        server = ThreadingHTTPServer((address, port), handler)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()


def main(address: str, port: str, folder: str, *devices: str) -> None:
    """Serve until told to stop."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    default_user_config["iot"] = {"use_valid_cert": True}
    authority = Authority(Path(folder))
    sign_with(authority)
    answer_with_names()
    server = ThreadedMotoServer(address, int(port), verbose=False)
    server.start()
    if devices:
        entering = threading.Thread(target=serve_devices, args=(*devices, authority, Path(folder)))
        entering.start()
        entering.join()
    host, chosen = server.get_host_and_port()
    print(f"http://{host}:{chosen}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
