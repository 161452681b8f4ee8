#!/usr/bin/python
"""Ansible module that reads in one round trip how a Greengrass core does. It changes nothing.

It takes its arguments as JSON (`JSONARGS`) and needs nothing but Python on the host: loading
`AnsibleModule` costs a small board longer than the work. The action plugin of the same name
checks the arguments on the machine that runs Ansible.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_core_state
short_description: How a Greengrass core does
description:
  - Reads the core's units and the configuration that it holds; of a V1 core the health endpoint,
    and of the classic nucleus the socket of its IPC and the states that its log tells.
  - Changes nothing, in check mode or out of it.
options:
  runtime:
    description: What the host runs.
    type: str
    choices: [V1, classic, lite]
    required: true
  directory:
    description: Where the core lies.
    type: path
    required: true
  endpoint_ports:
    description: >-
      Ports of endpoints, or of a proxy. Without any, connections are not looked for.
    type: list
    elements: int
    default: []
  connection_timeout:
    description: Seconds to wait for a connection of a core that has just been started.
    type: int
    default: 0
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Read how the core does
  ggfleet.greengrass.greengrass_core_state:
    runtime: lite
    directory: /var/lib/greengrass
  register: core

- name: Tell which of its keys are empty
  ansible.builtin.debug:
    var: core.empty
"""

RETURN = r"""
units:
  description: C(Id), C(ActiveState) and C(NRestarts) of each unit.
  returned: always
  type: list
health:
  description: Why a V1 core or a classic nucleus does not answer; empty if it does.
  returned: always
  type: str
workers:
  description: What a V1 core says of its functions.
  returned: always
  type: list
unreadable:
  description: Why the configuration cannot be read; empty if it can.
  returned: always
  type: str
empty:
  description: Keys that a core needs and that are empty.
  returned: always
  type: list
components:
  description: Components that a V2 core has been given.
  returned: always
  type: list
states:
  description: The last state of each component since a classic nucleus was started, if logged.
  returned: always
  type: dict
logs_states:
  description: Whether a classic nucleus writes states of components to its log.
  returned: always
  type: bool
connections:
  description: Peers at I(endpoint_ports) that processes of the core are connected to.
  returned: always
  type: list
told:
  description: The last line of the core's log that speaks of a connection; empty if none does.
  returned: always
  type: str
"""

import ipaddress
import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path

ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""
HEALTH = "http://localhost:{}/2016-11-01/health/workers"
LITE_DAEMONS = (
    "gg-fleet-statusd", "ggconfigd", "ggdeploymentd", "gghealthd", "ggipcd", "ggpubsubd",
    "iotcored", "tesd",
)  # fmt: skip
LITE_UNITS = ("greengrass-lite.target", *(f"ggl.core.{name}.service" for name in LITE_DAEMONS))
NUCLEUS = ("services", "aws.greengrass.NucleusLite", "configuration")
CLASSIC = ("services", "aws.greengrass.Nucleus", "configuration")
# The unit whose processes speak to AWS IoT.
SPEAKER = {"lite": "ggl.core.iotcored.service"}
RUNTIME_LOG = {"V1": "ggc/var/log/system/runtime.log", "classic": "logs/greengrass.log"}
SPEAKS_OF_CONNECTION = re.compile("connect|mqtt", re.IGNORECASE)
TAIL = 2**17  # bytes of a log that are read
ESTABLISHED = "01"  # the state as /proc/net/tcp has it
# What a core needs before anybody can deploy to it, as paths in its configuration.
NEEDED_SYSTEM = tuple(("system", name) for name in (
    "thingName", "certificateFilePath", "privateKeyPath", "rootCaPath",
))  # fmt: skip
NEEDED_NUCLEUS = ("awsRegion", "iotDataEndpoint", "iotCredEndpoint", "iotRoleAlias")
NEEDED = {
    "V1": (("coreThing", "thingArn"), ("coreThing", "iotHost")),
    "classic": (*NEEDED_SYSTEM, *((*CLASSIC, name) for name in NEEDED_NUCLEUS)),
    "lite": (*NEEDED_SYSTEM, *((*NUCLEUS, name) for name in NEEDED_NUCLEUS)),
}
# What the classic nucleus gives to the parts of itself, which nobody has deployed.
BUILT_IN = "0.0.0"
# Lines of its log, as text: a start, and a component that changes its state.
LAUNCH = "system-start. Launch Nucleus"
STATE = re.compile(r"service-set-state\. \{(.*)\}")


def parse_units(shown: str) -> list[dict[str, str]]:
    """Return what `systemctl show` printed, a dictionary for each unit."""
    blocks = [block.splitlines() for block in shown.split("\n\n") if block.strip()]
    return [{"NRestarts": "", **dict(line.split("=", 1) for line in block)} for block in blocks]


def read_database(path: Path) -> dict:
    """Return the configuration of nucleus lite as nested dictionaries.

    Its config.db keeps keys, the parent of each key, and values as JSON (measured with 2.6.0).
    """
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        names = dict(database.execute("SELECT keyid, keyvalue FROM keyTable"))
        parents = dict(database.execute("SELECT keyid, parentid FROM relationTable"))
        values = dict(database.execute("SELECT keyid, value FROM valueTable"))
    nodes = {key: {} for key in names if key not in values}
    nodes.update({key: parse_value(value) for key, value in values.items()})
    tree = {}
    for key, name in names.items():
        (nodes[parents[key]] if key in parents else tree)[name] = nodes[key]
    return tree


def parse_value(text: str) -> object:
    """Return a value; one that is no JSON as it is."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def read_transactions(path: Path) -> dict:
    """Return the configuration of the classic nucleus as nested dictionaries.

    Its config.tlog has a change in each line: TS time, TP path, W what has happened, V value. It is
    what the nucleus itself starts from; effectiveConfig.yaml is a copy that is older at times.
    """
    tree, times = {}, {}
    for line in path.read_text(encoding="utf-8").splitlines():
        change = json.loads(line)
        where = tuple(change["TP"])
        if change["W"] == "changed" and change["TS"] >= times.get(where, 0):
            times[where] = change["TS"]
            grown(tree, where[:-1])[where[-1]] = change.get("V")
        elif change["W"] == "interiorAdded":
            grown(tree, where)
        elif change["W"] == "removed":
            grown(tree, where[:-1]).pop(where[-1], None)
    return tree


def grown(tree: dict, path: tuple[str, ...]) -> dict:
    """Return the dictionary at `path`, made where it is missing."""
    for name in path:
        if not isinstance(tree.get(name), dict):
            tree[name] = {}
        tree = tree[name]
    return tree


def read_configuration(runtime: str, directory: Path) -> dict:
    """Return the configuration that the core holds."""
    if runtime == "V1":
        return json.loads((directory / "config/config.json").read_text())
    if runtime == "classic":
        return read_transactions(directory / "config/config.tlog")
    return read_database(directory / "config.db")


def at(node: object, path: tuple[str, ...]) -> object:
    """Return what stands at `path`, nothing where the path ends early."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def find_empty(runtime: str, configuration: dict) -> list[str]:
    """Return the needed keys that are missing or empty. Case does not count for classic."""
    lower = runtime == "classic"
    held = lowered(configuration) if lower else configuration
    return [
        path[-1]
        for path in NEEDED[runtime]
        if not at(held, tuple(name.lower() for name in path) if lower else path)
    ]


def lowered(node: object) -> object:
    """Return nested dictionaries with keys in lower case."""
    if not isinstance(node, dict):
        return node
    return {name.lower(): lowered(value) for name, value in node.items()}


def find_components(configuration: dict) -> list[str]:
    """Return the names of what was deployed to a V2 core: services that have a version."""
    services = at(configuration, ("services",)) or {}
    none = (None, "", BUILT_IN)
    return sorted(n for n, service in services.items() if at(service, ("version",)) not in none)


def logs_states(configuration: dict) -> bool:
    """Tell whether a classic nucleus writes states to its log: at level INFO, and to a file."""
    logging = at(configuration, (*CLASSIC, "logging"))
    level, kind = (str(at(logging, (name,)) or "").upper() for name in ("level", "outputType"))
    return level in ("", "INFO", "DEBUG", "TRACE") and kind != "CONSOLE"


def read_states(configuration: dict, directory: Path) -> dict[str, str]:
    """Return the last state of each component since the nucleus was last started."""
    folder = at(configuration, (*CLASSIC, "logging", "outputDirectory")) or directory / "logs"
    states = {}
    try:
        lines = Path(folder, "greengrass.log").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    for line in lines:
        parse_log_line(line, states)
    return states


def parse_log_line(line: str, states: dict[str, str]) -> None:
    """Take the state that a line tells, as text or JSON, into `states`; a start empties them."""
    context = {}
    if line.startswith("{"):
        entry = parse_value(line)
        kind, context = at(entry, ("eventType",)), at(entry, ("contexts",)) or {}
        launched = f"{kind}. {at(entry, ('message',))}" == LAUNCH
        told = kind == "service-set-state"
    else:
        launched, told = LAUNCH in line, STATE.search(line)
        if told:
            context = dict(pair.split("=", 1) for pair in told[1].split(", ") if "=" in pair)
    if launched:
        states.clear()
    elif told and {"serviceName", "newState"} <= set(context):
        states[context["serviceName"]] = context["newState"]


def ask_health(port: int) -> tuple[str, list]:
    """Return why a V1 core does not answer, or nothing, and what it says of its functions."""
    try:
        # The scheme is ours.
        with urllib.request.urlopen(HEALTH.format(port), timeout=10) as answer:  # noqa: S310
            return "", json.load(answer)
    except (OSError, ValueError) as error:
        return str(error), []


def connect(path: str) -> str:
    """Return why nobody listens at a unix socket, or nothing."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(10)
            client.connect(path)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return ""


def established(table: str) -> dict[str, tuple[str, int]]:
    """Return address and port of the peer for the inode of each established connection.

    `table` is a file of /proc/net: addresses are words of four bytes in the machine's order.
    """
    rows = (line.split() for line in table.splitlines()[1:])
    peers = ((row[9], *row[2].split(":")) for row in rows if row[3] == ESTABLISHED)
    return {inode: (address_of(words), int(port, 16)) for inode, words, port in peers}


def address_of(words: str) -> str:
    """Return the address that /proc/net tells in hexadecimal digits; IPv4 within IPv6 as IPv4."""
    raw = bytes.fromhex(words)
    if sys.byteorder == "little":
        raw = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4))
    found = ipaddress.ip_address(raw)
    return str(getattr(found, "ipv4_mapped", None) or found)


def sockets_of(unit: str, processes: Path = Path("/proc")) -> set[str]:
    """Return the inodes of the sockets that processes of a unit have open."""
    inodes = set()
    for process in processes.glob("[0-9]*"):
        try:
            if unit in re.split("[/\n]", (process / "cgroup").read_text()):
                links = [os.readlink(link) for link in (process / "fd").iterdir()]  # noqa: PTH115
                inodes.update(link[8:-1] for link in links if link.startswith("socket:["))
        except OSError:  # the process has gone meanwhile
            continue
    return inodes


def find_connections(unit: str, ports: list[int]) -> list[str]:
    """Return the peers, outside of this host, that a unit's processes are connected to."""
    peers = {}
    for name in ("tcp", "tcp6"):
        table = Path("/proc/net", name)
        peers.update(established(table.read_text()) if table.exists() else {})
    held = (peers[inode] for inode in sockets_of(unit) & set(peers))
    return sorted(
        f"{address}:{port}"
        for address, port in held
        if port in ports and not ipaddress.ip_address(address).is_loopback
    )


def wait_for_connections(unit: str, ports: list[int], timeout: int) -> list[str]:
    """Return the connections as soon as there is one, or none when the time is over."""
    end = time.monotonic() + timeout
    while True:
        found = find_connections(unit, ports)
        if found or time.monotonic() >= end:
            return found
        time.sleep(0.5)


def last_of_connection(log: str) -> str:
    """Return the last line of a log that speaks of a connection."""
    lines = [line.strip() for line in log.splitlines() if SPEAKS_OF_CONNECTION.search(line)]
    return lines[-1] if lines else ""


def read_end(path: Path) -> str:
    """Return the last part of a log, nothing where there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def read_log(runtime: str, directory: Path) -> str:
    """Return the end of the log in which a core tells of its connection."""
    if runtime in RUNTIME_LOG:
        return read_end(directory / RUNTIME_LOG[runtime])
    unit = f"--unit={SPEAKER[runtime]}"
    return ask("journalctl", "--quiet", "--output=cat", "--lines=200", unit)[1]


def read_connection(runtime: str, directory: Path, ports: list[int], timeout: int) -> dict:
    """Return what the host knows of the core's connection to AWS IoT."""
    if not ports:
        return {"connections": [], "told": ""}
    unit = SPEAKER.get(runtime, "greengrass.service")
    connections = wait_for_connections(unit, ports, timeout)
    return {
        "connections": connections,
        "told": last_of_connection(read_log(runtime, directory)),
    }


def ask(*argv: str) -> tuple[int, str]:
    """Return exit status and output of a program; its complaint where it has failed."""
    done = subprocess.run(argv, capture_output=True, check=False)
    told = done.stderr if done.returncode else done.stdout
    return done.returncode, told.decode(errors="replace")


def read_state(runtime: str, directory: Path) -> dict:
    """Return what the core holds and says of itself."""
    configuration, unreadable = {}, ""
    try:
        configuration = read_configuration(runtime, directory)
    except (OSError, ValueError, KeyError, TypeError, sqlite3.Error) as error:
        unreadable = str(error)
    health, workers, states = "", [], {}
    if runtime == "V1":
        health, workers = ask_health(at(configuration, ("coreThing", "ggDaemonPort")) or 8000)
    if runtime == "classic":
        # In this order: a nucleus that listens has written its start to the log before.
        health = connect(
            at(configuration, ("system", "ipcSocketPath")) or f"{directory}/ipc.socket"
        )
        states = read_states(configuration, directory)
    return {
        "health": health,
        "workers": workers,
        "unreadable": unreadable,
        "empty": find_empty(runtime, configuration),
        "components": find_components(configuration),
        "states": states,
        "logs_states": logs_states(configuration),
    }


def main() -> None:
    """Read everything and print it."""
    asked = json.loads(ARGUMENTS)
    runtime, directory = asked["runtime"], Path(asked["directory"])
    units = LITE_UNITS if runtime == "lite" else ("greengrass.service",)
    status, shown = ask("systemctl", "show", "--property=Id,ActiveState,NRestarts", *units)
    if status:
        failure = {"failed": True, "msg": f"systemctl show: {shown.strip()}"}
        print(json.dumps(failure))  # noqa: T201 - what Ansible reads
        return
    found = {
        "changed": False,
        "units": parse_units(shown),
        **read_state(runtime, directory),
        **read_connection(runtime, directory, asked["endpoint_ports"], asked["connection_timeout"]),
    }
    print(json.dumps(found))  # noqa: T201 - what Ansible reads


if __name__ == "__main__":
    main()
