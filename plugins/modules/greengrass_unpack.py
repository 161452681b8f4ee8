#!/usr/bin/python
"""Ansible module that puts the parts of an archive into place, each as a whole, in one round trip.

It takes its arguments as JSON (`JSONARGS`) and needs nothing but Python and tar on the host. The
action plugin of the same name checks the arguments on the machine that runs Ansible.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_unpack
short_description: Put the parts of an archive into place, each as a whole
description:
  - Unpacks an archive beside the place of its parts, looks whether it holds what it must, stops
    the unit that uses the old parts, and renames the new ones into place.
  - Everything in it belongs to root.
  - What it leaves when it is cut off is taken away or finished by the next run. Write a mark
    after it.
  - In check mode it only says that it would change something.
options:
  archive:
    description: The archive, on the host, as tar reads it.
    type: path
    required: true
  directory:
    description: Where the parts go. The archive is unpacked below, on the same file system.
    type: path
    required: true
  prefix:
    description: The directory in the archive that holds the parts.
    type: str
    required: true
  needs:
    description: A path below I(prefix) that the archive must hold.
    type: str
    required: true
  otherwise:
    description: What to say of an archive that does not hold it.
    type: str
    required: true
  replaced:
    description: Parts that take the place of those of the same name.
    type: list
    elements: str
    default: []
  kept:
    description: Parts that are moved only where they are missing.
    type: list
    elements: str
    default: []
  unit:
    description: The unit of systemd to stop before anything is replaced. It may be unknown.
    type: str
    required: true
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Put a new release into place
  greengrass_unpack:
    archive: /var/cache/example.tar.gz
    directory: /opt/example
    prefix: example
    needs: bin/example
    otherwise: The archive is not that of the release.
    replaced: [bin, share]
    unit: example.service
"""

RETURN = r"""
parts:
  description: The parts that were put into place.
  returned: success
  type: list
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""
UNPACKED = ".unpacked"


class RefusedError(Exception):
    """The archive is not what it should be; the message says why."""


def unpack(archive: str, into: Path) -> None:
    """Unpack an archive into a new directory that only root may enter."""
    shutil.rmtree(into, ignore_errors=True)  # left by a run that was cut off
    into.mkdir(mode=0o700)
    run("tar", "--extract", f"--file={archive}", f"--directory={into}", "--no-same-owner")


def replace(source: Path, place: Path) -> bool:
    """Move a part into its place, and say whether the archive has it."""
    if not source.exists():
        return False
    place.parent.mkdir(parents=True, exist_ok=True)
    remove(place)
    source.rename(place)
    return True


def remove(path: Path) -> None:
    """Remove a file or a directory with all that is in it, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def run(*argv: str) -> None:
    """Run a command; its complaint becomes ours."""
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise RefusedError(f"{' '.join(argv)}: {done.stderr.decode(errors='replace').strip()}")


def stop(unit: str) -> None:
    """Stop a unit that systemd knows."""
    argv = ["systemctl", "show", "--property=LoadState", "--value", unit]
    if subprocess.run(argv, stdout=subprocess.PIPE, check=False).stdout.strip() != b"not-found":
        run("systemctl", "stop", unit)


def install(asked: dict) -> list[str]:
    """Unpack, look, stop and put into place; return the parts that came into place."""
    directory = Path(asked["directory"])
    unpacked = directory / UNPACKED
    try:
        unpack(asked["archive"], unpacked)
        source = unpacked / asked["prefix"]
        if not (source / asked["needs"]).exists():
            raise RefusedError(asked["otherwise"])
        stop(asked["unit"])
        missing = [part for part in asked["kept"] if not (directory / part).exists()]
        wanted = [*asked["replaced"], *missing]
        parts = [part for part in wanted if replace(source / part, directory / part)]
        os.sync()  # the mark that follows must not reach the disk before them
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)
    return parts


def main() -> None:
    """Do it and print what came of it."""
    asked = json.loads(ARGUMENTS)
    os.umask(0o022)  # a host may have a stricter one, with which the core could not read its parts
    try:
        parts = [] if asked["_ansible_check_mode"] else install(asked)
        done: dict = {"changed": True, "parts": parts}
    except (RefusedError, OSError) as error:
        done = {"failed": True, "msg": str(error)}
    print(json.dumps(done))  # noqa: T201 - what Ansible reads


if __name__ == "__main__":
    main()
