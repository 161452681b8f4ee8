#!/usr/bin/python
"""Ansible module that reads files, units and packages of a host in one round trip.

It takes its arguments as JSON (`JSONARGS`) and needs nothing but Python on the host: loading
`AnsibleModule` costs a small board ten times as long as the reading. The action plugin of the
same name checks the arguments on the machine that runs Ansible.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

DOCUMENTATION = r"""
module: greengrass_look
short_description: Read files, units and packages in one round trip
description:
  - Changes nothing, in check mode or out of it.
  - Runs wherever Python 3.8 or newer is; arguments are checked on the machine that runs Ansible.
options:
  files:
    description: Paths to look for.
    type: list
    elements: path
    default: []
  texts:
    description: Small files to read.
    type: list
    elements: path
    default: []
  units:
    description: Units of systemd to ask for.
    type: list
    elements: str
    default: []
  packages:
    description: Packages of dpkg to ask for; shell patterns are allowed.
    type: list
    elements: str
    default: []
author: ggfleet contributors
"""

EXAMPLES = r"""
- name: Look at certificate and unit
  greengrass_look:
    files: [/greengrass/certs/certificate.pem.crt]
    units: [greengrass.service]
  register: __found
"""

RETURN = r"""
files:
  description: SHA-256 of each path that is there by its path; empty for what is no plain file.
  returned: always
  type: dict
texts:
  description: Content by path of those that are there, without zero bytes.
  returned: always
  type: dict
units:
  description: C(LoadState), C(ActiveState), C(ExecStart) of each unit by its name.
  returned: always
  type: dict
packages:
  description: C(status) and C(version) of each package that dpkg knows by its name.
  returned: always
  type: dict
"""

ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""
PROPERTIES = "Id,LoadState,ActiveState,ExecStart"
QUERY = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status} ${Version}\n"]
BLOCK = 1 << 20


def find(paths: list[str]) -> dict[str, str]:
    """Return the SHA-256 of each path that is there; empty for what is no plain file."""
    return {path: digest(Path(path)) for path in paths if Path(path).exists()}


def digest(path: Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits, nothing for a directory or device."""
    if not path.is_file():
        return ""
    total = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(BLOCK), b""):
            total.update(block)
    return total.hexdigest()


def read(paths: list[str]) -> dict[str, str]:
    """Return the texts of the files that are there. Those of a device tree end with a zero byte."""
    found = (Path(path) for path in paths)
    return {
        str(path): path.read_bytes().replace(b"\0", b"").decode("utf-8", "replace")
        for path in found
        if path.is_file()
    }


def ask_systemd(names: list[str]) -> dict[str, dict[str, str]]:
    """Return what systemd says of each unit; of one that it does not know, that it is not found."""
    if not names:
        return {}
    shown = output(["systemctl", "show", f"--property={PROPERTIES}", *names])
    blocks = [dict(line.split("=", 1) for line in b.splitlines()) for b in shown.split("\n\n")]
    return dict(zip(names, ({"ExecStart": "", **block} for block in blocks if block)))


def ask_dpkg(names: list[str]) -> dict[str, dict[str, str]]:
    """Return status and version of the packages that dpkg knows. It fails where it knows none."""
    lines = [line.split(" ") for line in output([*QUERY, *names]).splitlines()] if names else []
    return {name: {"status": status, "version": version} for name, status, version in lines}


def output(argv: list[str]) -> str:
    """Return what a command prints on standard output."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return done.stdout.decode()


def main() -> None:
    """Read everything and print it."""
    asked = json.loads(ARGUMENTS)
    found = {
        "changed": False,
        "files": find(asked["files"]),
        "texts": read(asked["texts"]),
        "units": ask_systemd(asked["units"]),
        "packages": ask_dpkg(asked["packages"]),
    }
    print(json.dumps(found))  # noqa: T201  what Ansible reads


if __name__ == "__main__":
    main()
