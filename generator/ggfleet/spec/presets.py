"""Boards that people own: what their usual system is, and how it names its hardware.

Architecture, Python and C library are those of the system that the board's maker ships. Where paths
were not read in AWS's guide or tried on the board, `doubt` says so, and `ggfleet render` repeats it
to whoever uses them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ggfleet.model import Hardware

UNTRIED = "not tried on the board"
SAMPLE = f"from a public V1 sample, {UNTRIED}"

_USB_CAMERA = Hardware("camera", ("/dev/video0",), f"the first camera of V4L2; {UNTRIED}")
# V1 developer guide, ml-console. Systems before Raspberry Pi OS 12 alone have them.
_LEGACY_CAMERA = Hardware(
    "legacy-camera",
    ("/dev/vcsm", "/dev/vchiq"),
    "as AWS's guide has it for old systems; newer ones are said to have /dev/vcsm-cma instead",
)
_PI_GPU = Hardware("gpu", ("/dev/dri/renderD128",), UNTRIED)
JETSON_NODES = (
    "/dev/nvhost-ctrl",
    "/dev/nvhost-gpu",
    "/dev/nvhost-ctrl-gpu",
    "/dev/nvhost-dbg-gpu",
    "/dev/nvhost-prof-gpu",
    "/dev/nvmap",
)
_TEGRA = "/usr/lib/aarch64-linux-gnu/tegra"
_NANO_GPU = Hardware("gpu", (*JETSON_NODES, _TEGRA), SAMPLE)
_NEWER_GPU = Hardware(
    "gpu",
    (*JETSON_NODES, "/dev/nvhost-as-gpu", "/dev/nvhost-vic", _TEGRA),
    f"from a public V1 sample for older boards, {UNTRIED}",
)


@dataclass(frozen=True)
class Preset:
    """A board with its usual system. `release` names the system, the rest is as in `Platform`."""

    board: str
    release: str
    architecture: str
    python: str
    glibc: str
    gpu: str = ""
    hardware: tuple[Hardware, ...] = ()


def _pi(board: str, architecture: str, *hardware: Hardware) -> Preset:
    bits = "32" if architecture == "armv7l" else "64"
    release = f"Raspberry Pi OS 12, {bits} bit"
    return Preset(board, release, architecture, "3.11", "2.36", "", (_USB_CAMERA, *hardware))


def _jetson(board: str, release: str, python: str, glibc: str, gpu: Hardware) -> Preset:
    return Preset(board, release, "aarch64", python, glibc, "jetson", (_USB_CAMERA, gpu))


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "pi3-32": _pi("Raspberry Pi 3", "armv7l", _PI_GPU, _LEGACY_CAMERA),
        "pi3-64": _pi("Raspberry Pi 3", "aarch64", _PI_GPU, _LEGACY_CAMERA),
        "pi4-32": _pi("Raspberry Pi 4", "armv7l", _PI_GPU, _LEGACY_CAMERA),
        "pi4-64": _pi("Raspberry Pi 4", "aarch64", _PI_GPU, _LEGACY_CAMERA),
        "pi5-32": _pi("Raspberry Pi 5", "armv7l", _PI_GPU),
        "pi5-64": _pi("Raspberry Pi 5", "aarch64", _PI_GPU),
        "jetson-nano": _jetson("Jetson Nano", "JetPack 4.6", "3.6", "2.27", _NANO_GPU),
        "jetson-xavier": _jetson("Jetson Xavier", "JetPack 5", "3.8", "2.31", _NEWER_GPU),
        "jetson-orin": _jetson("Jetson Orin", "JetPack 6", "3.10", "2.35", _NEWER_GPU),
    }
)
