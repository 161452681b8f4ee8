"""Which core of a fleet this machine can stand for, and with which Python."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from ggfleet.bundle import fits_host
from ggfleet.errors import CoreError, ToolError
from ggfleet.model import Core, Fleet, Platform
from ggfleet.spec.problems import suggestion
from ggfleet.system.process import base_python, run


def choose_core(fleet: Fleet, platform: str = "", core: str = "") -> Core:
    """A core whose archives run here: the named one, one of a platform, or the first that fits.

    Raises `CoreError` with the reason for each platform that does not fit.
    """
    used = [p.name for p in fleet.used_platforms()]
    if platform and platform not in used:
        message = f"--platform {platform} is no platform that a core of the spec has"
        raise CoreError(message, fix=suggestion(platform, used))
    if core:
        named = [c for c in fleet.cores if c.name == core]
        if not named:
            fix = suggestion(core, [c.name for c in fleet.cores])
            raise CoreError(f"{core} is no core of the fleet", fix=fix)
        candidates = named
    else:
        candidates = [c for c in fleet.cores if platform in ("", c.platform)]
    reasons = {c.platform: _why_not(fleet.platforms[c.platform]) for c in candidates}
    for candidate in candidates:
        if not reasons[candidate.platform]:
            return candidate
    raise CoreError(
        f"no core's archives run on this machine: {'; '.join(reasons.values()) or 'it has none'}",
        fix="add a platform like this machine to the spec, and a host of it to the inventory",
    )


def _why_not(platform: Platform) -> str:
    try:
        interpreter(platform)
    except CoreError as error:
        return fits_host(platform) or error.message
    return fits_host(platform)


def interpreter(platform: Platform) -> Path:
    """A Python of the platform's version on this machine, outside ggfleet's own environment.

    A device's functions run with the device's Python; native wheels load in no other version.
    """
    if platform.python_version == sys.version_info[:2]:
        return base_python()
    found = shutil.which(f"python{platform.python}")
    if found is None or not _starts(found):
        raise CoreError(
            f"platform {platform.name} has Python {platform.python}, which this machine lacks",
            fix=f"install python{platform.python}, or choose another platform with --platform",
        )
    return Path(found)


def _starts(python: str) -> bool:
    """Whether it runs at all: version managers leave programs that only say how to install it."""
    try:
        run([python, "-c", ""])
    except ToolError:
        return False
    return True
