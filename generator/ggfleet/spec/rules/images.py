"""Images: what compressed them, and which kernels read that."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Compression, Fleet, Layout, Library, Platform, Severity
from ggfleet.spec.rules.parts import told, version
from ggfleet.spec.rules.registry import V2, Finding, rule

_ZSTD = (
    "{}libraries:\n  numpy: {{requirements: libraries.txt, install: ml-resource, "
    "destination: /mllibs, layout: image, compression: zstd}}\n"
    "functions:\n  classify: {{libraries: [numpy]}}\n"
)
_PI = 'platforms:\n  pi: {architecture: aarch64, python: "3.11", glibc: "2.36"}\n'
_JETSON = 'platforms:\n  pi: {architecture: aarch64, python: "3.10", glibc: "2.35", gpu: jetson}\n'

PI_GLIBC = (2, 36)
"""Of Raspberry Pi OS 12, whose first kernels (6.1, 6.6) read no zstd; its successor's all do."""


@rule(
    "image-zstd-jetson",
    Severity.WARNING,
    V2,
    reason="The kernels of JetPack 4 (4.9), 5 (5.10) and 6 (5.15) read squashfs with gzip and xz. "
    "zstd is left out of NVIDIA's configurations, and older than Linux 4.14 there is none.",
    source="NVIDIA's kernel sources for Jetson: arch/arm64/configs/tegra_defconfig of 4.9 and "
    "defconfig of 5.10 and 5.15 (CONFIG_SQUASHFS_XZ, no CONFIG_SQUASHFS_ZSTD)",
    fix="Write compression: xz, or leave it out; keep zstd where you built the kernel with it.",
    example=_ZSTD.format(_JETSON),
)
def jetsons_read_no_zstd(fleet: Fleet) -> Iterator[Finding]:
    """A Jetson is sent no image that JetPack's kernel cannot read."""
    for library in _with_zstd(fleet):
        if jetsons := [each for each in fleet.used_platforms() if each.gpu == "jetson"]:
            yield (
                f"{library.path}.compression",
                f"is zstd, which JetPack's kernels on {told(jetsons)} do not read",
                "write compression: xz, or remove it for gzip",
            )


@rule(
    "image-zstd-pi",
    Severity.NOTE,
    V2,
    reason="Kernels of Raspberry Pi OS read squashfs with zstd since October 2024. A device that "
    "was never updated since has an older one, which mounts no such image; xz was there before. "
    "Kernels of Debian 12 read all three.",
    source="raspberrypi/linux: pull request 6400 (configs: Enable SQUASHFS_ZSTD); Debian: "
    "linux-config-6.1 (CONFIG_SQUASHFS_ZSTD)",
    fix="Update the devices' kernels (apt full-upgrade, a reboot), or write compression: xz.",
    example=_ZSTD.format(_PI),
)
def old_pis_read_no_zstd(fleet: Fleet) -> Iterator[Finding]:
    """A Raspberry Pi is sent no image that its kernel may be too old for."""
    for library in _with_zstd(fleet):
        if boards := [each for each in fleet.used_platforms() if _may_be_old(each)]:
            yield (
                f"{library.path}.compression",
                f"is zstd: on {told(boards)} a Raspberry Pi's kernel from before October 2024 does "
                "not read it",
                "nothing where kernels are newer; else update them, or write compression: xz",
            )


def _with_zstd(fleet: Fleet) -> Iterator[Library]:
    for library in fleet.libraries.values():
        if library.layout is Layout.IMAGE and library.compression is Compression.ZSTD:
            yield library


def _may_be_old(platform: Platform) -> bool:
    arm = platform.architecture in ("aarch64", "armv7l") and platform.gpu != "jetson"
    return arm and (0, 0) < version(platform.glibc) <= PI_GLIBC
