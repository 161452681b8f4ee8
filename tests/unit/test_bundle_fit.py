"""What the ELF files of wheels say, and whether a platform can load them."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ggfleet.bundle.fit import facts as facts_module
from ggfleet.bundle.fit import prove
from ggfleet.bundle.fit.base import CPP_LIBRARIES, cpp_library
from ggfleet.bundle.fit.elf import Binary, Version
from ggfleet.bundle.fit.facts import IN_MEMORY, facts
from ggfleet.bundle.fit.judge import promised_glibc
from ggfleet.bundle.resolve import Wheel
from ggfleet.errors import BundleError
from ggfleet.model import Platform
from unit.elfmaker import ARM, CUDA, OBJECT_FILE, X86_64, make_elf
from unit.factories import make_platform
from unit.wheelmaker import PI, PURE, make_wheel

DEVICE = make_platform("pi", architecture="aarch64", glibc="2.31")
NEW = replace(DEVICE, glibc="2.36")
PC = make_platform("pc")


def wheel_of(tmp_path: Path, tag: str = PI, name: str = "tiny", **files: bytes) -> Wheel:
    """A wheel with ELF files; a key `a_b` becomes `tiny/a_b.so`."""
    content = {f"{name.replace('-', '_')}/{key}.so": data for key, data in files.items()}
    return make_wheel(tmp_path, name, tag=tag, files={f"{name}.py": "", **content})


def located(wheel: Wheel) -> Path:
    return Path(wheel.url.removeprefix("file://"))


def tell(platform: Platform, *wheels: Wheel) -> tuple[str, ...]:
    return prove(wheels, located, platform)


def refused(platform: Platform, *wheels: Wheel) -> str:
    with pytest.raises(BundleError) as error:
        tell(platform, *wheels)
    return error.value.message


def needs(version: str, symbol: str, library: str = "libc.so.6", **more: object) -> bytes:
    return make_elf(needed=[library], versions={library: [(version, symbol)]}, **more)  # type: ignore[arg-type]


def test_facts_tell_all_that_a_file_needs(tmp_path: Path) -> None:
    """Names, search path and versions, each with the first symbol that needs it."""
    versions = {
        "libc.so.6": [("GLIBC_2.17", "fopen"), ("GLIBC_2.34", "dlopen")],
        "libstdc++.so.6": [("GLIBCXX_3.4.30", "_ZSt1")],
    }
    data = make_elf(needed=list(versions), versions=versions, soname="libx.so.1",
                    runpath="$ORIGIN/../tiny.libs:$ORIGIN")  # fmt: skip
    assert facts(located(wheel_of(tmp_path, core=data)), "tiny") == (
        Binary(
            path="tiny/core.so",
            machine="EM_AARCH64",
            bits=64,
            soname="libx.so.1",
            needed=("libc.so.6", "libstdc++.so.6"),
            search=("$ORIGIN/../tiny.libs", "$ORIGIN"),
            versions=(
                Version("libc.so.6", "GLIBC_2.17", "fopen"),
                Version("libc.so.6", "GLIBC_2.34", "dlopen"),
                Version("libstdc++.so.6", "GLIBCXX_3.4.30", "_ZSt1"),
            ),
        ),
    )


def test_big_files_are_mapped_and_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way over a scratch file gives the facts that the way through memory gives."""
    data = needs("GLIBC_2.34", "dlopen")
    small = facts(located(wheel_of(tmp_path / "small", core=data)), "tiny")
    padded = data + bytes(IN_MEMORY)
    assert facts(located(wheel_of(tmp_path / "big", core=padded)), "tiny") == small
    assert sorted(path.suffix for path in (tmp_path / "big").iterdir()) == [".json", ".whl"]


def test_a_wheel_is_read_once(tmp_path: Path) -> None:
    """Facts lie beside it; damaged ones, or those of other rules, are made anew."""
    path = located(wheel_of(tmp_path, core=needs("GLIBC_2.34", "dlopen")))
    found, kept = facts(path, "tiny"), path.with_suffix(".elf.json")
    path.write_bytes(b"not read again")
    assert facts(path, "tiny") == found
    for text in ("{", "[]", '{"rules": 0, "binaries": []}', '{"rules": 1}'):
        kept.write_text(text)
        with pytest.raises(BundleError, match="tiny is damaged"):
            facts(path, "tiny")
    assert facts_module.RULES > 0


def test_real_extension_modules_are_understood() -> None:
    """The one that PyYAML brings for this machine: what the linker wrote, not what a test did."""
    import yaml._yaml as extension  # noqa: PLC0415

    path = Path(extension.__file__)
    from ggfleet.bundle.fit.elf import read  # noqa: PLC0415

    with path.open("rb") as stream:
        binary = read(path.name, stream)
    assert binary is not None
    assert binary.bits == 64
    assert "libc.so.6" in binary.needed
    named = [version for version in binary.versions if version.library == "libc.so.6"]
    assert named
    assert all(version.name.startswith("GLIBC_2.") and version.symbol for version in named)


def test_symbol_newer_than_the_platforms_glibc_is_named(tmp_path: Path) -> None:
    """With file, symbol, library and what the tag had promised; other files are counted."""
    wheel = wheel_of(
        tmp_path,
        a=needs("GLIBC_2.33", "stat"),
        b=needs("GLIBC_2.34", "dlopen"),
        c=needs("GLIBC_2.17", "fopen"),
    )
    assert refused(DEVICE, wheel) == (
        "wheels that platform pi (aarch64, glibc 2.31) cannot load:\n"
        "  tiny 1.0: tiny/b.so needs dlopen of GLIBC_2.34 (libc.so.6), as 1 other file does; "
        "the platform has glibc 2.31; its tag promises glibc 2.17"
    )


def test_promise_that_is_broken_elsewhere_is_a_note(tmp_path: Path) -> None:
    """The same wheel on a newer system: it loads, and its tag is still wrong."""
    wheel = wheel_of(tmp_path, b=needs("GLIBC_2.34", "dlopen"))
    assert tell(NEW, wheel) == (
        "tiny 1.0 needs GLIBC_2.34, and its tag promises glibc 2.17: it fits here, not everywhere "
        "that the tag says",
    )


def test_versions_are_compared_as_numbers(tmp_path: Path) -> None:
    """2.4 is older than 2.17 and 2.31."""
    assert tell(DEVICE, wheel_of(tmp_path, a=needs("GLIBC_2.4", "x"))) == ()


def test_weak_and_private_versions_do_not_count(tmp_path: Path) -> None:
    """The dynamic linker does without the first; the second names no age."""
    wheel = wheel_of(tmp_path, a=needs("GLIBC_2.99", "x", weak=True), b=needs("GLIBC_PRIVATE", "y"))
    assert tell(DEVICE, wheel) == ()


def test_packed_relocations_need_glibc_2_36(tmp_path: Path) -> None:
    """GLIBC_ABI_DT_RELR names no number."""
    wheel = wheel_of(tmp_path, a=needs("GLIBC_ABI_DT_RELR", ""))
    assert "needs GLIBC_ABI_DT_RELR (libc.so.6); the platform" in refused(DEVICE, wheel)
    assert len(tell(NEW, wheel)) == 1


def test_cpp_library_of_the_platform_is_asked(tmp_path: Path) -> None:
    """GLIBCXX and CXXABI each have their own newest version."""
    wheel = wheel_of(
        tmp_path,
        a=needs("GLIBCXX_3.4.30", "_ZSt4", "libstdc++.so.6"),
        b=needs("CXXABI_1.3.13", "_ZSt5", "libstdc++.so.6"),
    )
    said = refused(DEVICE, wheel)
    assert (
        "tiny/a.so needs _ZSt4 of GLIBCXX_3.4.30 (libstdc++.so.6); with glibc 2.31 comes " in said
    )
    assert "comes GLIBCXX_3.4.28 (Debian 11, Ubuntu 20.04, JetPack 5)" in said
    assert "tiny/b.so needs _ZSt5 of CXXABI_1.3.13" in said
    assert tell(NEW, wheel) == ()


def test_cpp_library_that_the_wheels_bring_is_not_the_systems(tmp_path: Path) -> None:
    """What one wheel of the set brings, another may need."""
    bringing = wheel_of(tmp_path, name="brings", lib=make_elf(soname="libstdc++.so.6"))
    wheel = wheel_of(tmp_path, a=needs("GLIBCXX_3.4.99", "_ZSt4", "libstdc++.so.6"))
    assert tell(DEVICE, wheel, bringing) == ()
    assert "GLIBCXX_3.4.99" in refused(DEVICE, wheel)


def test_cpp_library_of_an_unlisted_glibc_is_that_of_the_one_before() -> None:
    """Never a newer one; the list begins where wheels do."""
    assert cpp_library((2, 33)) == CPP_LIBRARIES[2, 31]
    assert cpp_library((2, 99)) == CPP_LIBRARIES[max(CPP_LIBRARIES)]
    assert cpp_library((2, 17)) == CPP_LIBRARIES[2, 17]


def test_library_that_nothing_brings_is_named(tmp_path: Path) -> None:
    """Once for all files, with the key that says that a device has it."""
    wheel = wheel_of(tmp_path, a=make_elf(needed=["libx.so.1"]), b=make_elf(needed=["libx.so.1"]))
    assert refused(DEVICE, wheel).endswith(
        "  tiny 1.0: tiny/a.so (and 1 other file) needs libx.so.1, which neither the set nor the "
        "system has (a device that has it says so in platforms.pi.shared_libraries)"
    )
    assert tell(replace(DEVICE, shared_libraries=("libx.so.1",)), wheel) == ()


def test_library_of_another_wheel_counts_by_file_and_by_soname(tmp_path: Path) -> None:
    """As auditwheel's folders name them, and as libraries call themselves."""
    wheel = wheel_of(
        tmp_path, a=make_elf(needed=["libx-0a1b.so"]), b=make_elf(needed=["liby.so.1"])
    )
    files = {
        "tiny.libs/libx-0a1b.so": make_elf(),
        "other/whatever.so.1.2.3": make_elf(soname="liby.so.1"),
    }
    assert tell(DEVICE, wheel, make_wheel(tmp_path, "other", tag=PI, files=files)) == ()


def test_library_of_a_debian_package_is_a_note(tmp_path: Path) -> None:
    """manylinux promises libGL; a device without a desktop lacks it."""
    wheel = wheel_of(tmp_path, a=make_elf(needed=["libGL.so.1"]))
    assert tell(DEVICE, wheel) == ("tiny 1.0 needs libGL.so.1 on the device: libgl1 brings it",)


def test_cuda_comes_with_jetpack_alone(tmp_path: Path) -> None:
    """On a Jetson it is a note, elsewhere a reason to refuse."""
    wheel = wheel_of(tmp_path, a=make_elf(needed=["libcudart.so.12"]))
    jetson = replace(DEVICE, gpu="jetson")
    assert tell(jetson, wheel) == (
        "tiny 1.0 needs libcudart.so.12 on the device: JetPack brings it",
    )
    assert "needs libcudart.so.12, which neither" in refused(DEVICE, wheel)


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        (PI, "tiny/a.so is for X86_64, 64 bits"),
        (PURE, "tiny/a.so is for X86_64, 64 bits, in a wheel that says it runs anywhere"),
    ],
)
def test_file_of_another_machine_is_refused(tmp_path: Path, tag: str, said: str) -> None:
    """Whether the tag names a machine or claims to need none."""
    assert refused(DEVICE, wheel_of(tmp_path, tag, a=make_elf(X86_64))).endswith(f"1.0: {said}")


def test_32_bit_arm_takes_32_bit_files_alone(tmp_path: Path) -> None:
    """A 64-bit file that calls itself ARM is none that a board could load."""
    board = replace(DEVICE, architecture="armv7l")
    tag = "cp311-cp311-linux_armv7l"
    assert refused(board, wheel_of(tmp_path, tag, a=make_elf(ARM))).endswith("for ARM, 64 bits")


def test_files_that_nothing_here_loads_may_be_of_any_machine(tmp_path: Path) -> None:
    """Code for a GPU, object files of a compiler, helpers of a debugger."""
    code = wheel_of(tmp_path, gpu=make_elf(CUDA, needed=[]), o=make_elf(ARM, kind=OBJECT_FILE))
    helper = wheel_of(tmp_path, PURE, "debugpy", attach=make_elf(X86_64, needed=["libx.so"]))
    assert tell(DEVICE, code, helper) == ()


def test_damaged_library_is_refused_and_other_data_is_not(tmp_path: Path) -> None:
    """A test file of some package may begin like an ELF file and be none."""
    torn = make_elf()[:70]
    assert refused(DEVICE, wheel_of(tmp_path, a=torn)).endswith("tiny/a.so is a damaged ELF file")
    data = make_wheel(tmp_path / "data", tag=PI, files={"tiny/sample.bin": torn})
    assert tell(DEVICE, data) == ()


def test_hollow_package_is_refused_unless_another_wheel_fills_it(tmp_path: Path) -> None:
    """TensorFlow without its library says why; a second package may carry it."""
    stub = wheel_of(tmp_path, name="tensorflow", a=make_elf())
    assert refused(DEVICE, stub).endswith(
        "  tensorflow 1.0 is hollow: no file of the set is tensorflow/libtensorflow_cc.so.* (for "
        "some platforms and versions the wheel is a stub that names another package)"
    )
    files = {"tensorflow/libtensorflow_cc.so.2": make_elf()}
    filling = make_wheel(tmp_path, "tensorflow_cpu_aws", tag=PI, files=files)
    assert tell(DEVICE, stub, filling) == ()


def test_optional_plug_ins_may_lack_libraries(tmp_path: Path) -> None:
    """They are listed with a reason; other files of the package are not excused."""
    core = {"ai_edge_litert/_pywrap.so": make_elf()}
    plug_in = {"ai_edge_litert/vendors/x/plug.so": make_elf(needed=["libQnnIr.so"])}
    wheel = make_wheel(tmp_path, "ai_edge_litert", tag=PI, files={**core, **plug_in})
    assert tell(DEVICE, wheel) == ()
    other = {"ai_edge_litert/plug.so": make_elf(needed=["libQnnIr.so"])}
    broken = make_wheel(tmp_path / "b", "ai_edge_litert", tag=PI, files={**core, **other})
    assert "needs libQnnIr.so" in refused(DEVICE, broken)


@pytest.mark.parametrize(("bits", "level"), [(1, ""), (3, "x86-64-v2"), (7, "x86-64-v3")])
def test_processor_that_a_file_is_marked_to_need_is_a_note(
    tmp_path: Path, bits: int, level: str
) -> None:
    """Every processor of the architecture has the first level."""
    tag = "cp311-cp311-manylinux_2_17_x86_64"
    said = tell(PC, wheel_of(tmp_path, tag, a=make_elf(X86_64, levels=bits)))
    assert said == (
        (f"tiny 1.0 needs a processor with {level}; no spec says whether the device has it",)
        if level
        else ()
    )


@pytest.mark.parametrize(
    ("tag", "glibc"),
    [
        ("cp311-cp311-manylinux_2_27_aarch64.manylinux_2_28_aarch64", (2, 27)),
        ("cp311-cp311-manylinux2014_aarch64", (2, 17)),
        ("py3-none-manylinux1_x86_64", (2, 5)),
        ("cp311-cp311-linux_aarch64", None),
        (PURE, None),
    ],
)
def test_glibc_that_a_tag_promises(tag: str, glibc: tuple[int, int] | None) -> None:
    """The oldest of all that it names; old names have their level."""
    assert promised_glibc(Wheel("tiny", "1.0", f"tiny-1.0-{tag}.whl", "", "")) == glibc


def test_all_problems_of_all_wheels_are_told_at_once(tmp_path: Path) -> None:
    """A line for each."""
    one = wheel_of(tmp_path, name="one", a=make_elf(X86_64))
    two = wheel_of(tmp_path, name="two", a=needs("GLIBC_2.34", "dlopen"))
    assert len(refused(DEVICE, one, two).splitlines()) == 3


def test_damaged_wheel_is_the_users_error(tmp_path: Path) -> None:
    """Not a traceback, and nothing is kept."""
    wheel = wheel_of(tmp_path, a=make_elf())
    path = located(wheel)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("tiny/a.so").header_offset
    path.write_bytes(data[: start + 60] + bytes(40) + data[start + 100 :])
    with pytest.raises(BundleError, match="is damaged"):
        tell(DEVICE, wheel)
    assert not path.with_suffix(".elf.json").exists()
