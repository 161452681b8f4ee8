"""Figures of a comparison: medians, and what a folder takes up."""

from __future__ import annotations

import os
from pathlib import Path

from ggfleet.compare.disk import disk_use
from ggfleet.compare.result import Measured, medians


def measured(strategy: str, figure: float) -> Measured:
    return Measured(strategy, *([figure] * 8))


def test_medians_are_taken_by_strategy() -> None:
    runs = [measured(s, f) for f in (3.0, 100.0, 5.0) for s in ("a", "b")]
    runs[1] = measured("b", 50.0)
    found = medians(runs)
    assert list(found) == ["a", "b"]
    assert (found["a"].install_bytes, found["b"].install_bytes) == (5.0, 50.0)


def test_disk_use_counts_blocks_and_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file").write_bytes(b"x" * 10_000)
    os.link(tmp_path / "sub/file", tmp_path / "again")
    (tmp_path / "link").symlink_to("/usr")
    found = disk_use(tmp_path)
    assert found.files == 1
    assert 10_000 <= found.allocated_bytes < 40_000
