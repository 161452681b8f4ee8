"""Laying parts into one tree, and naming it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ggfleet.bundle.tree import Entry, TreeDigest, lay, normal_mode
from ggfleet.errors import BundleError


@dataclass(frozen=True)
class Text:
    """Bytes in memory."""

    data: bytes

    def chunks(self) -> Iterator[bytes]:
        """All at once."""
        yield self.data


def entry(path: str, data: bytes = b"x", origin: str = "one 1.0", mode: int = 0o644) -> Entry:
    return Entry(path, mode, len(data), origin, Text(data))


def test_a_tree_is_sorted_by_code_points() -> None:
    """Not by a locale's idea of letters."""
    tree = lay([entry("b"), entry("é"), entry("B"), entry("a/z"), entry("a-b")])
    assert [e.path for e in tree] == ["B", "a-b", "a/z", "b", "é"]


def test_the_same_file_twice_is_one() -> None:
    """Namespace packages repeat their `__init__.py`; a program stays one."""
    tree = lay([entry("ns/__init__.py"), entry("ns/__init__.py", origin="two", mode=0o755)])
    assert [(e.path, e.mode) for e in tree] == [("ns/__init__.py", 0o755)]


@pytest.mark.parametrize("data", [b"y", b"longer"])
def test_different_files_at_one_path_are_refused(data: bytes) -> None:
    """Same size or not; both origins are named."""
    with pytest.raises(BundleError, match=r"a\.py comes from one 1\.0 and.* from two 2\.0"):
        lay([entry("a.py"), entry("a.py", data, origin="two 2.0")])


def test_a_file_where_another_needs_a_folder_is_refused() -> None:
    """No unpacker could lay it out."""
    with pytest.raises(BundleError, match=r"a/b is a file in one 1\.0 and a folder in two"):
        lay([entry("a/b"), entry("a/b/c/d", origin="two")])


def test_modes_are_two() -> None:
    """Whatever umask the builder had."""
    assert [normal_mode(m) for m in (0, 0o600, 0o664, 0o700, 0o775, 0o100755)] == [
        *([0o644] * 3),
        *([0o755] * 3),
    ]


def test_the_digest_sees_path_mode_and_content() -> None:
    """Each of the three names another tree."""
    base = ("a", 0o644, "0" * 64)
    variants = [base, ("b", *base[1:]), ("a", 0o755, base[2]), ("a", 0o644, "1" * 64)]
    digests = set()
    for path, mode, sha256 in variants:
        digest = TreeDigest()
        digest.add(path, mode, sha256)
        digests.add(digest.hexdigest())
    assert len(digests) == len(variants)


def test_the_digest_is_what_the_documentation_says() -> None:
    """Others must be able to compute it: `mode sha256 path`, each ended by NUL."""
    digest = TreeDigest()
    digest.add("bin/tool", 0o755, "ab" * 32)
    digest.add("m.py", 0o644, "cd" * 32)
    said = f"755 {'ab' * 32} bin/tool\0" + f"644 {'cd' * 32} m.py\0"
    assert digest.hexdigest() == hashlib.sha256(said.encode()).hexdigest()
