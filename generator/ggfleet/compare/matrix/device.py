"""A device that is measured on: programs of ours, started over a control channel."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

from ggfleet.compare.matrix import device_programs
from ggfleet.compare.matrix.strategy import Strategy
from ggfleet.errors import CompareError, ToolError
from ggfleet.system.files import CHUNK
from ggfleet.system.process import feed, run

FOLDER = "/var/lib/ggfleet-comparison"
PROGRAMS = (
    "compared_device.py",
    "compared_groups.py",
    "compared_inference.py",
    "compared_parts.py",
)
SOCKET = "~/.ssh/ggfleet-%C"
PATIENCE = 120.0
"""Seconds for what takes a moment."""
ASKED = 'id -u; set -- $SSH_CONNECTION; echo "$1"; ip route get "$1"; sudo -n id -u || true'
"""Who logs in, from where, the way back, and whether root can be had."""


Task = Mapping[str, Any]
"""What the device program is told, as JSON has it."""


@dataclass(frozen=True)
class Limits:
    """What the change's own control group must hold: processors, bytes a second; 0 is no limit."""

    cores: float = 0.0
    read: int = 0
    write: int = 0


class Device(Protocol):
    """What a measurement needs of a device."""

    @property
    def name(self) -> str:
        """What observations call it."""

    @property
    def interface(self) -> str:
        """The network interface where its bytes are counted."""

    def prepare(self, strategies: Iterable[Strategy]) -> None:
        """Put the programs there, and see that the tools are."""

    def task(self, task: Task, limits: Limits, seconds: float) -> dict[str, Any]:
        """Let the device program carry out a task within so many seconds; its answer."""

    def drop_caches(self) -> None:
        """Empty the page cache, so that the next process reads from the disk."""


@dataclass(frozen=True)
class SshDevice:
    """A device over SSH. `ssh` is the command up to and with the destination.

    Whoever logs in is root, or may become it by `sudo` without a password.
    """

    name: str
    interface: str
    ssh: tuple[str, ...]
    sudo: bool = False

    def run(self, command: str, *, stdin: str = "", seconds: float = PATIENCE) -> str:
        """Run a shell command as root; `ToolError` when it fails or takes too long."""
        return run([*self.ssh, self._as_root(command)], stdin=stdin, seconds=seconds)

    def put(self, source: Path, place: str, mode: str = "755") -> None:
        """Copy a file to the device."""
        quoted = shlex.quote(place)
        command = f"cat > {quoted}.new && chmod {mode} {quoted}.new && mv {quoted}.new {quoted}"
        feed([*self.ssh, self._as_root(command)], _chunks(source))

    def prepare(self, strategies: Iterable[Strategy]) -> None:
        """See `Device`."""
        self.run(f"mkdir -p {FOLDER}/programs")
        for name in PROGRAMS:
            with resources.as_file(resources.files(device_programs) / name) as path:
                self.put(path, f"{FOLDER}/programs/{name}")
        for strategy in strategies:
            for path in strategy.programs:
                self._put_program(path, strategy)
            for tool in strategy.tools:
                self._must_have(tool)

    def task(self, task: Task, limits: Limits, seconds: float) -> dict[str, Any]:
        """See `Device`."""
        given = json.dumps({**task, "interface": self.interface})
        program = f"{FOLDER}/programs/compared_device.py"
        words = f"{limits.cores:g} {limits.read} {limits.write}"
        command = f"{_scope(limits)} python3 -B {program} {words}"
        answer = self.run(command, stdin=given, seconds=seconds)
        found: dict[str, Any] = json.loads(answer)
        return found

    def drop_caches(self) -> None:
        """See `Device`."""
        self.run("sync && echo 3 > /proc/sys/vm/drop_caches")

    def _put_program(self, path: Path, strategy: Strategy) -> None:
        if not path.is_file():
            raise CompareError(
                f"strategy {strategy.name} needs {path.name}, which is not installed",
                fix="run it from the project's folder, or leave the strategy out",
            )
        self.put(path, f"{FOLDER}/programs/{path.name}")

    def _must_have(self, tool: str) -> None:
        try:
            self.run(f"command -v {shlex.quote(tool)}")
        except ToolError as error:
            raise CompareError(
                f"{self.name} has no {tool}: {error.message}",
                fix=f"install {tool} there, or leave out the strategies that need it",
            ) from error

    def _as_root(self, command: str) -> str:
        return f"sudo -n sh -c {shlex.quote(command)}" if self.sudo else command


def find_device(destination: str, options: Sequence[str]) -> tuple[SshDevice, str]:
    """A device by how ssh names it, and the address of this machine that it sees.

    Raises `CompareError` when it cannot be reached, nobody there is root, or it tells no route.
    """
    # One connection for all calls: connecting takes longer than most of them.
    own = ("BatchMode=yes", "ControlMaster=auto", "ControlPersist=60", f"ControlPath={SOCKET}")
    words = [word for option in (*options, *own) for word in ("-o", option)]
    ssh = ("ssh", *words, destination)
    try:
        said = run([*ssh, ASKED], seconds=PATIENCE).split("\n")
    except ToolError as error:
        raise CompareError(
            f"{destination} cannot be reached: {error.message}",
            fix=f"let `ssh {destination}` work without a question; --ssh-option tells more",
        ) from error
    user, address, route, *_ = said
    sudo = user != "0"
    if sudo and said[-2:-1] != ["0"]:
        raise CompareError(
            f"on {destination} nobody becomes root by sudo without a password",
            fix="log in as root, or let the user do so",
        )
    interface = route.partition(" dev ")[2].split(" ")[0]
    if not interface:
        raise CompareError(
            f"{destination} does not tell its interface on the way to {address}",
            fix="install iproute2 there: bytes are counted at that interface",
        )
    return SshDevice(destination.rpartition("@")[2], interface, ssh, sudo), address


def _scope(limits: Limits) -> str:
    """The command that makes a control group with these limits and runs in it what follows."""
    properties = ["CPUAccounting=yes", "MemoryAccounting=yes", "IOAccounting=yes"]
    if limits.cores:
        properties.append(f"CPUQuota={limits.cores * 100:.0f}%")
    if limits.read:
        properties.append(f"IOReadBandwidthMax={FOLDER} {limits.read}")
    if limits.write:
        properties.append(f"IOWriteBandwidthMax={FOLDER} {limits.write}")
    words = " ".join(f"-p {shlex.quote(each)}" for each in properties)
    return f"systemd-run --scope --quiet --collect {words}"


def _chunks(source: Path) -> Iterator[bytes]:
    with source.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            yield chunk
