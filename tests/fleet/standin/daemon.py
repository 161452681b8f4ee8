#!/usr/bin/env python3
"""Stand-in for the daemon of a Greengrass V1 core. It is NOT the core: it runs no function.

Reads config.json, checks that the files it names are there, writes the pid file and answers the
health endpoint with an empty list of workers. That is what provisioning can be tested against.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
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
    (log / "runtime.log").write_text(f"stand-in for {config['coreThing']['thingArn']} serves\n")
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
