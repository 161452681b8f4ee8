"""Ansible module that reads clock and link counters, and measures a program or a folder."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_meter
short_description: A host's clock, its link counters, and what a program or a folder takes
description:
  - What lies between two calls is the difference of what they return.
options:
  directory:
    description: A directory whose disk use is counted.
    type: str
    default: ""
  run:
    description: A program with its arguments, whose seconds are measured. It must end well.
    type: list
    elements: str
    default: []
  environment:
    description: What it finds in its environment besides.
    type: dict
    default: {}
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Measure how long an import takes
  ggfleet.greengrass.greengrass_meter:
    run: [/usr/bin/python3, -c, import tensorflow]
    environment:
      PYTHONPATH: /opt/greengrass-ml/current/site-packages
  register: import
"""

RETURN = r"""
clock:
  description: Seconds since the host's start, whatever its calendar says.
  returned: always
  type: float
received_bytes:
  description: What all interfaces but loopback have received since the host's start.
  returned: always
  type: int
disk_bytes:
  description: Allocated bytes of the directory, as du counts them.
  returned: with a directory
  type: int
files:
  description: Regular files in it.
  returned: with a directory
  type: int
run_seconds:
  description: What the program took.
  returned: with a program
  type: float
"""

import os
import stat
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

BLOCK = 512
"""Bytes in one unit of `st_blocks`, whatever the file system's own block size (POSIX stat)."""


def received(text: str) -> int:
    """Return the received bytes that /proc/net/dev counts, without loopback's."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return sum(int(counts.split()[0]) for name, counts in pairs if name.strip() != "lo")


def disk_use(folder: Path) -> tuple[int, int]:
    """Return allocated bytes and regular files, a file with several names once.

    What is mounted in the folder is not counted: an image is, and its content is in it.
    """
    seen, allocated, files = set(), 0, 0
    for top, folders, names in os.walk(str(folder)):
        folders[:] = [name for name in folders if not os.path.ismount(f"{top}/{name}")]
        for path in [top, *(f"{top}/{name}" for name in names)]:
            status = os.lstat(path)
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                allocated += status.st_blocks * BLOCK
                files += stat.S_ISREG(status.st_mode)
    return allocated, files


def timed(module, argv, environment) -> float:
    """Run a program and return its seconds."""
    began = time.monotonic()
    status, out, err = module.run_command(argv, environ_update=environment)
    seconds = time.monotonic() - began
    if status != 0:
        module.fail_json(
            msg=f"{' '.join(argv)} ended with {status}: {(err or out).strip()[-2000:]}"
        )
    return seconds


def main() -> None:
    """Measure and return it. Check mode runs no program."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "str", "default": ""},
            "run": {"type": "list", "elements": "str", "default": []},
            "environment": {"type": "dict", "default": {}},
        },
        supports_check_mode=True,
    )
    found = {}
    if module.params["run"] and not module.check_mode:
        seconds = timed(module, module.params["run"], module.params["environment"])
        found["run_seconds"] = round(seconds, 3)
    if module.params["directory"]:
        found["disk_bytes"], found["files"] = disk_use(Path(module.params["directory"]))
    counters = received(Path("/proc/net/dev").read_text())
    clock = round(time.monotonic(), 3)
    module.exit_json(changed=False, clock=clock, received_bytes=counters, **found)


if __name__ == "__main__":
    main()
