"""Archives for a 64-bit Raspberry Pi predict there: its Python, its processor, under qemu's user mode.

Raspberry Pi OS 12 and 13 are Debian 12 with Python 3.11 and Debian 13 with Python 3.13.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleet import requirements
from fleet.emulation import INTERPRETER
from fleet.extracted import extracted
from fleet.system import ARM64, TRIXIE_ARM64, System
from functional.digits_sample import samples
from functional.test_bundle_lean import PROGRAMS, bundled, share_right
from ggfleet.model import Platform
from unit.factories import make_platform

pytestmark = pytest.mark.emulated

SYSTEMS = {
    ARM64: make_platform("pi", architecture="aarch64"),
    TRIXIE_ARM64: make_platform("pi", architecture="aarch64", python="3.13", glibc="2.41"),
}
PROCESSOR = "cortex-a72"  # of a Raspberry Pi 4: no code for later ones gets by
CPUINFO = """\
processor\t: 0
Features\t: fp asimd evtstrm crc32 cpuid
CPU implementer\t: 0x41
CPU architecture: 8
CPU variant\t: 0x0
CPU part\t: 0xd08
CPU revision\t: 3
"""
DIGITS = 100


@dataclass(frozen=True)
class Device:
    """What ggfleet knows of it, and the interpreter of its system, started under qemu."""

    platform: Platform
    python: tuple[str | Path, ...]


@pytest.fixture(scope="module", params=SYSTEMS, ids=str)
def device(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Device:
    """An arm64 Debian, with what its kernel would say of the processor."""
    system: System = request.param
    if "emulated" not in os.environ.get("GGFLEET_REQUIRE", "").split(","):
        pytest.skip("takes more than ten minutes: asked for with GGFLEET_REQUIRE=emulated")
    if lacking := requirements.missing(system):
        pytest.skip(f"an arm64 system needs {', '.join(lacking)}")
    folder = tmp_path_factory.mktemp("device")
    root = extracted(system)
    for name in ("etc", "lib", "usr"):
        (folder / name).symlink_to(root / name)
    (folder / "proc").mkdir()
    (folder / "proc/cpuinfo").write_text(CPUINFO)
    platform = SYSTEMS[system]
    program = folder / f"usr/bin/python{platform.python}"
    return Device(platform, (INTERPRETER, "-cpu", PROCESSOR, "-L", folder, program))


@pytest.mark.parametrize("name", PROGRAMS)
def test_archive_for_a_pi_predicts_on_its_processor(
    name: str, device: Device, tmp_path: Path
) -> None:
    """As the archive for this machine does in test_bundle_lean.py."""
    _, tree = bundled(name, tmp_path, device.platform)
    assert share_right(name, device.python, tree, samples()[:DIGITS]) >= 0.95
