"""Environment markers of a platform that is not this machine (PEP 508)."""

from __future__ import annotations

from ggfleet.model import Platform


def marker_environment(platform: Platform) -> dict[str, str]:
    """The environment markers of a platform (patch level 0 of its Python)."""
    return {
        "extra": "",
        "implementation_name": "cpython",
        "implementation_version": f"{platform.python}.0",
        "os_name": "posix",
        "platform_machine": platform.architecture,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{platform.python}.0",
        "python_version": platform.python,
        "sys_platform": "linux",
    }
