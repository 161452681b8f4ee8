"""Which unpacked trees are in force: one small file, and its renaming is the switch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ggfleet.errors import CoreError
from ggfleet.localcore.layout import STAGING, Layout
from ggfleet.system.files import flush_tree, remove_tree, sync_folder, write_json

DEPLOY = "deploy again"


@dataclass(frozen=True)
class Tree:
    """An unpacked archive: where it came from, its archive's digest, its folder."""

    s3_uri: str
    sha256: str
    path: Path


class InForce:
    """The trees of the deployment in force, by `resource:<id>` or `function:<ARN>`."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def read(self) -> dict[str, Tree]:
        """The trees in force; none when nothing was ever deployed. Damage raises CoreError."""
        file = self._layout.in_force
        try:
            content = json.loads(file.read_text())
            return {key: self._tree(row) for key, row in content["trees"].items()}
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CoreError(f"{file} is damaged: {error}", fix=f"remove it and {DEPLOY}") from error

    def _tree(self, row: Mapping[str, str]) -> Tree:
        return Tree(row["uri"], row["sha256"], self._layout.deployment / row["folder"])

    def switch(self, group: str, trees: Mapping[str, Tree]) -> None:
        """Put these trees in force, all at once."""
        rows = {
            key: {
                "uri": tree.s3_uri,
                "sha256": tree.sha256,
                "folder": str(tree.path.relative_to(self._layout.deployment)),
            }
            for key, tree in sorted(trees.items())
        }
        write_json(self._layout.in_force, {"group": group, "trees": rows})


def sweep(layout: Layout) -> None:
    """Remove what a killed deployment left: half-written folders and archives."""
    for home in _homes(layout):
        for leftover in home.glob(f"{STAGING}*"):
            remove_tree(leftover)
    remove_tree(layout.downloads)


def remove_unused(layout: Layout, used: set[Path]) -> Iterator[str]:
    """Remove trees that nothing names any more; yields their folders below the deployment's.

    A tree is renamed first: killed half-way, it must not keep a name that promises a whole tree.
    """
    for home in _homes(layout):
        for tree in [p for p in home.iterdir() if p not in used and p.is_dir()]:
            going = tree.with_name(f"{STAGING}{tree.name}")
            tree.rename(going)
            remove_tree(going)
            yield str(tree.relative_to(layout.deployment))
        if home != layout.resources and not any(home.iterdir()):
            home.rmdir()


def _homes(layout: Layout) -> list[Path]:
    return [home for home in layout.homes() if home.is_dir()]


def put_in_place(staged: Path, tree: Path) -> None:
    """Give a finished folder its name, once its content is on the disk."""
    flush_tree(staged)
    staged.rename(tree)
    sync_folder(tree.parent)
