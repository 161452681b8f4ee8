"""Stripping: smaller, still the same to the dynamic linker, once, and only what is listed."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from ggfleet.bundle.contents import read_contents
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.strip import Stripper, Tool, find_tool, without
from ggfleet.bundle.tags import ranked_tags
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.errors import BundleError
from ggfleet.model import Install, Part
from unit.elfmaker import X86_64, make_elf
from unit.factories import make_platform
from unit.test_bundle_parts import PC, Index, built, fleet_of, shop_of
from unit.wheelmaker import Listener, make_wheel

TAG = "cp311-cp311-manylinux_2_17_x86_64"
SMALL = make_elf(X86_64)
FAT = SMALL + b"debugging data " * 1000
OTHER = make_elf(X86_64, needed=["libm.so.6"])


def tool_of(folder: Path, result: bytes = SMALL) -> Tool:
    """A program that strips as `strip OPTIONS -o OUT IN` does: whatever it gets, to `result`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "result").write_bytes(result)
    program = folder / "strip"
    program.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\ncp {folder}/result "$4"\n')
    program.chmod(0o755)
    return Tool(program, "1.0")


def litert(folder: Path, **more: bytes) -> Wheel:
    files = {"ai_edge_litert/_pywrap_a.so": FAT, "ai_edge_litert/readme.so": b"text",
             "other/b.so": FAT, **more}  # fmt: skip
    return make_wheel(folder, "ai_edge_litert", tag=TAG, files=files)


def stripped(tool: Tool, wheel: Wheel) -> dict[str, bytes]:
    """The shared objects of a wheel afterwards."""
    path = Path(wheel.url.removeprefix("file://"))
    with ExitStack() as stack:
        opened = stack.enter_context(OpenWheel(wheel, path))
        before = opened.entries(PC, ranked_tags(PC))
        found = Stripper(tool, stack).entries(wheel, path, before)
        assert [entry.path for entry in found] == [entry.path for entry in before]
        content = {entry.path: b"".join(entry.content.chunks()) for entry in found}
        assert all(entry.size == len(content[entry.path]) for entry in found)
    return {path: data for path, data in content.items() if path.endswith(".so")}


def test_listed_shared_objects_are_stripped_and_others_stay(tmp_path: Path) -> None:
    """What is no ELF file, or of another folder, is passed on as it is."""
    assert stripped(tool_of(tmp_path / "tool"), litert(tmp_path)) == {
        "ai_edge_litert/_pywrap_a.so": SMALL,
        "ai_edge_litert/readme.so": b"text",
        "other/b.so": FAT,
    }


def test_other_packages_are_not_touched(tmp_path: Path) -> None:
    """Not even read."""
    wheel = make_wheel(tmp_path, "tiny", tag=TAG, files={"ai_edge_litert/a.so": FAT})
    assert stripped(Tool(Path("/no/such/program"), "1"), wheel) == {"ai_edge_litert/a.so": FAT}


@pytest.mark.parametrize("result", [OTHER, FAT + b"more", b"", SMALL[:80]])
def test_result_that_is_not_the_same_and_smaller_is_not_taken(
    tmp_path: Path, result: bytes
) -> None:
    """A tool that loses a needed library, or everything, has damaged the file."""
    found = stripped(tool_of(tmp_path / "tool", result), litert(tmp_path))
    assert found["ai_edge_litert/_pywrap_a.so"] == FAT


def test_what_was_stripped_once_is_kept(tmp_path: Path) -> None:
    """By the wheel's digest and the tool's version; what is damaged is made anew."""
    tool, wheel = tool_of(tmp_path / "tool"), litert(tmp_path / "w")
    assert stripped(tool, wheel) == stripped(tool, wheel)
    assert len((tmp_path / "tool/calls").read_text().splitlines()) == 1
    [kept] = (tmp_path / "w").glob("*.zip")
    kept.write_bytes(kept.read_bytes()[:100])
    stripped(tool, wheel)
    assert len((tmp_path / "tool/calls").read_text().splitlines()) == 2
    stripped(replace(tool, version="2.0"), wheel)
    assert len((tmp_path / "tool/calls").read_text().splitlines()) == 3
    assert sorted(path.suffix for path in (tmp_path / "w").iterdir()) == [".whl", ".zip", ".zip"]


def test_tool_that_fails_is_the_users_error_with_a_way_out(tmp_path: Path) -> None:
    """Nothing is left of the attempt."""
    wheel = litert(tmp_path)
    with pytest.raises(
        BundleError, match=r"_pywrap_a\.so cannot be stripped: false failed"
    ) as error:
        stripped(Tool(Path("/bin/false"), "1"), wheel)
    assert "--whole" in error.value.fix
    assert [path.suffix for path in tmp_path.iterdir()] == [".whl"]


def test_archive_tells_what_stripping_saved(tmp_path: Path) -> None:
    """Another tool builds it anew; `whole` leaves all in; without a tool a note says so."""
    plain = shop_of(
        tmp_path,
        fleet_of(tmp_path, Install.ML_RESOURCE),
        Index({"gateway": [litert(tmp_path)]}),
    )
    tool = tool_of(tmp_path / "tool")
    shop = replace(plain, tools=lambda _: tool)
    [archive] = built(shop, PC, parts=[Part.LIBRARIES])
    [share] = read_contents(shop.out, archive)
    [left] = share.left_out
    assert (left.what, left.files, left.size) == ("symbols", 1, len(FAT) - len(SMALL))
    [whole] = built(replace(shop, whole=True), PC, parts=[Part.LIBRARIES])
    [without_tool] = built(replace(plain, tools=lambda _: None), PC, parts=[Part.LIBRARIES])
    assert whole == without_tool
    assert whole.unpacked_size == archive.unpacked_size + left.size
    assert isinstance(plain.progress, Listener)
    said = [said for said in plain.progress.said if "nothing is stripped" in said]
    assert len(said) == 1
    assert without(PC) in said[0]


def test_real_tool_leaves_what_the_linker_reads(tmp_path: Path) -> None:
    """binutils on a shared object made by a compiler, where both are here."""
    platform = make_platform("pc")
    tool = find_tool(platform)
    if tool is None:
        pytest.skip(without(platform))
    source = tmp_path / "a.c"
    source.write_text("#include <stdio.h>\nstatic int f(int x) { return x + 1; }\n"
                      "int g(int x) { return printf(\"%d\", f(x)); }\n")  # fmt: skip
    command: list[str | Path] = [
        "gcc",
        "-m64",
        "-g",
        "-O0",
        "-shared",
        "-fPIC",
        "-o",
        tmp_path / "a.so",
        source,
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no gcc that compiles for x86-64")
    data = (tmp_path / "a.so").read_bytes()
    files = {"ai_edge_litert/_pywrap_a.so": data}
    found = stripped(tool, make_wheel(tmp_path, "ai_edge_litert", tag=TAG, files=files))
    assert len(found["ai_edge_litert/_pywrap_a.so"]) < len(data)
    assert b"printf" in found["ai_edge_litert/_pywrap_a.so"]
