"""An archive on a device: which artifact it is, who unpacks it, and where the files then lie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ggfleet.errors import GgfleetError
from ggfleet.model import Archive, Compression, Fleet, Form, Json, Layout, Model
from ggfleet.render.group_v1.names import archive_uri

DIGITS = 16
IMAGES = "/run/ggfleet"
"""Mount points. A reboot empties /run, so none outlives its mount."""
ROOT = "{kernel:rootPath}"
UNARCHIVED = "packages/artifacts-unarchived"

UNPACK_BYTES = 90_000_000
"""Nucleus lite unpacks 1.5 MB a second (measured): above this it takes more than a minute."""
UNPACK_FILES = 2_000
"""Thousands of small files are its worst case (measured), whatever their size."""
OWN_RATE = 2_000_000
"""Bytes a second that an unpacking step is given: a slow memory card, not a measurement."""
DEFAULT_TIMEOUT = 120
"""Seconds; what both nuclei give a step that says nothing."""


@dataclass(frozen=True)
class Content:
    """An artifact. `digits` name what is in it; `unpacked_size` is in bytes, 0 if not known.

    `compression` is that of an image.
    """

    uri: str
    layout: Layout
    digits: str
    unpacked_size: int = 0
    compression: Compression = Compression.GZIP

    @property
    def file(self) -> str:
        """The artifact's file name on the device."""
        return self.uri.rpartition("/")[2]

    @property
    def timeout(self) -> int:
        """Seconds for a step that unpacks it."""
        return max(DEFAULT_TIMEOUT, -(-self.unpacked_size // OWN_RATE))

    def artifact(self) -> dict[str, Json]:
        """The entry of a manifest. Other components, which may be other users, read it too."""
        unarchive = "ZIP" if self.layout is Layout.ZIP else "NONE"
        return {"Uri": self.uri, "Unarchive": unarchive, "Permission": {"Read": "ALL"}}

    def own_path(self) -> str:
        """Where the component itself finds the files."""
        if self.layout is Layout.ZIP:
            return f"{{artifacts:decompressedPath}}/{self.file.rpartition('.')[0]}"
        return f"{{work:path}}/unpacked/{self.digits}"

    def path(self, component: str, version: str) -> str:
        """Where another component finds the files: relative to the Greengrass root, or absolute.

        Only classic knows the variables of other components; the root's is common to both nuclei.
        """
        match self.layout:
            case Layout.ZIP:
                stem = self.file.rpartition(".")[0]
                return f"{UNARCHIVED}/{component}/{version}/{stem}"
            case Layout.SELF_UNPACK:
                return f"work/{component}/unpacked/{self.digits}"
            case Layout.IMAGE:
                return f"{IMAGES}/{component}/{self.digits}"


def below_artifacts(path: str) -> str:
    """A path of `Content.path` as the adapter takes it: absolute, or below the unpacked archives.

    Configuration holds no recipe variables, so the adapter adds the root.
    """
    if path.startswith("/"):
        return path
    inside = path.removeprefix(f"{UNARCHIVED}/")
    return inside if inside != path else f"../../{path}"


def absolute(path: str) -> str:
    """A path of `Content.path` as a script or variable wants it."""
    return path if path.startswith("/") else f"{ROOT}/{path}"


def default_layout(archive: Archive) -> Layout:
    """A zip while the slower nucleus unpacks it within a minute; else the component does it.

    Never an image: that takes root on the device, squashfs in its kernel, and mksquashfs here.
    """
    small = archive.unpacked_size <= UNPACK_BYTES and archive.files <= UNPACK_FILES
    return Layout.ZIP if small else Layout.SELF_UNPACK


def of_archive(
    fleet: Fleet, archive: Archive, layout: Layout | None, *, unpack: bool = False
) -> Content:
    """The content of a built archive. With `unpack` no zip is left to the nucleus."""
    chosen = layout or default_layout(archive)
    # V2 unpacks no tar.
    if (unpack or archive.form is Form.TAR) and chosen is Layout.ZIP:
        chosen = Layout.SELF_UNPACK
    digits = archive.tree_sha256[:DIGITS]
    uri = archive_uri(fleet, archive.key)
    return Content(uri, chosen, digits, archive.unpacked_size, archive.compression)


def of_remote(model: Model, *, unpack: bool = False) -> Content:
    """A model that lies in S3 already. Its version stands for what is in it."""
    if model.source.startswith("arn:"):
        raise GgfleetError(
            f"models.{model.name}.source is a training job, which V2 cannot fetch from",
            fix="write the s3:// URI of its output (aws sagemaker describe-training-job tells it)",
        )
    digits = hashlib.sha256(f"{model.source} {model.version}".encode()).hexdigest()[:DIGITS]
    # V2 unpacks no tar.
    zipped = model.source.endswith(".zip") and not unpack
    return Content(model.source, Layout.ZIP if zipped else Layout.SELF_UNPACK, digits)
