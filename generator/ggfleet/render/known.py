"""What documents need from other stages: where archives will lie, and certificates' ARNs.

Everything is looked up before the first document is made, so that nothing half-known can get into
one, and so that all that is missing is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ggfleet.errors import SPEC, PendingError
from ggfleet.model import (
    Archive,
    Fleet,
    Form,
    Install,
    Library,
    Manifest,
    Model,
    Part,
    Pending,
    Platform,
    Reference,
    Resolved,
)

Wanted = tuple[Part, str, str]
"""An archive that a document names: its part, its name and the platform it must serve."""

_NOUNS = {
    Part.LIBRARIES: "library",
    Part.MODEL: "model",
    Part.FUNCTION: "function",
    Part.ADAPTER: "adapter",
}


@dataclass(frozen=True)
class Known:
    """Archives by part, name and the platform that uses them; certificate ARNs by core name."""

    archives: Mapping[Wanted, Archive]
    certificates: Mapping[str, str]

    def key(self, part: Part, name: str, platform: Platform) -> str:
        """The S3 key of an archive that `wanted_archives` named."""
        return self.archives[part, name, platform.name].key


def resolve(fleet: Fleet, manifest: Manifest, others: Iterable[Reference] = ()) -> Known:
    """Look up everything that documents need. Raises `PendingError` naming all that is missing.

    `others` are values that one target alone needs; they must be known too.
    """
    archives, pending = find_archives(fleet, manifest, wanted_archives(fleet))
    certificates = {core.name: core.certificate_arn for core in fleet.cores}
    needed = (*certificates.values(), *others)
    pending += [value for value in needed if isinstance(value, Pending)]
    if pending:
        raise PendingError((each.what, each.fix) for each in pending)
    return Known(
        archives,
        {name: arn.value for name, arn in certificates.items() if isinstance(arn, Resolved)},
    )


def current(fleet: Fleet, manifest: Manifest) -> Manifest:
    """The manifest without images that are not compressed as the spec says now."""
    libraries = fleet.libraries
    return Manifest(
        tuple(
            each
            for each in manifest.archives
            if each.name not in libraries or libraries[each.name].compresses(each)
        )
    )


def find_archives(
    fleet: Fleet, manifest: Manifest, wanted: Iterable[Wanted], form: Form | None = None
) -> tuple[dict[Wanted, Archive], list[Pending]]:
    """The archives that a manifest has, in the form that the fleet wants, and what is missing."""
    forms = {each: form or _form(fleet, each) for each in wanted}
    found = {each: manifest.find(*each, forms[each]) for each in forms}
    there = {each: archive for each, archive in found.items() if archive is not None}
    return there, [_pending(*each, forms[each]) for each in found if each not in there]


def _form(fleet: Fleet, wanted: Wanted) -> Form:
    part, name, _ = wanted
    return fleet.libraries[name].archive if part is Part.LIBRARIES else Form.ZIP


def wanted_archives(fleet: Fleet) -> Iterator[Wanted]:
    """The archives that documents name, platform by platform."""
    for platform in fleet.used_platforms():
        for library in fleet.libraries.values():
            if library.install is Install.ML_RESOURCE and fleet.is_used(library):
                yield Part.LIBRARIES, library.name, platform.name
        for model in fleet.models.values():
            if model.on(platform.name).is_local and fleet.is_used(model):
                yield Part.MODEL, model.name, platform.name
        for name in fleet.functions:
            yield Part.FUNCTION, name, platform.name


def attached_ml(fleet: Fleet) -> Iterator[Library | Model]:
    """The libraries and models that travel as ML resources because something uses them."""
    for library in fleet.libraries.values():
        if library.install is Install.ML_RESOURCE and fleet.is_used(library):
            yield library
    for model in fleet.models.values():
        if fleet.is_used(model):
            yield model


def _pending(part: Part, name: str, platform: str, form: Form) -> Pending:
    noun = "image" if form is Form.IMAGE else "archive"
    return Pending(
        f"the {noun} of the {_NOUNS[part]} {name} for {platform}",
        f"run `ggfleet bundle {SPEC} --platform {platform}`",
    )
