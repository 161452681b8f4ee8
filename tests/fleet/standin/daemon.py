#!/usr/bin/env python3
"""Stand-in for the daemon of a Greengrass V1 core. It is NOT the core: it runs no function.

Reads config.json, checks that the files it names are there, writes the pid file, answers the health
endpoint with an empty list of workers, and holds a TLS connection to the data endpoint if it can
have one. That is what provisioning can be tested against.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, TextIO
from urllib.parse import urlparse

HEALTH = "/2016-11-01/health/workers"


class Health(BaseHTTPRequestHandler):
    """Answers the health endpoint, and 404 to everything else."""

    def do_GET(self) -> None:
        """Answer with no workers."""
        self.send_response(200 if self.path == HEALTH else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Server", "greengrass-standin")
        self.end_headers()
        self.wfile.write(b"[]")

    def do_POST(self) -> None:
        """Answer as to GET."""
        self.do_GET()

    def log_message(self, format: str, *words: object) -> None:  # noqa: A002
        """Write no access log."""


def missing_files(config: dict[str, object]) -> list[str]:
    """Return the files that the crypto part names and that do not exist."""
    crypto = config["crypto"]
    assert isinstance(crypto, dict)
    certificate = crypto["principals"]["IoTCertificate"]
    uris = [crypto["caPath"], certificate["certificatePath"], certificate["privateKeyPath"]]
    return [uri for uri in uris if not Path(urlparse(uri).path).is_file()]


def stay_connected(config: dict[str, Any], log: TextIO) -> None:
    """Hold a TLS connection to the data endpoint, and make another when it ends."""
    crypto, thing = config["crypto"], config["coreThing"]
    own = crypto["principals"]["IoTCertificate"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the endpoint of tests has an address and no name
    context.load_verify_locations(urlparse(crypto["caPath"]).path)
    context.load_cert_chain(
        urlparse(own["certificatePath"]).path, urlparse(own["privateKeyPath"]).path
    )
    endpoint = (thing["iotHost"], thing.get("iotMqttPort", 8883))
    while True:
        try:
            with (
                socket.create_connection(endpoint, 5) as plain,
                context.wrap_socket(plain) as secure,
            ):
                log.write(f"greengrass-standin: MQTT connection to {endpoint[0]}\n")
                secure.settimeout(None)
                secure.recv(1)  # the endpoint says nothing for as long as it lives
        except OSError as error:
            log.write(f"greengrass-standin: no MQTT connection to {endpoint[0]}: {error}\n")
        time.sleep(1)


def main(root: Path) -> None:
    """Serve until told to stop."""
    config = json.loads((root / "config/config.json").read_text())
    missing = missing_files(config)
    if missing:
        sys.exit(f"greengrass-standin: config.json names files that are not there: {missing}")
    port = config["coreThing"].get("ggDaemonPort", 8000)
    server = HTTPServer(("127.0.0.1", port), Health)
    log = root / "ggc/var/log/system"
    log.mkdir(parents=True, exist_ok=True)
    told = (log / "runtime.log").open("w", buffering=1)
    told.write(f"stand-in for {config['coreThing']['thingArn']} serves\n")
    Thread(target=stay_connected, args=(config, told), daemon=True).start()
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
