"""What functions may use on a device: device nodes, folders, secrets."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class LocalDevice:
    """A device node of the core, such as `/dev/video0`.

    `owner` is the Linux group that the function's process joins; empty: the node's own group.
    `variants` are platforms and their own paths, which may be several and among them folders;
    `hardware` is what these were looked up by.
    """

    name: str
    path: str
    owner: str = ""
    variants: tuple[tuple[str, tuple[str, ...]], ...] = ()
    hardware: tuple[str, ...] = ()

    def on(self, platform: str) -> tuple[LocalDevice | LocalVolume, ...]:
        """The devices and volumes of one platform. Several get names with a colon, as none has."""
        paths = dict(self.variants).get(platform, (self.path,))
        names = [self.name] if len(paths) == 1 else [f"{self.name}:{_slug(each)}" for each in paths]
        return tuple(self._one(*each) for each in zip(names, paths, strict=True))

    def _one(self, name: str, path: str) -> LocalDevice | LocalVolume:
        if path.startswith("/dev/"):
            return LocalDevice(name, path, self.owner)
        return LocalVolume(name, path, path, self.owner)


@dataclass(frozen=True)
class LocalVolume:
    """A folder of the core, seen by functions at `destination`. `owner` is as for a device."""

    name: str
    source: str
    destination: str
    owner: str = ""
    variants: tuple[tuple[str, str], ...] = ()

    def on(self, platform: str) -> tuple[LocalVolume, ...]:
        """The volume of one platform."""
        chosen = dict(self.variants).get(platform, self.source)
        return (replace(self, source=chosen, variants=()),)


@dataclass(frozen=True)
class Secret:
    """A Secrets Manager secret, by ARN. AWSCURRENT is fetched, and what `labels` name."""

    name: str
    arn: str
    labels: tuple[str, ...] = ()

    def on(self, platform: str) -> tuple[Secret, ...]:  # noqa: ARG002 - as the others have it
        """The secret itself: it is the same on every platform."""
        return (self,)


LocalResource = LocalDevice | LocalVolume | Secret


def _slug(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path.removeprefix("/dev/").strip("/"))
