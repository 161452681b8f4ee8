"""Running a playbook as another user of the control machine, who shares nothing with anybody."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fleet.fleet import MEMORY, Fleet
from fleet.host import Host
from fleet.play import PLAY_SECONDS, PROJECT, Result, write_inventory
from fleet.shell import run

UID = "65534"  # nobody
NEEDED = ("ansible.cfg", "inventory", "playbooks", "plugins", "roles")
# May read what it does not own: the tests' Python and keys lie in folders of root. What it writes is
# its own, and nobody else can read that.
LOCKED_DOWN = (
    "setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search", "--", "sh", "-c", 'umask 077; exec "$@"', "sh",
)  # fmt: skip


@contextmanager
def checkout() -> Iterator[Path]:
    """Make a home with a copy of the project, as that user; remove it at the end."""
    home = MEMORY / f"ggf{os.getpid()}-stranger"
    home.mkdir()
    try:
        os.chown(home, int(UID), int(UID))
        run([*LOCKED_DOWN, "cp", "-r", "--no-preserve=mode,ownership",
             *(PROJECT / name for name in NEEDED), home])  # fmt: skip
        yield home
    finally:
        shutil.rmtree(home)


def play_as_stranger(fleet: Fleet, home: Path, hosts: dict[Host, dict[str, Any]]) -> Result:
    """Run site.yml from the copy in `home`."""
    # ssh is in the hosts' network already.
    reached = {host: {**own, "ansible_ssh_executable": "ssh"} for host, own in hosts.items()}
    # Ansible asks for its rights to an inventory before it reads it, and the tests' folder is root's.
    inventory = shutil.copy(write_inventory(fleet, reached), home)
    os.chown(inventory, int(UID), int(UID))
    argv = [
        "ip", "netns", "exec", fleet.network.name, *LOCKED_DOWN, sys.executable, "-m", "ansible", "playbook",
        "--inventory=inventory/sample", f"--inventory={inventory}",
        f"--limit={','.join(host.name for host in hosts)}", "playbooks/site.yml",
    ]  # fmt: skip
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_NOCOLOR": "1",
    }
    done = subprocess.run(
        argv, cwd=home, env=environment, stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, timeout=PLAY_SECONDS, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout)
