"""Which archives run on this machine."""

from __future__ import annotations

import os
import platform as machine
import sys

from ggfleet.errors import BundleError
from ggfleet.model import Platform


def host_platform(name: str = "local") -> Platform:
    """This machine as a platform, with the version of the Python that runs now."""
    return Platform(
        name=name,
        architecture=machine.machine(),
        python=f"{sys.version_info.major}.{sys.version_info.minor}",
        glibc=_glibc(),
    )


def fits_host(platform: Platform, host: Platform | None = None) -> str:
    """Why archives for `platform` do not run on this machine; empty when they do.

    The Python version is not asked: it is a matter of the interpreter that a caller chooses.
    """
    host = host or host_platform()
    if platform.os != host.os:
        return f"{platform.name} runs {platform.os}, this machine {host.os}"
    if platform.architecture != host.architecture:
        return f"{platform.name} is {platform.architecture}, this machine {host.architecture}"
    if platform.glibc_version > host.glibc_version:
        return f"{platform.name} has glibc {platform.glibc}, this machine only {host.glibc}"
    return ""


def _glibc() -> str:
    try:
        said = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        said = ""
    family, _, version = said.partition(" ")
    if family != "glibc":
        raise BundleError("this machine has no glibc", fix="name a platform of the spec instead")
    return ".".join(version.split(".")[:2])
