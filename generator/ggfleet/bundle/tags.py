"""Which wheel tags a platform takes, best first (PEP 425, PEP 600)."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.tags import Tag, compatible_tags, cpython_tags

from ggfleet.errors import BundleError
from ggfleet.model import Platform

LOWEST_GLIBC = {"x86_64": 5, "aarch64": 17, "armv7l": 17}
"""The oldest glibc 2.x that manylinux wheels were ever tagged for (PEP 513, PEP 599)."""

OLD_NAMES = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}

UV_GLIBC = (17, 28, *range(31, 41))
"""The glibc levels that uv knows (`uv pip compile --help`, 0.9 to 0.13)."""

ABI_WITHOUT_FLAG = (3, 8)
"""The first Python whose ABI is named without `m`, the flag of its old allocator (PEP 3149)."""


UNKNOWN_TO_UV = frozenset({"armv7l"})
"""Architectures that uv's `--python-platform` has no name for."""


def check_supported(platform: Platform) -> None:
    """Refuse a platform that wheels cannot be resolved for."""
    if platform.architecture not in LOWEST_GLIBC:
        raise BundleError(
            f"platform {platform.name}: ggfleet resolves no wheels for {platform.architecture} yet",
            fix=f"use `install: os-pip` for its libraries, or one of {', '.join(LOWEST_GLIBC)}",
        )
    if platform.os != "linux" or platform.glibc_version < (2, UV_GLIBC[0]):
        raise BundleError(
            f"platform {platform.name}: wheels are resolved for linux with glibc 2.17 or newer",
            fix=f"it says {platform.os} with glibc {platform.glibc}",
        )


def uv_platform(platform: Platform) -> str:
    """The value of uv's `--python-platform`.

    uv knows only some glibc levels. The greatest one not above the platform's is right, if strict:
    a wheel for an older glibc runs on a newer one, never the other way round.
    """
    level = max(known for known in UV_GLIBC if (2, known) <= platform.glibc_version)
    return f"{platform.architecture}-manylinux_2_{level}"


def ranked_tags(platform: Platform) -> dict[Tag, int]:
    """Each tag that the platform takes, with its rank; 0 is the best."""
    python = platform.python_version
    interpreter = f"cp{python[0]}{python[1]}"
    abi = f"{interpreter}m" if python < ABI_WITHOUT_FLAG else interpreter
    names = list(_platform_names(platform))
    tags = [
        *cpython_tags(python, abis=[abi], platforms=names),
        *compatible_tags(python, interpreter=interpreter, platforms=names),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def _platform_names(platform: Platform) -> Iterator[str]:
    arch = platform.architecture
    for level in range(platform.glibc_version[1], LOWEST_GLIBC[arch] - 1, -1):
        yield f"manylinux_2_{level}_{arch}"
        if level in OLD_NAMES:
            yield f"{OLD_NAMES[level]}_{arch}"
    # Indexes refuse this tag; wheel folders (and NVIDIA's wheels for Jetsons) carry it.
    yield f"linux_{arch}"
