"""Sets of small libraries as wheels, lock and archives, and the hosts' way to them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.file_server import FileServer
from ggfleet.bundle.archive import Packed, pack
from ggfleet.bundle.manifest import write_manifest
from ggfleet.bundle.sources import model_entries
from ggfleet.bundle.tree import lay
from ggfleet.model import Archive, Compression, Form, Manifest, Part, ending
from unit.wheelmaker import Listener, make_wheel

WEIGHT = 3_000_000
"""Bytes of the heavy package, which no compressor makes smaller."""
IMPORTS = {"greengrass_ml_libraries_imports": ["heavy", "light"]}


@dataclass(frozen=True)
class Libraries:
    """One set: `heavy`, which is the same in all, and `light` with the code that was given."""

    folder: Path
    url: str
    lock: Path
    packed: dict[Form, Packed]

    def os_pip(self, **more: Any) -> dict[str, Any]:
        """Return what the inventory says of the wheels."""
        return {
            "greengrass_ml_libraries_strategy": "os-pip",
            "greengrass_ml_libraries_source": self.url,
            "greengrass_ml_libraries_requirements": str(self.lock),
            **IMPORTS,
            **more,
        }

    def ml_resource(self, form: Form = Form.ZIP, **more: Any) -> dict[str, Any]:
        """Return what the inventory says of an archive."""
        packed = self.packed[form]
        return {
            "greengrass_ml_libraries_strategy": "ml-resource",
            "greengrass_ml_libraries_source": f"{self.url}/{packed.path.name}",
            "greengrass_ml_libraries_sha256": packed.sha256,
            "greengrass_ml_libraries_form": str(form),
            **IMPORTS,
            **more,
        }

    def of_manifest(self, form: Form = Form.ZIP, **more: Any) -> dict[str, Any]:
        """Return what the inventory says where it names the manifest alone."""
        return {
            "greengrass_ml_libraries_strategy": "ml-resource",
            "greengrass_ml_libraries_manifest": str(self.folder / "manifest.json"),
            "greengrass_ml_libraries_name": "small",
            "greengrass_ml_libraries_platform": "pc",
            "greengrass_ml_libraries_form": str(form),
            **IMPORTS,
            **more,
        }


def make_libraries(
    server: FileServer,
    name: str,
    light: str,
    weight: bytes = b"",
    compression: Compression = Compression.GZIP,
) -> Libraries:
    """Publish a set in the folder `name`; `light` is the code of its small package.

    `weight` is what makes the other heavy, in all sets the same without it. `compression` is that
    of the image.
    """
    folder = server.folder / name
    weight = weight or random.Random(1).randbytes(WEIGHT)
    heavy = make_wheel(folder, "heavy", files={"heavy/__init__.py": "", "heavy/weight": weight})
    number = f"1.{len(list(server.folder.iterdir()))}"
    small = make_wheel(folder, "light", number, files={"light.py": light})
    wheels = (heavy, small)
    lock = folder / "requirements.txt"
    lock.write_text("".join(f"{w.name}=={w.version} --hash=sha256:{w.sha256}\n" for w in wheels))
    (folder / "SHA256SUMS").write_text("".join(f"{w.sha256}  {w.filename}\n" for w in wheels))
    tree = folder / "tree"
    (tree / "heavy").mkdir(parents=True)
    (tree / "heavy/__init__.py").write_text("")
    (tree / "heavy/weight").write_bytes(weight)
    (tree / "light.py").write_text(light)
    packed = {form: _pack(folder, tree, form, compression) for form in Form}
    archives = tuple(_archive(form, each, compression) for form, each in packed.items())
    write_manifest(folder / "manifest.json", Manifest(archives))
    return Libraries(folder, f"{server.url}/{name}", lock, packed)


def _pack(folder: Path, tree: Path, form: Form, compression: Compression) -> Packed:
    """Pack as `ggfleet bundle` does."""
    suffix = ending(form, compression) if form is Form.IMAGE else form
    packed, _ = pack(
        lay(model_entries(tree)), lambda digest: folder / f"small-{digest[:16]}.{suffix}",
        Listener(), label="small", form=form, compression=compression,
    )  # fmt: skip
    return packed


def _archive(form: Form, packed: Packed, compression: Compression) -> Archive:
    return Archive(
        part=Part.LIBRARIES, name="small", platform="pc", file=packed.path.name, key="k",
        tree_sha256=packed.tree_sha256, sha256=packed.sha256, size=packed.size,
        unpacked_size=packed.unpacked_size, files=packed.files, form=form, compression=compression,
    )  # fmt: skip
