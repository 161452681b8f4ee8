"""Which wheels a platform takes, and what uv is told about it."""

from __future__ import annotations

import pytest
from packaging.tags import Tag

from ggfleet.bundle.tags import check_supported, ranked_tags, uv_platform
from ggfleet.errors import BundleError
from unit.factories import make_platform

PI = make_platform("pi", architecture="aarch64")


@pytest.mark.parametrize(
    ("glibc", "level"), [("2.36", 36), ("2.35", 35), ("2.41", 40), ("2.30", 28), ("2.17", 17)]
)
def test_uv_is_told_the_greatest_level_not_above_the_platform(glibc: str, level: int) -> None:
    """uv knows a few glibc levels; one above the device's would choose wheels that do not start."""
    platform = make_platform("pi", architecture="aarch64", glibc=glibc)
    assert uv_platform(platform) == f"aarch64-manylinux_2_{level}"


def test_closer_tags_rank_better() -> None:
    """A wheel for this Python and the newest glibc first, a pure one last."""
    ranks = ranked_tags(PI)
    order = [
        Tag("cp311", "cp311", "manylinux_2_36_aarch64"),
        Tag("cp311", "cp311", "manylinux_2_17_aarch64"),
        Tag("cp311", "cp311", "manylinux2014_aarch64"),
        Tag("cp311", "cp311", "linux_aarch64"),
        Tag("cp311", "abi3", "manylinux_2_28_aarch64"),
        Tag("cp38", "abi3", "manylinux_2_28_aarch64"),
        Tag("py3", "none", "manylinux_2_17_aarch64"),
        Tag("py3", "none", "any"),
    ]
    assert [ranks[tag] for tag in order] == sorted(ranks[tag] for tag in order)


@pytest.mark.parametrize(
    "tag",
    [
        Tag("cp311", "cp311", "manylinux_2_37_aarch64"),
        Tag("cp311", "cp311", "manylinux_2_17_x86_64"),
        Tag("cp310", "cp310", "manylinux_2_17_aarch64"),
        Tag("cp312", "abi3", "manylinux_2_17_aarch64"),
        Tag("cp311", "cp311", "musllinux_1_2_aarch64"),
        Tag("cp311", "cp311", "manylinux1_aarch64"),
    ],
)
def test_what_does_not_run_there_is_not_taken(tag: Tag) -> None:
    """Newer glibc, another architecture, Python or C library."""
    assert tag not in ranked_tags(PI)


def test_old_glibc_names_exist_for_x86_alone() -> None:
    """manylinux1 and manylinux2010 were never defined for ARM."""
    taken = ranked_tags(make_platform())
    assert Tag("cp311", "cp311", "manylinux1_x86_64") in taken
    assert Tag("cp311", "cp311", "manylinux2010_x86_64") in taken


@pytest.mark.parametrize(
    ("python", "abi"), [("3.6", "cp36m"), ("3.7", "cp37m"), ("3.8", "cp38"), ("3.10", "cp310")]
)
def test_the_abi_of_old_pythons_has_a_flag(python: str, abi: str) -> None:
    """Wheels for Python 3.6 (Jetson Nano) and 3.7 are `cp37-cp37m`, and no other ABI runs there."""
    interpreter = abi.rstrip("m")
    found = {
        tag.abi
        for tag in ranked_tags(make_platform(python=python))
        if tag.interpreter == interpreter and tag.abi.startswith(interpreter)
    }
    assert found == {abi}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ({"architecture": "riscv64"}, "no wheels for riscv64"),
        ({"glibc": "2.12"}, "glibc 2.17 or newer"),
        ({"os": "darwin"}, "linux"),
    ],
)
def test_unsupported_platforms_are_refused_by_name(override: dict[str, str], words: str) -> None:
    """Better than an empty set of wheels."""
    with pytest.raises(BundleError, match=words) as caught:
        check_supported(make_platform("old", **override))
    assert "platform old" in caught.value.message
    assert caught.value.fix
