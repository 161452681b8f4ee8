"""Strategies whose parts a core fetches: archives, unpacked or mounted, one slot for each part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from ggfleet.compare.matrix.cells import Payload
from ggfleet.compare.matrix.strategy import (
    DEPLOYMENT,
    NOTHING,
    SSH,
    Goods,
    Parcel,
    Release,
    Serving,
    Step,
    Work,
)

LIBRARIES, MODEL, FUNCTION = "libraries", "model", "function"
MARK = "RELEASE"
"""A file in model and function that tells the release."""

APPLIES = Path(__file__).parents[4] / "plugins/modules/greengrass_library_delta.py"
"""What applies a delta on a device: it comes with the roles, not with the installed command."""

Parcels = Mapping[str, Parcel]
"""What is in each slot."""


def served(python: str, paths: Sequence[str], keeps: Sequence[str] = ()) -> Serving:
    """How a function of the slot `function` with the model of `model` is used."""
    return Serving(
        python=python,
        paths=(current(FUNCTION), *paths),
        model=current(MODEL),
        marks={slot: f"{current(slot)}/{MARK}" for slot in (MODEL, FUNCTION)},
        keeps=tuple(keeps),
    )


def current(slot: str) -> str:
    """Where a slot's content lies that serves."""
    return f"slots/{slot}/current"


def brought(goods: Goods, before: Parcels, to: Parcels) -> Work:
    """Fetch what differs; switch when all of it is there, so that a failure leaves what served."""
    new = {slot: parcel for slot, parcel in to.items() if before.get(slot) != parcel}
    return Work((*_places(goods, new), *_switches(new)), payload_of(list(new.values())))


def taken_back(goods: Goods, before: Parcels, to: Parcels) -> Work:
    """Switch back to what was kept; fetch it again only if it is gone."""
    return Work(brought(goods, before, to).steps, NOTHING)


def payload_of(parcels: Sequence[Parcel]) -> Payload:
    """Everything in these parcels."""
    # An image is not unpacked: on the disk it is the file that was fetched.
    unpacked = [parcel for parcel in parcels if parcel.form != "squashfs"]
    return Payload(
        fetched_bytes=sum(parcel.size for parcel in parcels),
        files=len(parcels),
        unpacked_bytes=sum(parcel.unpacked_size for parcel in unpacked),
        unpacked_files=sum(parcel.files for parcel in unpacked),
    )


def _places(goods: Goods, parcels: Parcels) -> list[Step]:
    return [
        {
            "do": "place", "slot": slot, "version": parcel.version, "url": goods.url(parcel.path),
            "sha256": parcel.sha256, "size": parcel.size, "form": parcel.form,
        }
        for slot, parcel in parcels.items()
    ]  # fmt: skip


def _switches(parcels: Parcels) -> list[Step]:
    return [{"do": "switch", "slot": s, "version": p.version} for s, p in parcels.items()]


class _Slots(ABC):
    """A strategy that is nothing but slots."""

    control = DEPLOYMENT
    tools: tuple[str, ...] = ()
    programs: tuple[Path, ...] = ()

    @abstractmethod
    def parcels(self, goods: Goods, release: Release) -> Parcels:
        """What is in each slot at a release."""

    def install(self, goods: Goods, to: Release) -> Work:
        """Fetch all."""
        return brought(goods, {}, self.parcels(goods, to))

    def update(self, goods: Goods, before: Release, to: Release) -> Work:
        """Fetch the parts that changed, whole."""
        return brought(goods, self.parcels(goods, before), self.parcels(goods, to))

    def roll_back(self, goods: Goods, before: Release, to: Release) -> Work:
        """Switch to the versions that were kept."""
        return taken_back(goods, self.parcels(goods, before), self.parcels(goods, to))

    def remove(self) -> Work:
        """Remove the folder."""
        return Work(({"do": "remove"},), NOTHING)


class _Resource(_Slots):
    """The libraries are an ML resource beside the model: fetched and unpacked by themselves."""

    form: str

    def parcels(self, goods: Goods, release: Release) -> Parcels:
        """Three parts."""
        return {
            LIBRARIES: goods.libraries(release, self.form),
            MODEL: goods.model(release),
            FUNCTION: goods.function(release),
        }

    def observe(self) -> Serving:
        """Import from the unpacked tree."""
        return served("python3", [current(LIBRARIES)])


class ZipResource(_Resource):
    """As a zip, which Greengrass unpacks."""

    name, form = "ml-resource-zip", "zip"


class TarResource(_Resource):
    """As a tar.gz, which Greengrass V1 unpacks."""

    name, form = "ml-resource-tar-gz", "tar.gz"


class Image(_Resource):
    """As a read-only file-system image, which is mounted where it was fetched to."""

    name, form = "image", "squashfs"

    def observe(self) -> Serving:
        """Import from the mounted image."""
        return served("python3", [f"{current(LIBRARIES)}/mounted"])


class Layered(_Slots):
    """The libraries are several ML resources, so that packages move apart."""

    name = "layered"

    def parcels(self, goods: Goods, release: Release) -> Parcels:
        """A part for each layer, and two more."""
        return {
            **{f"{LIBRARIES}-{name}": each for name, each in goods.layers(release).items()},
            MODEL: goods.model(release),
            FUNCTION: goods.function(release),
        }

    def observe(self) -> Serving:
        """Import from every layer's folder; the device program fills in which there are."""
        return served("python3", [f"slots/{LIBRARIES}-*/current"])


class DeltaResource(ZipResource):
    """The zip at first, then what changed of it, applied to the version that is there.

    No core does that: the device is reached by a playbook, whose program applies the delta.
    """

    name, control = "delta", SSH
    programs: tuple[Path, ...] = (APPLIES,)

    def update(self, goods: Goods, before: Release, to: Release) -> Work:
        """Fetch the delta, where there is one; else what changed, whole."""
        whole = super().update(goods, before, to)
        delta = None if before.libraries == to.libraries else goods.delta(before, to)
        if delta is None:
            return whole
        old, new = goods.libraries(before, self.form), goods.libraries(to, self.form)
        step: Step = {
            "do": "delta", "slot": LIBRARIES, "base": old.version, "version": new.version,
            "url": goods.url(delta.parcel.path), "sha256": delta.parcel.sha256,
            "size": delta.parcel.size, "tree_sha256": delta.tree_sha256,
        }  # fmt: skip
        others = [
            each for each in whole.steps if (each["do"], each["slot"]) != ("place", LIBRARIES)
        ]
        payload = Payload(
            fetched_bytes=whole.payload.fetched_bytes - new.size + delta.parcel.size,
            files=whole.payload.files,
            unpacked_bytes=whole.payload.unpacked_bytes - new.unpacked_size + delta.written,
            unpacked_files=whole.payload.unpacked_files,
        )
        return Work((step, *others), payload)


class InFunction(_Slots):
    """The libraries lie in the function's own package."""

    name = "in-function"

    def parcels(self, goods: Goods, release: Release) -> Parcels:
        """Two parts: every change of function or libraries brings both."""
        return {
            MODEL: goods.model(release),
            FUNCTION: goods.function(release, with_libraries=True),
        }

    def observe(self) -> Serving:
        """Everything is in one folder."""
        return served("python3", [])
