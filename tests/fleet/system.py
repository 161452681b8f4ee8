"""What a test host can be: a release of Debian on an architecture, this machine's or an emulated one."""

from __future__ import annotations

import platform
from dataclasses import dataclass

NATIVE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
"""Debian's name for the architecture of this machine."""


@dataclass(frozen=True)
class System:
    """A release (`suite`) and an architecture, both as Debian calls them."""

    suite: str = "bookworm"
    architecture: str = NATIVE

    @property
    def is_emulated(self) -> bool:
        """Whether this machine runs its programs through qemu."""
        return self.architecture != NATIVE

    @property
    def patience(self) -> int:
        """How many times as long as on this machine anything may take."""
        return 10 if self.is_emulated else 1

    def __str__(self) -> str:
        return f"{self.suite}-{self.architecture}"


BOOKWORM = System()
TRIXIE = System("trixie")
ARM64 = System(architecture="arm64")
TRIXIE_ARM64 = System("trixie", "arm64")
