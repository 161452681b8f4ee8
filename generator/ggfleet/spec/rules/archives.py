"""V2 documents whose archives are built: what they weigh on the way and on the device."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ggfleet.model import Archive, Draft, DraftRecipe, Fleet, Json, Severity, limits
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.documents import V2_SPEC
from ggfleet.spec.rules.nuclei import LITE_SPEC, on_lite
from ggfleet.spec.rules.registry import CLASSIC, LITE, SPEC, Finding, of_documents

_BUNDLES = "build/bundles/manifest.json"
_LIBRARY = (
    "libraries:\n  numpy: {requirements: libraries.txt, install: ml-resource, "
    "destination: /mllibs, layout: zip}\nfunctions:\n  classify: {libraries: [numpy]}\n"
)


def _built(size: int, unpacked: int, spec: str = V2_SPEC) -> dict[str, str]:
    """A spec, and the manifest of an archive that it names."""
    digits = "0a1b2c3d4e5f6071"
    file = f"libraries/numpy-pi-{digits}.zip"
    archive: Json = {
        "part": "libraries", "name": "numpy", "platform": "pi",
        "file": file, "key": f"ggfleet/line/{file}",
        "tree_sha256": digits * 4, "sha256": digits * 4,
        "size": size, "unpacked_size": unpacked, "files": 900,
    }  # fmt: skip
    manifest: Json = {"version": 1, "archives": [archive]}
    return {SPEC: spec + _LIBRARY, _BUNDLES: json.dumps(manifest) + "\n"}


@of_documents(
    "document-artifacts",
    Severity.ERROR,
    reason="All artifacts of a component's version have at most 2 GB. Known once they are bundled: "
    "`ggfleet check --bundles DIR` and `ggfleet render` look.",
    source=pages.QUOTAS,
    fix="Divide the library or model into two.",
    example=_built(2_400_000_000, 5_000_000_000),
    firm=True,
)
def artifacts_fit(_: Fleet, draft: Draft) -> Iterator[Finding]:
    """The artifacts of a component have at most 2 GB."""
    for recipe in draft.recipes:
        found = {uri: each for uri, each, _ in _archives(draft, recipe)}
        size = sum(archive.size for archive in found.values())
        if size > limits.ARTIFACTS and not recipe.local:
            yield (
                recipe.part,
                f"has artifacts of {size} bytes in all, and a component takes {limits.ARTIFACTS}",
                "divide it into two",
            )


@of_documents(
    "document-store",
    Severity.WARNING,
    CLASSIC,
    reason="The classic nucleus keeps components, packed and unpacked, in 10 GB unless its "
    "componentStoreMaxSizeBytes says more; above that a deployment fails. What an earlier "
    "deployment left there is removed only after the next.",
    source=f"{pages.NUCLEUS} (componentStoreMaxSizeBytes)",
    fix="Write layout: image or self-unpack, which are kept once or elsewhere, or raise "
    "componentStoreMaxSizeBytes on the devices.",
    example=_built(2_000_000_000, 9_000_000_000),
)
def stores_fit(_: Fleet, draft: Draft) -> Iterator[Finding]:
    """The components of a platform fit into the nucleus's store."""
    for platform, body in draft.deployments.items():
        named: Any = body["components"]
        size = 0
        for recipe in draft.recipes:
            if recipe.name in named and not recipe.local:
                size += _stored(draft, recipe, platform)
        if size > limits.STORE:
            yield (
                "libraries",
                f"and the other parts take {size} bytes on {platform}, and the classic nucleus "
                f"keeps {limits.STORE}",
                "write layout: image or self-unpack, or raise componentStoreMaxSizeBytes",
            )


@of_documents(
    "document-unzip-lite",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite unzips about 1.5 MB a second, and thousands of small files more slowly: a "
    "library of 1.3 GB takes a quarter of an hour.",
    source=pages.MEASURED,
    fix="Write layout: self-unpack, or layout: image where components may be root.",
    example=_built(400_000_000, 1_400_000_000, LITE_SPEC),
)
def lite_unzips_little(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """Nucleus lite is not made to unzip hundreds of megabytes."""
    for recipe in draft.recipes:
        for _uri, archive, unzipped in _archives(draft, recipe):
            big = archive.unpacked_size > limits.LITE_UNPACK or archive.files > limits.LITE_FILES
            if unzipped and big and not recipe.local and on_lite(fleet):
                minutes = archive.unpacked_size // limits.LITE_UNPACK_RATE // 60 + 1
                yield (
                    f"{recipe.part}.layout",
                    f"is zip, which nucleus lite would unpack for {minutes} minutes or more",
                    "write layout: self-unpack, or image",
                )


def _archives(draft: Draft, recipe: DraftRecipe) -> Iterator[tuple[str, Archive, bool]]:
    """URI, archive, and whether the nucleus unpacks it; of those that are built."""
    for manifest in recipe.manifests():
        artifacts: Any = manifest["Artifacts"]
        for each in artifacts:
            if archive := draft.archives.get(each["Uri"]):
                yield each["Uri"], archive, each["Unarchive"] == "ZIP"


def _stored(draft: Draft, recipe: DraftRecipe, platform: str) -> int:
    """Bytes that a component takes in the store of a device."""
    here: Mapping[str, int] = {
        uri: archive.size + (archive.unpacked_size if unzipped else 0)
        for uri, archive, unzipped in _archives(draft, recipe)
        if archive.platform in (platform, "any")
    }
    return sum(here.values())
