"""Running a playbook against test hosts, as a fleet owner does."""

from __future__ import annotations

import collections
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.rootfs import LOGIN

PROJECT = Path(__file__).parents[2]
PLAY_SECONDS = 900
"""Seconds after which a run counts as hanging; an emulated host is given more."""
# Most test hosts have no endpoint to connect to, and nothing to wait for.
OFFLINE = {"greengrass_verify_connection_timeout": 0}
_FATAL = re.compile(r"fatal: \[([^]]+)\]")
_RECAP = re.compile(r"^(\S+)\s+: (ok=\d+ .*)$", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """How a run of ansible-playbook ended."""

    status: int
    output: str
    told: dict[str, float] = field(default_factory=dict)
    """When it was last said of a host that it has failed, as `time.monotonic` counts; by name."""

    def recap(self, host: Host) -> dict[str, int]:
        """Return the counts of one host: ok, changed, unreachable, failed, ..."""
        recaps = dict(_RECAP.findall(self.output))
        counts = (count.split("=") for count in recaps[host.name].split())
        return {name: int(value) for name, value in counts}

    def must_pass(self) -> Result:
        """Fail with the whole output unless the run ended well."""
        assert self.status == 0, self.output
        return self

    def must_fail(self) -> Result:
        """Fail with the whole output unless a task failed on a host."""
        assert self.status == 2, self.output
        return self


class Running:
    """A run of ansible-playbook that goes on while a test does something to its hosts."""

    def __init__(
        self, fleet: Fleet, name: str, hosts: dict[Host, dict[str, Any]], *options: str
    ) -> None:
        """Start playbooks/`name` with the sample inventory and what each host sets differently."""
        argv: list[str | Path] = [
            Path(sys.executable).with_name("ansible-playbook"), "--inventory=inventory/sample",
            # Of its own: another run may go on over other hosts.
            f"--inventory={write_inventory(fleet, hosts, next(iter(hosts)).name)}",
            f"--limit={','.join(host.name for host in hosts)}", f"playbooks/{name}", *options,
        ]  # fmt: skip
        self._told: dict[str, float] = {}
        self._process = subprocess.Popen(
            argv, cwd=PROJECT, env=environment(fleet), stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._printed: list[str] = []
        patience = max(host.system.patience for host in hosts)
        self._deadline = Timer(PLAY_SECONDS * patience, self._process.kill)
        self._deadline.start()

    def lines(self) -> Iterator[str]:
        """Yield each line when it is printed, until the run ends."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._printed.append(line)
            if failed := _FATAL.match(line):
                self._told[failed[1]] = time.monotonic()
            yield line

    def finish(self) -> Result:
        """Read the rest, wait for the end and return how it was."""
        collections.deque(self.lines(), maxlen=0)
        status = self._process.wait()
        self._deadline.cancel()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return Result(status, "".join(self._printed), self._told)


def play(fleet: Fleet, name: str, hosts: dict[Host, dict[str, Any]], *options: str) -> Result:
    """Run playbooks/`name` with the sample inventory; each host brings what it sets differently."""
    return Running(fleet, name, hosts, *options).finish()


def write_inventory(
    fleet: Fleet, hosts: dict[Host, dict[str, Any]], name: str = "inventory"
) -> Path:
    """Write an inventory that comes after the sample's and points its hosts at test hosts."""
    path = fleet.folder / f"{name}.json"
    entries = {
        host.name: {**OFFLINE, **connection(fleet, host), **own} for host, own in hosts.items()
    }
    path.write_text(json.dumps({"greengrass": {"hosts": entries}}, indent=2))
    return path


def connection(fleet: Fleet, host: Host) -> dict[str, str]:
    """Return the variables that make Ansible reach a test host instead of a real one."""
    return {
        "ansible_host": host.address,
        "ansible_user": LOGIN,
        "ansible_ssh_executable": str(fleet.ssh_executable),
        "ansible_ssh_private_key_file": str(fleet.key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={fleet.known_hosts}"
        " -o IdentitiesOnly=yes",
    }


PROGRAMS = Path(sys.executable).parent
"""Where the environment that tests run in has ansible-playbook and its like."""


def with_programs() -> str:
    """Return a PATH for programs that call such programs by their names."""
    return f"{PROGRAMS}:{os.environ['PATH']}"


def environment(fleet: Fleet) -> dict[str, str]:
    """Return an environment in which only the project's ansible.cfg has a say.

    Python keeps what it compiles, whatever it is told outside: each run would compile all of Ansible.
    """
    foreign = ("ANSIBLE_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {
        **kept,
        "ANSIBLE_HOME": str(fleet.folder / "ansible"),
        # Hosts of two runs at once have the same addresses: no run may use another's connections.
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(fleet.folder / "cp"),
        "ANSIBLE_NOCOLOR": "1",
        **fleet.environment,
    }
