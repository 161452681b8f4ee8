"""Ansible module that reads in one round trip which ML libraries a host has, and its room."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_library_state
short_description: Which ML libraries a host has, and what it could take
description:
  - Reads the versions below a directory of the role greengrass_ml_libraries, the host's Python,
    free disk and memory.
  - Changes nothing, in check mode or out of it.
options:
  directory:
    description: The directory of one set of libraries.
    type: path
    required: true
  python:
    description: The host's Python.
    type: path
    required: true
  inputs:
    description: All that makes one version differ from another, but for the Python.
    type: list
    elements: str
    required: true
  uv:
    description: Where uv lies; looked for only if given.
    type: str
    default: ""
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Look at the libraries that are there
  ggfleet.greengrass.greengrass_library_state:
    directory: /opt/greengrass-ml
    python: /usr/bin/python3
    inputs: ["{{ archive_sha256 }}"]
  register: libraries
"""

RETURN = r"""
wanted:
  description: The name of the version that the inputs and the host's Python make.
  returned: always
  type: str
current:
  description: The version that is served; empty without one.
  returned: always
  type: str
previous:
  description: The one before it; empty without one.
  returned: always
  type: str
versions:
  description: What is known of each complete version, by name.
  returned: always
  type: dict
torn:
  description: Names of versions that an interrupted run has left incomplete.
  returned: always
  type: list
foreign:
  description: What is in the directory and not of the role.
  returned: always
  type: list
python:
  description: C(version), C(abi), C(venv) and C(managed) of the Python; empty if it cannot be run.
  returned: always
  type: dict
free_bytes:
  description: Free disk where the directory is or would be.
  returned: always
  type: int
available_bytes:
  description: Memory that programs can still have.
  returned: always
  type: int
uv:
  description: What uv says of its version; empty if it cannot be run.
  returned: always
  type: str
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

RECORD = ".ggfleet.json"
OURS = ("versions", "current", "previous", ".lock", ".tmp")
ASK_PYTHON = """
import importlib.util, json, os, platform, sysconfig
found = importlib.util.find_spec
print(json.dumps({
    "version": platform.python_version(),
    "abi": "%s %s" % (sysconfig.get_config_var("SOABI"), " ".join(platform.libc_ver())),
    "venv": bool(found("venv") and found("ensurepip")),
    "managed": os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")),
}))
"""


def read_versions(folder: Path) -> tuple[dict, list]:
    """Return the records of complete versions by name, and the names of the others."""
    complete, torn = {}, []
    for path in sorted(folder.glob("*")):
        try:
            complete[path.name] = json.loads((path / RECORD).read_text())
        except (OSError, ValueError):
            torn.append(path.name)
    return complete, torn


def target_of(link: Path) -> str:
    """Return the version that a link names, or nothing."""
    # Path.readlink is not in Python 3.8.
    return Path(os.readlink(link)).name if link.is_symlink() else ""  # noqa: PTH115


def find_foreign(directory: Path) -> list:
    """Return what is in the directory and not of the role."""
    if not directory.is_dir():
        return []
    return sorted(path.name for path in directory.iterdir() if path.name not in OURS)


def existing(path: Path) -> Path:
    """Return the path, or the nearest above it that is there."""
    while not path.exists():
        path = path.parent
    return path


def available_memory(meminfo: str) -> int:
    """Return the bytes that /proc/meminfo calls available."""
    for line in meminfo.splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


def name_of(inputs, python: dict) -> str:
    """Return the name of a version: 16 hexadecimal digits of all that it is made from.

    A newer patch of the same Python keeps the version: its environment links to the interpreter.
    """
    minor = ".".join(python.get("version", "").split(".")[:2])
    text = "\n".join([*inputs, minor, python.get("abi", "")])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def first_line(module, argv) -> str:
    """Return the first line that a program prints, nothing if it fails or is missing."""
    if shutil.which(argv[0]) is None:
        return ""
    status, out = module.run_command(argv)[:2]
    return (out.splitlines() or [""])[0] if status == 0 else ""


def main() -> None:
    """Read everything and return it."""
    arguments = {
        "directory": {"type": "path", "required": True},
        "python": {"type": "path", "required": True},
        "inputs": {"type": "list", "elements": "str", "required": True},
        "uv": {"type": "str", "default": ""},
    }
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    directory = Path(module.params["directory"])
    python = json.loads(
        first_line(module, [module.params["python"], "-I", "-c", ASK_PYTHON]) or "{}"
    )
    versions, torn = read_versions(directory / "versions")
    module.exit_json(
        changed=False,
        wanted=name_of(module.params["inputs"], python),
        current=target_of(directory / "current"),
        previous=target_of(directory / "previous"),
        versions=versions,
        torn=torn,
        foreign=find_foreign(directory),
        python=python,
        free_bytes=shutil.disk_usage(existing(directory)).free,
        available_bytes=available_memory(Path("/proc/meminfo").read_text()),
        uv=first_line(module, [module.params["uv"], "--version"]) if module.params["uv"] else "",
    )


if __name__ == "__main__":
    main()
