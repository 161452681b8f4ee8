"""Where things lie below the root folder: as on a device, with `/greengrass/v2` as the root."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ggfleet.localcore.layout import Layout


class ComponentLayout(Layout):
    """The folders of one V2 core. Artifacts are symlinks to trees that are named by a digest."""

    @property
    def deployment(self) -> Path:
        """Everything a deployment brings."""
        return self.root / "packages"

    @property
    def resources(self) -> Path:
        """Unpacked archives, each in a folder named by its archive's SHA-256."""
        return self.deployment / "trees" / "unarchived"

    @property
    def plain(self) -> Path:
        """Artifacts that stay as they are, each in a folder named by its SHA-256."""
        return self.deployment / "trees" / "plain"

    @property
    def downloads(self) -> Path:
        """Artifacts on their way in; empty between deployments."""
        return self.deployment / "download"

    @property
    def in_force(self) -> Path:
        """The one file whose renaming puts artifacts in force."""
        return self.deployment / "in-force.json"

    @property
    def lock(self) -> Path:
        """Held while a core uses the root folder."""
        return self.root / "lock"

    @property
    def configuration(self) -> Path:
        """All components' configuration."""
        return self.root / "config" / "configuration.json"

    def homes(self) -> Iterator[Path]:
        """The folders that hold trees."""
        yield from (self.resources, self.plain)

    def artifacts(self, component: str, version: str) -> Path:
        """`{artifacts:path}`."""
        return self.deployment / "artifacts" / component / version

    def unarchived(self, component: str, version: str) -> Path:
        """`{artifacts:decompressedPath}`."""
        return self.deployment / "artifacts-unarchived" / component / version

    def work(self, component: str) -> Path:
        """`{work:path}`, where a component's steps start."""
        return self.root / "work" / component

    def component_log(self, component: str) -> Path:
        """A component's log file."""
        return self.root / "logs" / f"{component}.log"
