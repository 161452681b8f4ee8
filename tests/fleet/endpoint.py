"""A stand-in for the data endpoint of AWS IoT: takes TLS connections of devices that it knows.

    endpoint.py ADDRESS PORT CERTIFICATE KEY ROOT_CA

It speaks no MQTT. It asks for the device's certificate, as AWS IoT does, and holds the connection.
"""

from __future__ import annotations

import socket
import ssl
import sys
from threading import Thread


def hold(context: ssl.SSLContext, plain: socket.socket) -> None:
    """Hold a connection until the device ends it."""
    try:
        with context.wrap_socket(plain, server_side=True) as secure:
            secure.recv(1)
    except OSError as error:
        print(error, flush=True)


def main(address: str, port: str, certificate: str, key: str, root_ca: str) -> None:
    """Serve until killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(root_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server((address, int(port))) as server:
        print("ready", flush=True)
        while True:
            Thread(target=hold, args=(context, server.accept()[0]), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
