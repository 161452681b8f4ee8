#!/usr/bin/python3
"""Give a test host kernel settings of its own; runs inside the host, before systemd-sysctl.

`fs.*`, `kernel.*` and `vm.*` belong to no namespace: a host that set them would set those of the
machine that runs the tests. This puts a private, writable copy over /proc/sys, all but `net`, which
is private per network namespace anyway. As on a real device, what is set is lost at a reboot.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SETTINGS = Path("/proc/sys")
COPY = Path("/run/ggfleet/sys")
# Real ones stay: `net` is per namespace, `random` makes new values on every read.
LIVE = ("net", "kernel/random")
# A kernel's own defaults, so that a role has something to set.
DEFAULTS = {"fs/protected_hardlinks": "0", "fs/protected_symlinks": "0"}


def main() -> None:
    """Copy what can be read, set the defaults, mount the copy over the original."""
    for folder, folders, names in os.walk(SETTINGS):
        relative = Path(folder).relative_to(SETTINGS)
        folders[:] = [f for f in folders if str(relative / f) not in (*LIVE, "fs/binfmt_misc")]
        (COPY / relative).mkdir(parents=True, exist_ok=True)
        for name in names:
            copy(relative / name)
    for setting, value in DEFAULTS.items():
        (COPY / setting).write_text(f"{value}\n")
    for live in LIVE:
        (COPY / live).mkdir(parents=True, exist_ok=True)
        mount(SETTINGS / live, COPY / live)
    mount(COPY, SETTINGS)


def copy(setting: Path) -> None:
    """Copy one setting with its mode; some cannot be read, and those are left out."""
    try:
        value = (SETTINGS / setting).read_bytes()
    except OSError:
        return
    (COPY / setting).write_bytes(value)
    (COPY / setting).chmod((SETTINGS / setting).lstat().st_mode & 0o777)


def mount(source: Path, target: Path) -> None:
    """Show `source` at `target`, with what is mounted below it."""
    subprocess.run(["mount", "--rbind", source, target], check=True)


if __name__ == "__main__":
    main()
