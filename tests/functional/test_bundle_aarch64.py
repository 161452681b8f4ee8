"""Archives for a 64-bit Raspberry Pi predict there: its Python, its processor, under qemu's user mode."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fleet import requirements
from fleet.emulation import INTERPRETER, Emulation
from fleet.rootfs import rootfs
from fleet.system import ARM64
from functional.digits_sample import samples
from functional.test_bundle_lean import PROGRAMS, bundled, share_right
from unit.factories import make_platform

pytestmark = pytest.mark.emulated

PI = make_platform("pi", architecture="aarch64")
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


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The system of an arm64 Debian 12, with what its kernel would say of the processor."""
    if "emulated" not in os.environ.get("GGFLEET_REQUIRE", "").split(","):
        pytest.skip("takes more than ten minutes: asked for with GGFLEET_REQUIRE=emulated")
    if lacking := requirements.missing(ARM64):
        pytest.skip(f"an arm64 system needs {', '.join(lacking)}")
    folder = tmp_path_factory.mktemp("device")
    emulation = Emulation(folder / "interpreters", f"ggf{os.getpid()}-bundle")
    try:
        system = rootfs(ARM64)  # programs of arm64 run while it is built
    finally:
        emulation.close()
    for name in ("etc", "lib", "usr"):
        (folder / name).symlink_to(system / name)
    (folder / "proc").mkdir()
    (folder / "proc/cpuinfo").write_text(CPUINFO)
    return folder


@pytest.mark.parametrize("name", PROGRAMS)
def test_archive_for_a_pi_predicts_on_its_processor(
    name: str, device: Path, tmp_path: Path
) -> None:
    """As the archive for this machine does in test_bundle_lean.py."""
    _, tree = bundled(name, tmp_path, PI)
    python = (INTERPRETER, "-cpu", PROCESSOR, "-L", device, device / "usr/bin/python3.11")
    assert share_right(name, python, tree, samples()[:DIGITS]) >= 0.95
