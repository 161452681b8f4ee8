"""The machine that figures were taken on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

from ggfleet.model import Json


def describe(python: Path) -> dict[str, Json]:
    """Processor, memory in bytes, system, and the versions that matter. Names no host or user."""
    return {
        "architecture": platform.machine(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
        "python": f"{platform.python_version()} ({python.name})",
        "pip": importlib.metadata.version("pip"),
        "ggfleet": importlib.metadata.version("ggfleet"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return "unknown"
