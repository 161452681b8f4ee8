"""What Lambda takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.bundle.limits import DIRECT_UPLOAD, UNPACKED, check_unpacked, upload_note
from ggfleet.bundle.sources import DiskFile
from ggfleet.bundle.tree import Entry
from ggfleet.errors import BundleError


def entry(path: str, size: int, origin: str) -> Entry:
    return Entry(path, 0o644, size, origin, DiskFile(Path(path)))


def test_the_unpacked_limit_is_lambdas() -> None:
    """The service's own number in its refusal."""
    assert UNPACKED == 262144000
    check_unpacked("classify", [entry("a", UNPACKED - 1, "a")])
    with pytest.raises(BundleError):
        check_unpacked("classify", [entry("a", UNPACKED, "a")])


def test_a_refusal_names_the_biggest_distributions_and_the_ways_out() -> None:
    """Sizes are summed per distribution."""
    mib = 1 << 20
    tree = [
        entry("a", 100 * mib, "small 1"),
        entry("b", 90 * mib, "split 2"),
        entry("c", 90 * mib, "split 2"),
    ]
    with pytest.raises(
        BundleError, match=r"classify: the package is 280\.0 MiB unpacked"
    ) as caught:
        check_unpacked("classify", tree)
    assert "biggest: split 2 180.0 MiB, small 1 100.0 MiB" in caught.value.message
    assert "ml-resource" in caught.value.fix
    assert "os-pip" in caught.value.fix


def test_a_big_zip_is_a_note() -> None:
    """Lambda takes it from S3, where ggfleet puts it."""
    assert upload_note("classify", DIRECT_UPLOAD) == ""
    assert "50.0 MiB" in upload_note("classify", DIRECT_UPLOAD + 1)
