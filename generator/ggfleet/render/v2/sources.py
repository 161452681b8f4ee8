"""The archives that recipes name, looked up before the first recipe is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ggfleet.errors import PendingError
from ggfleet.model import (
    ADAPTER,
    Archive,
    Fleet,
    Form,
    Layout,
    Manifest,
    Nucleus,
    Part,
    Pending,
    Platform,
)
from ggfleet.render.known import Wanted, current, find_archives, wanted_archives
from ggfleet.render.v2.content import Content, of_archive
from ggfleet.render.v2.only_v1 import expressible


@dataclass(frozen=True)
class Sources:
    """The archives of a fleet; with `unpack` components unpack every zip themselves.

    `fleet` is what the classic nucleus serves of it, `lite` what nucleus lite does. That one leaves
    zips packed in local deployments, so that `unpack` is for it.
    """

    fleet: Fleet
    lite: Fleet
    zips: Mapping[Wanted, Archive]
    images: Mapping[Wanted, Archive]
    unpack: bool = False

    def content(
        self, part: Part, name: str, platform: Platform, layout: Layout | None = None
    ) -> Content:
        """The content of an archive that a component of the platform gets."""
        archives = self.images if layout is Layout.IMAGE else self.zips
        archive = archives[part, name, platform.name]
        return of_archive(self.fleet, archive, layout, unpack=self.unpack)

    def fleet_on(self, platform: Platform) -> Fleet:
        """The fleet as the nucleus of a platform serves it."""
        nucleus = self.fleet.deployment.nucleus_of(platform.name)
        return self.lite if self.unpack or nucleus is Nucleus.LITE else self.fleet


def find_sources(whole: Fleet, manifest: Manifest) -> Sources:
    """Look up everything that recipes need. Raises `PendingError` naming all that is missing."""
    fleet, lite = (expressible(whole, nucleus) for nucleus in Nucleus)
    images = [
        (Part.LIBRARIES, library.name, platform.name)
        for platform in fleet.used_platforms()
        for library in fleet.libraries.values()
        if library.layout is Layout.IMAGE and fleet.users_of(library)
    ]
    as_zip = [each for each in wanted_archives(fleet) if each not in images]
    zips, pending = find_archives(fleet, manifest, as_zip)
    found, missing = find_archives(fleet, current(fleet, manifest), images, Form.IMAGE)
    adapters = [(Part.ADAPTER, ADAPTER, platform.name) for platform in fleet.used_platforms()]
    adapted, absent = find_archives(fleet, manifest, adapters if fleet.functions else [])
    if absent and not fleet.components.wanted:
        fix = "write `components: {prefix: com.example}`, then run `ggfleet bundle`"
        absent = [Pending("the adapter that runs functions as components", fix)]
    if pending or missing or absent:
        raise PendingError((each.what, each.fix) for each in (*pending, *missing, *absent))
    return Sources(fleet, lite, {**zips, **adapted}, found)
