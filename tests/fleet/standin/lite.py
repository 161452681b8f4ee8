#!/usr/bin/python3
"""Stand-in for the programs of Greengrass nucleus lite. It is NOT nucleus lite: it runs no component.

Installed under the name of each program. `ggconfigd` reads the configuration files into config.db as
the real one does: files are read at every start, and give way to values that were set later by other
means. `iotcored` ends with an error unless its credentials are there, and holds a TLS connection to
the data endpoint if it can have one. `fleet-provisioning` fills in
what a claim would bring. All others wait.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import ssl
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

ROOT = Path("/var/lib/greengrass")
ETC = Path("/etc/greengrass")
DATABASE = ROOT / "config.db"
TABLES = """
CREATE TABLE IF NOT EXISTS keyTable
  (keyid INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE NOT NULL, keyvalue TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS relationTable (keyid INT UNIQUE NOT NULL, parentid INT NOT NULL);
CREATE TABLE IF NOT EXISTS valueTable
  (keyid INT UNIQUE NOT NULL, value TEXT NOT NULL, timeStamp INTEGER NOT NULL);
"""
FROM_FILES = 2  # the timestamp of what files say: anything else is newer
NUCLEUS = ("services", "aws.greengrass.NucleusLite", "configuration")
CLAIM = ("services", "aws.greengrass.fleet_provisioning", "configuration")


def key(database: sqlite3.Connection, path: tuple[str, ...], *, make: bool = False) -> int | None:
    """Return the id of the last key of `path`, or nothing where it is missing."""
    found: int | None = None
    for name in path:
        parent = "NOT IN (SELECT keyid FROM relationTable)" if found is None else "= ?"
        column = "k.keyid" if found is None else "r.parentid"
        row = database.execute(
            "SELECT k.keyid FROM keyTable k LEFT JOIN relationTable r ON k.keyid = r.keyid "
            f"WHERE k.keyvalue = ? AND {column} {parent}",
            (name,) if found is None else (name, found),
        ).fetchone()
        if row is None and not make:
            return None
        found = row[0] if row else add(database, name, found)
    return found


def add(database: sqlite3.Connection, name: str, parent: int | None) -> int:
    """Add a key; return its id."""
    made = database.execute("INSERT INTO keyTable (keyvalue) VALUES (?)", (name,)).lastrowid
    assert made is not None
    if parent is not None:
        database.execute("INSERT INTO relationTable VALUES (?, ?)", (made, parent))
    return made


def write(database: sqlite3.Connection, path: tuple[str, ...], value: object, when: int) -> None:
    """Write a value, or all of a mapping, unless what is there is newer."""
    if isinstance(value, dict):
        key(database, path, make=True)
        for name, inner in value.items():
            write(database, (*path, name), inner, when)
        return
    database.execute(
        "INSERT INTO valueTable VALUES (?, ?, ?) ON CONFLICT (keyid) DO UPDATE "
        "SET value = excluded.value, timeStamp = excluded.timeStamp "
        "WHERE excluded.timeStamp >= valueTable.timeStamp",
        (key(database, path, make=True), f'"{value}"', when),
    )


def read(database: sqlite3.Connection, *path: str) -> str:
    """Return a value as text, empty where it is missing."""
    row = database.execute(
        "SELECT value FROM valueTable WHERE keyid = ?", (key(database, path),)
    ).fetchone()
    return row[0].strip('"') if row else ""


def load() -> None:
    """Read the files: config.yaml, then config.d, as directories list it."""
    import yaml  # noqa: PLC0415 - only this program needs it

    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.executescript(TABLES)
        for path in (ETC / "config.yaml", *(ETC / "config.d").glob("*")):
            if path.is_file():
                content: Any = yaml.safe_load(path.read_bytes()[:8192])
                for name, value in content.items():
                    write(database, (name,), value, FROM_FILES)


def ready() -> None:
    """Tell systemd that the others may start. The real one has sockets that they wait at."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])


def connect() -> None:
    """End with an error unless all that a connection needs is there and can be read; stay connected."""
    with closing(sqlite3.connect(DATABASE)) as database:
        files = {
            name: Path(read(database, "system", name) or "/empty")
            for name in ("rootCaPath", "certificateFilePath", "privateKeyPath")
        }
        endpoint = read(database, *NUCLEUS, "iotDataEndpoint")
        for path in files.values():
            path.read_bytes()
        if not (read(database, "system", "thingName") and endpoint):
            sys.exit("greengrass-lite-standin: thingName or iotDataEndpoint is empty")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the endpoint of tests has an address and no name
    try:
        context.load_verify_locations(files["rootCaPath"])
        context.load_cert_chain(files["certificateFilePath"], files["privateKeyPath"])
    except ssl.SSLError:
        print(
            "greengrass-lite-standin: no connection with credentials that are not real", flush=True
        )
        return
    while True:
        hold(endpoint, context)
        time.sleep(1)


def hold(endpoint: str, context: ssl.SSLContext) -> None:
    """Hold a TLS connection to the data endpoint until it ends, or say why there is none."""
    try:
        with (
            socket.create_connection((endpoint, 8883), 5) as plain,
            context.wrap_socket(plain) as secure,
        ):
            print(f"greengrass-lite-standin: connected to {endpoint}", flush=True)
            secure.settimeout(None)
            secure.recv(1)  # the endpoint says nothing for as long as it lives
    except OSError as error:
        print(f"greengrass-lite-standin: not connected to {endpoint}: {error}", flush=True)


def provision() -> None:
    """Make a key and a certificate, neither of them real, and say so in the configuration."""
    with closing(sqlite3.connect(DATABASE)) as database, database:
        if not read(database, *CLAIM, "templateName") or read(
            database, "system", "certificateFilePath"
        ):
            print("Skipping provisioning.", file=sys.stderr)
            return
        for name in ("claimCertPath", "claimKeyPath", "rootCaPath"):
            Path(read(database, *CLAIM, name)).read_bytes()
        now = int(time.time() * 1000)
        made = {"certificateFilePath": "certificate.pem", "privateKeyPath": "priv_key"}
        for name, file in made.items():
            path = ROOT / "credentials" / file
            path.write_text("stand-in\n")
            path.chmod(0o644)
            write(database, ("system", name), path, now)
        serial = read(database, *CLAIM, "templateParams", "SerialNumber")
        write(database, ("system", "thingName"), f"thing-of-{serial}", now)
        write(database, ("system", "rootCaPath"), read(database, *CLAIM, "rootCaPath"), now)
        for name in ("iotDataEndpoint", "iotCredEndpoint"):
            write(database, (*NUCLEUS, name), read(database, *CLAIM, name), now)
    print("Process Complete, Your device is now provisioned", file=sys.stderr)


def main(program: str) -> None:
    """Be the program of this name."""
    if program == "fleet-provisioning":
        return provision()
    if program == "ggconfigd":
        load()
        ready()
    if program == "iotcored":
        connect()
    print(f"greengrass-lite-standin: {program} waits", flush=True)
    signal.pause()
    return None


if __name__ == "__main__":
    main(Path(sys.argv[0]).name)
