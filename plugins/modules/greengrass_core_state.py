"""Ansible module that reads in one round trip how a Greengrass core does. It changes nothing."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_core_state
short_description: How a Greengrass core does
description:
  - Reads the core's units, the health endpoint of a V1 core, and the configuration that it holds.
  - Changes nothing, in check mode or out of it.
options:
  runtime:
    description: What the host runs.
    type: str
    choices: [V1, lite]
    required: true
  directory:
    description: Where the core lies.
    type: path
    required: true
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
  description: Why a V1 core does not answer; empty if it does.
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
"""

import json
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

HEALTH = "http://localhost:{}/2016-11-01/health/workers"
LITE_DAEMONS = (
    "gg-fleet-statusd", "ggconfigd", "ggdeploymentd", "gghealthd", "ggipcd", "ggpubsubd",
    "iotcored", "tesd",
)  # fmt: skip
LITE_UNITS = ("greengrass-lite.target", *(f"ggl.core.{name}.service" for name in LITE_DAEMONS))
NUCLEUS = ("services", "aws.greengrass.NucleusLite", "configuration")
# What a core needs before anybody can deploy to it, as paths in its configuration.
NEEDED_V1 = (("coreThing", "thingArn"), ("coreThing", "iotHost"))
NEEDED_LITE = (
    *(("system", name) for name in (
        "thingName", "certificateFilePath", "privateKeyPath", "rootCaPath",
    )),
    *((*NUCLEUS, name) for name in (
        "awsRegion", "iotDataEndpoint", "iotCredEndpoint", "iotRoleAlias",
    )),
)  # fmt: skip


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


def read_configuration(runtime: str, directory: Path) -> dict:
    """Return the configuration that the core holds."""
    if runtime == "V1":
        return json.loads((directory / "config/config.json").read_text())
    return read_database(directory / "config.db")


def at(node: object, path: tuple[str, ...]) -> object:
    """Return what stands at `path`, nothing where the path ends early."""
    for name in path:
        node = node.get(name) if isinstance(node, dict) else None
    return node


def find_empty(runtime: str, configuration: dict) -> list[str]:
    """Return the needed keys that are missing or empty."""
    needed = NEEDED_V1 if runtime == "V1" else NEEDED_LITE
    return [path[-1] for path in needed if not at(configuration, path)]


def find_components(configuration: dict) -> list[str]:
    """Return the names of what was deployed to a V2 core: services that have a version."""
    services = at(configuration, ("services",)) or {}
    return sorted(name for name, service in services.items() if at(service, ("version",)))


def ask_health(port: int) -> tuple[str, list]:
    """Return why a V1 core does not answer, or nothing, and what it says of its functions."""
    try:
        # The scheme is ours.
        with urllib.request.urlopen(HEALTH.format(port), timeout=10) as answer:  # noqa: S310
            return "", json.load(answer)
    except (OSError, ValueError) as error:
        return str(error), []


def main() -> None:
    """Read everything and return it."""
    arguments = {
        "runtime": {"type": "str", "choices": ["V1", "lite"], "required": True},
        "directory": {"type": "path", "required": True},
    }
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    runtime, directory = module.params["runtime"], Path(module.params["directory"])
    units = LITE_UNITS if runtime == "lite" else ("greengrass.service",)
    shown = ["systemctl", "show", "--property=Id,ActiveState,NRestarts", *units]
    configuration, unreadable = {}, ""
    try:
        configuration = read_configuration(runtime, directory)
    except (OSError, ValueError, sqlite3.Error) as error:
        unreadable = str(error)
    health, workers = "", []
    if runtime == "V1":
        health, workers = ask_health(at(configuration, ("coreThing", "ggDaemonPort")) or 8000)
    module.exit_json(
        changed=False,
        units=parse_units(module.run_command(shown, check_rc=True)[1]),
        health=health,
        workers=workers,
        unreadable=unreadable,
        empty=find_empty(runtime, configuration),
        components=find_components(configuration),
    )


if __name__ == "__main__":
    main()
