"""The archives that carry an ML application's parts, and the manifest that lists them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property


class Part(StrEnum):
    """What an archive carries; each changes at its own rate."""

    LIBRARIES = "libraries"
    MODEL = "models"
    FUNCTION = "functions"
    ADAPTER = "adapters"


class Form(StrEnum):
    """How an archive is packed; the value is the file's ending."""

    ZIP = "zip"
    TAR = "tar.gz"
    IMAGE = "squashfs"


class Compression(StrEnum):
    """How the blocks of an image are compressed: what squashfs and `mksquashfs -comp` call them."""

    GZIP = "gzip"
    ZSTD = "zstd"
    XZ = "xz"


def ending(form: Form, compression: Compression = Compression.GZIP) -> str:
    """What the names of such files end with, without the first dot.

    A name is never written again, so another compression needs another; gzip's came first.
    """
    return str(form) if compression is Compression.GZIP else f"{compression}.{form}"


TAR_FOLDER = "libraries"
"""The one folder of a `.tar.gz`: a V1 core unpacks none without a folder around its files."""

ANY_PLATFORM = "any"
"""The platform name of an archive that holds no native code."""

ADAPTER = "greengrass-v2-adapter"
"""The name of the one archive of `Part.ADAPTER`."""


@dataclass(frozen=True)
class Archive:
    """One built zip, tar.gz or file-system image, named by what is in it.

    `tree_sha256` digests the unpacked tree (paths, modes, contents) and names the archive: the same
    content keeps its name when a compressor changes. `sha256` and `size` (bytes) are the file's.
    `file` is relative to the manifest; `key` is the S3 key, written once and never overwritten.
    `compression` tells of an image alone.
    """

    part: Part
    name: str
    platform: str
    file: str
    key: str
    tree_sha256: str
    sha256: str
    size: int
    unpacked_size: int
    files: int
    form: Form = Form.ZIP
    compression: Compression = Compression.GZIP


@dataclass(frozen=True)
class Delta:
    """What turns the tree of an older archive into that of one in the manifest, on a device.

    `file` is relative to the manifest; `base_sha256` and `tree_sha256` digest the two trees.
    `sha256` and `size` (bytes) are the file's; `written_size` counts the bytes of files that a
    device writes, while it links the rest.
    """

    name: str
    platform: str
    file: str
    base_sha256: str
    tree_sha256: str
    sha256: str
    size: int
    written_size: int


@dataclass(frozen=True)
class Manifest:
    """The archives of one fleet, at most one for each part, name, platform and form.

    `deltas` lead to archives of libraries in it.
    """

    archives: tuple[Archive, ...] = ()
    deltas: tuple[Delta, ...] = ()

    @property
    def listed(self) -> tuple[Archive | Delta, ...]:
        """All files that belong to the manifest."""
        return (*self.archives, *self.deltas)

    def only(self, platform: str) -> Manifest:
        """The archives that a core of one platform can get."""
        fitting = (platform, ANY_PLATFORM)
        return Manifest(tuple(a for a in self.archives if a.platform in fitting))

    def find(self, part: Part, name: str, platform: str, form: Form = Form.ZIP) -> Archive | None:
        """The archive for a platform, or the one for any platform, or None."""
        for archive in self._variants.get((part, name, form), ()):
            if archive.platform in (platform, ANY_PLATFORM):
                return archive
        return None

    @cached_property
    def _variants(self) -> Mapping[tuple[Part, str, Form], list[Archive]]:
        """The archives but for their platforms: every part of a fleet asks for its own."""
        found: dict[tuple[Part, str, Form], list[Archive]] = {}
        for each in self.archives:
            found.setdefault((each.part, each.name, each.form), []).append(each)
        return found
