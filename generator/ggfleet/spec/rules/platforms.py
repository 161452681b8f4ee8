"""Platforms: what the software of each target wants of a device."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Install, Platform, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import listed, told, version
from ggfleet.spec.rules.registry import CLASSIC, LAMBDAS, LITE, V1, Finding, rule

V1_PYTHONS = ((2, 7), (3, 7), (3, 8))
"""What core software 1.11, the last one, starts."""

PYTHONS = ((2, 7), *((3, minor) for minor in range(4, 16)))
"""Those that devices have had; 3.15 is the newest in November 2026."""

V1_GLIBC = (2, 14)
CLASSIC_GLIBC = (2, 25)
LITE_GLIBC = (2, 35)
"""Of Ubuntu 22.04, the oldest system with all libraries that lite is linked with."""
CGROUP2_GLIBC = (2, 34)
"""Of Ubuntu 21.10, which began to mount cgroup v2 alone. Debian 11 (2.31) does so too, but Ubuntu
20.04 has the same C library and does not, so 2.31 tells nothing."""

MANAGED_PYTHON = (3, 11)
MANAGED_GLIBC = (2, 36)
"""Debian 12 and Raspberry Pi OS 12, the first of the family whose Python refuses pip."""


def _used(fleet: Fleet) -> list[Platform]:
    return list(fleet.used_platforms())


@rule(
    "platform-python",
    Severity.WARNING,
    reason="Archives are built for the platform's Python, and no libraries can be found for one "
    "that there is not.",
    source="python.org: status of Python versions, November 2026",
    fix="Write what `python3 --version` prints on the device, without the last number.",
    example='platforms:\n  pi: {architecture: aarch64, python: "99.0", glibc: "2.31"}\n',
)
def there_is_such_a_python(fleet: Fleet) -> Iterator[Finding]:
    """A platform's Python is one that there is."""
    for name, platform in fleet.platforms.items():
        if version(platform.python) not in (*PYTHONS, (0, 0)):
            yield (
                f"platforms.{name}.python",
                f"is {platform.python}, and known here are 2.7 and 3.4 to 3.{PYTHONS[-1][1]}",
                "write what `python3 --version` prints on the device: 3.11",
            )


@rule(
    "platform-glibc",
    Severity.WARNING,
    reason="Every GNU C library since 1997 is 2.x; wheels are chosen by that number.",
    source="PEP 600: manylinux tags; GNU C library: releases",
    fix="Write what `ldd --version` prints on the device.",
    example='platforms:\n  pi: {architecture: aarch64, python: "3.8", glibc: "99.0"}\n',
)
def there_is_such_a_libc(fleet: Fleet) -> Iterator[Finding]:
    """A platform's C library is 2.x."""
    for name, platform in fleet.platforms.items():
        if version(platform.glibc)[0] not in (0, 2):
            message = f"is {platform.glibc}, and the GNU C library is 2.x"
            yield f"platforms.{name}.glibc", message, "write what `ldd --version` prints: 2.36"


@rule(
    "platform-glibc-v1",
    Severity.WARNING,
    V1,
    reason="The V1 core software needs glibc 2.14 or later.",
    source=pages.WHAT_IS,
    fix="Update the device's system.",
    example='platforms:\n  pi: {architecture: armv7l, python: "2.7", glibc: "2.13"}\n',
)
def v1_finds_its_libc(fleet: Fleet) -> Iterator[Finding]:
    """V1 cores need glibc 2.14."""
    yield from _older(fleet, V1_GLIBC, "V1 cores need 2.14")


def _older(fleet: Fleet, least: tuple[int, int], needs: str) -> Iterator[Finding]:
    """The platforms with an older C library than something needs."""
    for platform in _used(fleet):
        if (0, 0) < version(platform.glibc) < least:
            at = f"platforms.{platform.name}.glibc"
            yield at, f"is {platform.glibc}, and {needs}", "update the device's system"


@rule(
    "platform-runtime",
    Severity.NOTE,
    V1,
    reason="V1 cores start python2.7, python3.7 and python3.8 and no later one: a function for "
    "another Python is deployed and never starts. V1 has ended, so this matters only where V1 "
    "cores still run; V2 takes any Python that the device has.",
    source=f"{pages.WHAT_IS}; {pages.FUNCTIONS}",
    fix='Give V1 devices a platform with python: "3.8", or move them to V2.',
    example='platforms:\n  pi: {architecture: aarch64, python: "3.11", glibc: "2.31"}\n',
)
def v1_starts_the_python(fleet: Fleet) -> Iterator[Finding]:
    """V1 cores start functions of Python 3.8 at most."""
    late = [p for p in _used(fleet) if version(p.python) not in (*V1_PYTHONS, (0, 0))]
    plain = [f for f in fleet.functions.values() if not f.runtime and not f.executable]
    if late and plain:
        pythons = listed(sorted({p.python for p in late}, key=version))
        yield (
            "platforms",
            f"has Python {pythons} for {told(late)}: V1 cores start python3.8 at most",
            'nothing for V2; a V1 core needs a platform with python: "3.8"',
        )


@rule(
    "platform-cgroup",
    Severity.NOTE,
    LAMBDAS,
    reason="Containers of V1 cores, and of Lambda components on the classic nucleus, are made with "
    "cgroup v1. Distributions since Ubuntu 21.10 and Debian 11 mount cgroup v2 alone; there the "
    "core reports a cgroup error and starts no containerised function. Told by the platform's C "
    "library.",
    source=f"{pages.WHAT_IS}; {pages.SET_UP}",
    fix="Boot with systemd.unified_cgroup_hierarchy=0 where the distribution still can, or give "
    "the functions isolation: none.",
    example='platforms:\n  pi: {architecture: aarch64, python: "3.8", glibc: "2.36"}\n',
)
def containers_find_cgroup_v1(fleet: Fleet) -> Iterator[Finding]:
    """Containers of Lambda functions need cgroup v1, which late distributions lack."""
    late = [p for p in _used(fleet) if version(p.glibc) >= CGROUP2_GLIBC]
    contained = [function.name for function in fleet.functions.values() if function.contained]
    if late and contained:
        yield (
            "platforms",
            f"has cgroup v2 on {told(late)}: containers of V1 and of Lambdas on classic need v1 "
            f"({', '.join(contained)})",
            "boot with systemd.unified_cgroup_hierarchy=0 where it still works, or isolation: none",
        )


@rule(
    "platform-glibc-classic",
    Severity.WARNING,
    CLASSIC,
    reason="The classic nucleus needs glibc 2.25 or later.",
    source=pages.SET_UP,
    fix="Update the device's system.",
    example="components: {prefix: com.example}\n"
    'platforms:\n  pi: {architecture: aarch64, python: "3.7", glibc: "2.24"}\n',
)
def classic_finds_its_libc(fleet: Fleet) -> Iterator[Finding]:
    """The classic nucleus needs glibc 2.25."""
    if fleet.components.wanted:
        yield from _older(fleet, CLASSIC_GLIBC, "the classic nucleus needs 2.25")


@rule(
    "platform-glibc-lite",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite is linked with OpenSSL 3, libsystemd 249 and others that Ubuntu 20.04, "
    "Debian 11 and JetPack 5 do not have; Ubuntu 22.04, Debian 12, Raspberry Pi OS 12 and JetPack "
    "6 do. Told by the platform's C library.",
    source=pages.LITE_SETUP,
    fix="Update the device's system, or run the classic nucleus there.",
    example="components: {prefix: com.example}\n"
    'platforms:\n  orin: {architecture: aarch64, python: "3.8", glibc: "2.31"}\n'
    "cores: {groups: {raspberry_pi: orin}}\n",
)
def lite_finds_its_libraries(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite needs a system of Ubuntu 22.04 or later."""
    old = [p for p in _used(fleet) if (0, 0) < version(p.glibc) < LITE_GLIBC]
    if old and fleet.components.wanted:
        yield (
            "platforms",
            f"has systems too old for nucleus lite on {told(old)} (glibc before 2.35)",
            "update the device's system, or run the classic nucleus there",
        )


@rule(
    "platform-jetson",
    Severity.ERROR,
    reason="Every Jetson that NVIDIA made is a 64-bit ARM board; wheels for another architecture "
    "cannot be loaded there.",
    source=f"{pages.RECIPES}: platform attributes",
    fix="Write architecture: aarch64, or remove gpu: jetson.",
    example='platforms:\n  pi: {architecture: x86_64, python: "3.8", glibc: "2.31", gpu: jetson}\n',
)
def jetsons_are_arm(fleet: Fleet) -> Iterator[Finding]:
    """A Jetson is aarch64."""
    for name, platform in fleet.platforms.items():
        if platform.gpu == "jetson" and platform.architecture not in ("", "aarch64"):
            yield (
                f"platforms.{name}.gpu",
                f"is jetson, and a Jetson is aarch64, not {platform.architecture}",
                "write architecture: aarch64, or remove gpu",
            )


@rule(
    "platform-os-pip",
    Severity.WARNING,
    reason="Since Debian 12, Raspberry Pi OS 12 and Ubuntu 23.04 the system's Python is marked as "
    "externally managed: pip refuses to install into it. Told by the platform's Python (3.11 or "
    "later) and C library (2.36 or later).",
    source=pages.PEP_668,
    fix="Choose install: ml-resource or in-function, or install the distribution's own packages.",
    example='platforms:\n  pi: {architecture: aarch64, python: "3.11", glibc: "2.36"}\n'
    "libraries:\n  numpy: {requirements: libraries.txt, install: os-pip}\n"
    "functions:\n  classify: {libraries: [numpy]}\n",
)
def pip_may_install(fleet: Fleet) -> Iterator[Finding]:
    """The system's Python of late distributions refuses pip (PEP 668)."""
    late = [
        platform
        for platform in _used(fleet)
        if version(platform.python) >= MANAGED_PYTHON and version(platform.glibc) >= MANAGED_GLIBC
    ]
    for name, library in fleet.libraries.items():
        if late and library.install is Install.OS_PIP:
            yield (
                f"libraries.{name}.install",
                f"is os-pip, and the system's Python on {told(late)} refuses pip (PEP 668)",
                "choose ml-resource or in-function, or install the distribution's packages",
            )
