"""Which core of a fleet this machine can stand for, and with which Python."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from ggfleet.bundle import fits_host
from ggfleet.errors import CoreError
from ggfleet.model import Core, Fleet, Platform
from ggfleet.spec.problems import suggestion
from ggfleet.system.process import base_python


def choose_core(fleet: Fleet, platform: str = "", core: str = "") -> Core:
    """A core whose archives run here: the named one, one of a platform, or the first that fits.

    Raises `CoreError` with the reason for each platform that does not fit.
    """
    if core:
        named = [c for c in fleet.cores if c.name == core]
        if not named:
            fix = suggestion(core, [c.name for c in fleet.cores])
            raise CoreError(f"{core} is no core of the fleet", fix=fix)
        candidates = named
    else:
        candidates = [c for c in fleet.cores if platform in ("", c.platform)]
    reasons = {c.platform: fits_host(fleet.platforms[c.platform]) for c in candidates}
    for candidate in candidates:
        if not reasons[candidate.platform]:
            return candidate
    raise CoreError(
        f"no core's archives run on this machine: {'; '.join(reasons.values()) or 'it has none'}",
        fix="add a platform like this machine to the spec, and a host of it to the inventory",
    )


def interpreter(platform: Platform) -> Path:
    """A Python of the platform's version on this machine, outside ggfleet's own environment.

    A device's functions run with the device's Python; native wheels load in no other version.
    """
    if platform.python_version == sys.version_info[:2]:
        return base_python()
    found = shutil.which(f"python{platform.python}")
    if found is None:
        raise CoreError(
            f"platform {platform.name} has Python {platform.python}, which this machine lacks",
            fix=f"install python{platform.python}, or choose another platform with --platform",
        )
    return Path(found)
