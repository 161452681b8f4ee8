"""Check and load a spec with all rules: those on the V2 documents that would be made of it too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ggfleet import spec
from ggfleet.model import Draft, Fleet, Manifest, Part
from ggfleet.spec import Checked
from ggfleet.spec.inventory import ReadInventory, ansible_inventory

__all__ = ["Checked", "FindArchives", "check", "load", "none_built", "with_stand_ins"]

FindArchives = Callable[[Fleet], Manifest]
"""The archives that are built already."""


def none_built(_: Fleet) -> Manifest:
    """No archives: documents get stand-ins of the same length."""
    return Manifest()


def check(
    path: Path,
    read_inventory: ReadInventory = ansible_inventory,
    find_archives: FindArchives = none_built,
) -> Checked:
    """Read a spec to its end, and judge it and its documents."""
    return spec.check(path, read_inventory, lambda fleet: _draft(fleet, find_archives))


def load(
    path: Path,
    read_inventory: ReadInventory = ansible_inventory,
    find_archives: FindArchives = none_built,
) -> Fleet:
    """The fleet that a spec describes. Raises `SpecError` where anything is an error."""
    return spec.load(path, read_inventory, lambda fleet: _draft(fleet, find_archives))


def with_stand_ins(fleet: Fleet, manifest: Manifest) -> Manifest:
    """The archives that are built, and a stand-in with a name as long for each that is not."""
    from ggfleet.lint import draft  # noqa: PLC0415 - `check` is to start fast

    return draft.with_stand_ins(fleet, manifest)


def _draft(fleet: Fleet, find_archives: FindArchives) -> Draft:
    """Renderers are imported only for a fleet that wants V2: `check` is to start fast.

    V2 is wanted by `components:`, and can be rendered too where the adapter is built already.
    """
    manifest = find_archives(fleet)
    built = any(archive.part is Part.ADAPTER for archive in manifest.archives)
    if not fleet.cores or not (fleet.components.wanted or built):
        return Draft()
    from ggfleet.lint.draft import draft  # noqa: PLC0415 - see above

    return draft(fleet, manifest)
