"""The software bill of materials of an archive: CycloneDX 1.6, beside it as `<archive>.cdx.json`.

It holds neither a time nor a random number: the same archive has the same bill.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ggfleet.bundle.supply.package import Package
from ggfleet.errors import BundleError
from ggfleet.model import Archive
from ggfleet.system.files import write_text

ENDING = ".cdx.json"
SIZE = "ggfleet:wheel:size"
"""The property that holds the wheel's bytes; the format has no key for them."""
REBUILD = "remove it, then run `ggfleet bundle`"


def bill_path(out: Path, archive: Archive) -> Path:
    """Where the bill of an archive below `out` lies."""
    return out / f"{archive.file}{ENDING}"


def write_bill(out: Path, archive: Archive, packages: Sequence[Package]) -> None:
    """Write the bill of an archive, whole."""
    # Half of `ggfleet bundle` with nothing to do would be spent on importing this.
    from cyclonedx.contrib.license.factories import LicenseFactory  # noqa: PLC0415
    from cyclonedx.model import HashAlgorithm, HashType, Property  # noqa: PLC0415
    from cyclonedx.model.bom import Bom  # noqa: PLC0415
    from cyclonedx.model.component import Component, ComponentType  # noqa: PLC0415
    from cyclonedx.output.json import JsonV1Dot6  # noqa: PLC0415
    from packageurl import PackageURL  # noqa: PLC0415

    subject = Component(
        name=archive.name,
        version=archive.tree_sha256[:16],
        type=ComponentType.LIBRARY,
        bom_ref=archive.file,
        group=str(archive.part),
    )
    bill = Bom(serial_number=uuid5(NAMESPACE_URL, archive.key))
    bill.metadata.timestamp = None  # type: ignore[assignment]  # optional in the format
    bill.metadata.component = subject
    licences = LicenseFactory()
    made = {}
    for package in packages:
        where = {"file_name": package.wheel}
        purl = PackageURL("pypi", None, package.name, package.version, where)
        made[package.name] = Component(
            name=package.name,
            version=package.version,
            type=ComponentType.LIBRARY,
            bom_ref=str(purl),
            purl=purl,
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.sha256)],
            properties=[Property(name=SIZE, value=str(package.size))],
            licenses=[licences.make_from_string(package.licence)] if package.licence else [],
        )
    bill.components.update(made.values())
    bill.register_dependency(subject, made.values())
    for package in packages:
        needed = [made[name] for name in package.requires if name in made]
        bill.register_dependency(made[package.name], needed)
    write_text(bill_path(out, archive), JsonV1Dot6(bill).output_as_string(indent=2) + "\n")


def read_bill(out: Path, archive: Archive) -> tuple[Package, ...]:
    """The packages of an archive by its bill; `BundleError` when that is missing or damaged.

    A bill tells a package's requirements as those of its packages that the archive holds.
    """
    path = bill_path(out, archive)
    try:
        content = json.loads(path.read_text())
        needs = {each["ref"]: each.get("dependsOn", []) for each in content["dependencies"]}
        components = {each["bom-ref"]: each for each in content.get("components", [])}
        return tuple(
            _package(each, (components[need]["name"] for need in needs[ref]))
            for ref, each in components.items()
        )
    except FileNotFoundError as error:
        raise BundleError(f"{path} does not exist", fix="run `ggfleet bundle`") from error
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        StopIteration,
    ) as error:
        raise BundleError(f"{path} is damaged: {error!r}", fix=REBUILD) from error


def _package(component: dict[str, Any], requires: Iterable[str]) -> Package:
    return Package(
        name=component["name"],
        version=component["version"],
        wheel=component["purl"].partition("?file_name=")[2],
        sha256=next(each["content"] for each in component["hashes"] if each["alg"] == "SHA-256"),
        size=int(next(p["value"] for p in component["properties"] if p["name"] == SIZE)),
        licence=_licence(component.get("licenses", [])),
        requires=tuple(sorted(requires)),
    )


def _licence(licences: Sequence[dict[str, Any]]) -> str:
    if not licences:
        return ""
    first = licences[0]
    if "expression" in first:
        return str(first["expression"])
    return str(first["license"].get("id") or first["license"]["name"])
