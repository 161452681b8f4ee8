"""The module that lets a new key and certificate take the place of the old ones."""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

import pytest

from module_support import module_of

PROJECT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def switch() -> ModuleType:
    """Return the module, loaded from its file as Ansible does."""
    return module_of(PROJECT / "plugins/modules/greengrass_certificate_switch.py")


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Return the directory of the core with a pair in it, and the one beside it."""
    directory = tmp_path / "certs"
    directory.mkdir()
    (directory / "key").write_text("old")
    (directory / "root.ca.pem").write_text("ca")
    return directory, tmp_path / "certs.next"


def prepared(switch: ModuleType, places: tuple[Path, Path]) -> None:
    directory, beside = places
    switch.begin(beside, os.getuid())
    (beside / "key").write_text("new")
    assert switch.state_of(directory, beside) == "prepared"


def test_directories_change_places_and_back(switch: ModuleType, places: tuple[Path, Path]) -> None:
    """The mark goes with the new pair, and other files of the directory are there both times."""
    directory, beside = places
    assert switch.state_of(directory, beside) == "idle"
    prepared(switch, places)
    switch.do("switch", directory, beside, "")
    assert (directory / "key").read_text() == "new"
    assert (directory / "root.ca.pem").read_text() == "ca"
    assert switch.state_of(directory, beside) == "switched"
    switch.do("back", directory, beside, "")
    assert (directory / "key").read_text() == "old"
    assert switch.state_of(directory, beside) == "prepared"


def test_what_was_taken_along_never_replaces_the_new_pair(
    switch: ModuleType, places: tuple[Path, Path]
) -> None:
    """A file that the new pair has already is its own."""
    directory, beside = places
    prepared(switch, places)
    (beside / "root.ca.pem").write_text("another ca")
    switch.do("switch", directory, beside, "")
    assert (directory / "root.ca.pem").read_text() == "another ca"


@pytest.mark.parametrize("step", ["switch", "nothing"])
def test_finish_leaves_one_pair_and_no_mark(
    switch: ModuleType, places: tuple[Path, Path], step: str
) -> None:
    """After a switch the new one; before it the old one. A second finish changes nothing."""
    directory, beside = places
    prepared(switch, places)
    if step == "switch":
        switch.do("switch", directory, beside, "")
    for _ in range(2):
        switch.do("finish", directory, beside, "")
        assert not beside.exists()
        assert switch.state_of(directory, beside) == "idle"
        assert (directory / "key").read_text() == ("new" if step == "switch" else "old")


def test_a_finish_that_was_cut_off_is_told_from_a_new_rotation(
    switch: ModuleType, places: tuple[Path, Path]
) -> None:
    """What lies beside goes first: the mark still says that the new pair is in place."""
    directory, beside = places
    prepared(switch, places)
    switch.do("switch", directory, beside, "")
    switch.do("drop", directory, beside, "")
    assert [path.name for path in directory.parent.iterdir()] == ["certs"]
    assert switch.state_of(directory, beside) == "switched"


def test_beginning_again_keeps_the_key_that_is_there(
    switch: ModuleType, places: tuple[Path, Path]
) -> None:
    """A run that was cut off goes on with it."""
    directory, beside = places
    prepared(switch, places)
    switch.begin(beside, os.getuid())
    assert (beside / "key").read_text() == "new"
    assert switch.state_of(directory, beside) == "prepared"


def test_an_exchange_that_cannot_be_leaves_both(
    switch: ModuleType, places: tuple[Path, Path]
) -> None:
    """The system says why, and the old pair stays in place."""
    directory, beside = places
    beside.mkdir()
    moved = beside.with_name("elsewhere")
    with pytest.raises(OSError, match="elsewhere"):
        switch.exchange(directory, moved)
    assert (directory / "key").read_text() == "old"
