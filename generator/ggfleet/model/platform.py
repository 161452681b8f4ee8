"""What an archive is built for."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Hardware:
    """What a kind of device names the parts of a camera or GPU: device nodes and folders.

    `doubt` tells why the paths may be wrong; it is empty where a person wrote them.
    """

    kind: str
    paths: tuple[str, ...]
    doubt: str = ""


@dataclass(frozen=True)
class Index:
    """A package index (PEP 503) that is asked before the usual one.

    With `packages`, names as PEP 503 normalises them, it is asked for these alone, and nothing else
    is asked for them. `url` holds no credentials.
    """

    name: str
    url: str
    packages: tuple[str, ...] = ()

    def variable(self, what: str) -> str:
        """uv's environment variable for its credentials: `UV_INDEX_MY_OWN_PASSWORD`."""
        return f"UV_INDEX_{re.sub(r'[^A-Z0-9]', '_', self.name.upper())}_{what}"


@dataclass(frozen=True)
class Platform:
    """A kind of device, as far as native code can tell.

    `architecture` is what `uname -m` prints (`aarch64`, `x86_64`, `armv7l`), `python` and `glibc`
    are `major.minor`. `gpu` names a vendor stack (`jetson`) and, as `hardware`, changes no wheel
    tag. `provides` are Python packages of the device's own system, normalised names with versions.
    `shared_libraries` are what devices have besides their system: `libopenvino.so.2500`. `indexes`
    are asked in their order.
    """

    name: str
    architecture: str
    python: str
    glibc: str
    os: str = "linux"
    gpu: str = ""
    shared_libraries: tuple[str, ...] = ()
    hardware: tuple[Hardware, ...] = ()
    provides: tuple[tuple[str, str], ...] = ()
    indexes: tuple[Index, ...] = ()

    def find(self, kind: str) -> Hardware | None:
        """The camera or GPU, where the platform is known to have one."""
        return next((each for each in self.hardware if each.kind == kind), None)

    @property
    def python_version(self) -> tuple[int, int]:
        """`(3, 11)` for `3.11`."""
        return _pair(self.python)

    @property
    def glibc_version(self) -> tuple[int, int]:
        """`(2, 36)` for `2.36`."""
        return _pair(self.glibc)


def _pair(version: str) -> tuple[int, int]:
    major, minor = version.split(".")
    return int(major), int(minor)
