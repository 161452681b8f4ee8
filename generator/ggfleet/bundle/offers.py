"""Where an edge runtime could take TensorFlow's place, and what either weighs.

An offer changes nothing. The runtime is resolved and packed as any library, in a folder of the
cache, so that its figures are of this platform and of the versions that the fleet would get.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from ggfleet.bundle.build import workshop
from ggfleet.bundle.edge import EDGE_RUNTIMES, RUNTIME, TENSORFLOW, ModelForm, form_of, steps
from ggfleet.bundle.fingerprint import of_wheels
from ggfleet.bundle.locks import Locks, wanted
from ggfleet.bundle.markers import marker_environment
from ggfleet.bundle.parts import build_wheels
from ggfleet.bundle.requirements import read_requirements
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.supply.package import Package, closure, package_of
from ggfleet.bundle.supply.sbom import read_bill
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.bundle.workshop import Order, Workshop
from ggfleet.errors import GgfleetError
from ggfleet.model import Archive, Fleet, Function, Install, Json, Manifest, Part, Platform
from ggfleet.system.progress import CountedOnly, Progress, Silent

FOLDER = "offers"
"""Below the cache: archives that are of no bundle."""

TOLD_LINES = 3
"""Of a message: for uv's its failure, what it says and the first cause."""
MARK = re.compile(r"^\s*((error|cause): )?")


@dataclass(frozen=True)
class Cost:
    """Packages and what their archives weigh; sizes in bytes."""

    packages: tuple[str, ...]
    size: int
    unpacked_size: int
    files: int


@dataclass(frozen=True)
class Offer:
    """An edge runtime for one function on one platform.

    `now` are the archives that TensorFlow is in, `beside` packages in them that it does not need.
    `runtime` is None where there is no figure; then `missing` tells why. `steps` are what the owner
    has to do to take the offer.
    """

    function: str
    platform: str
    models: dict[str, ModelForm]
    now: Cost
    beside: tuple[str, ...]
    runtime: Cost | None
    missing: str
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where the runtime comes from: requirements of the fleet that ask for it, or else `lines`."""

    files: tuple[Path, ...] = ()
    lines: tuple[str, ...] = ()


def find_offers(
    fleet: Fleet,
    manifest: Manifest,
    out: Path,
    *,
    cache: Path,
    progress: Progress,
    whole: bool = False,
) -> tuple[Offer, ...]:
    """The offers for what was built into `out`, for the platforms that cores have.

    What cannot be resolved, fetched or packed is told in its offer. Raises `BundleError` where the
    bill of an archive is damaged.
    """
    shop = workshop(
        fleet,
        fleet.used_platforms(),
        cache / FOLDER,
        cache=cache,
        progress=CountedOnly(progress),
        locks=Locks(Silent()),  # what they have to tell was told when the fleet was built
        before=Manifest(),
        whole=whole,
    )
    return tuple(offers(shop, manifest, out, fleet.used_platforms(), progress))


def offers(
    shop: Workshop,
    manifest: Manifest,
    out: Path,
    platforms: Sequence[Platform],
    progress: Progress,
) -> Iterator[Offer]:
    """Offers from archives of a manifest; the workshop packs runtimes into a folder of its own."""
    weighed: dict[tuple[str, Source], Cost | str] = {}
    for platform in platforms:
        fleet = shop.fleet.on(platform.name)
        for function in fleet.functions.values():
            models = _forms(fleet, function)
            held = _held(fleet, function, manifest, out, platform) if models else None
            if held is None:
                continue
            source = _source(shop.fleet, function, platform)
            key = (platform.name, source)
            if key not in weighed:
                progress.step(f"{RUNTIME} for {platform.name}: what it would weigh")
                weighed[key] = _weigh(shop, source, platform)
            yield _offer(function, platform, models, held, weighed[key])


def _offer(
    function: Function,
    platform: Platform,
    models: dict[str, ModelForm],
    held: tuple[Cost, tuple[str, ...]],
    found: Cost | str,
) -> Offer:
    about = (function.name, platform.name, models, *held)
    if isinstance(found, str):
        return Offer(*about, runtime=None, missing=found, steps=())
    return Offer(*about, runtime=found, missing="", steps=steps(models, platform))


def _forms(fleet: Fleet, function: Function) -> dict[str, ModelForm]:
    """The forms of a function's models; nothing where the runtime would not do for all of them."""
    if not function.in_python:
        return {}
    found = {name: form_of(fleet.models[name]) for name in function.models}
    models = {name: form for name, form in found.items() if form}
    return models if len(models) == len(found) else {}


def _held(
    fleet: Fleet, function: Function, manifest: Manifest, out: Path, platform: Platform
) -> tuple[Cost, tuple[str, ...]] | None:
    """What a function's TensorFlow weighs, and packages beside it; None where there is no case."""
    bills = [
        (archives, [package for each in archives for package in read_bill(out, each)])
        for archives in _archives(fleet, function, manifest, platform)
    ]
    if any(_has(bill, EDGE_RUNTIMES) for _, bill in bills):
        return None
    bills = [(archives, bill) for archives, bill in bills if _has(bill, TENSORFLOW)]
    if not bills:
        return None
    archives = [each for found, _ in bills for each in found]
    packages = [package for _, bill in bills for package in bill]
    named = [package for package in packages if package.name in TENSORFLOW]
    return _cost(named, archives), tuple(each for found in bills for each in _beside(*found))


def _beside(archives: Sequence[Archive], bill: Sequence[Package]) -> list[str]:
    """Packages of an archive that TensorFlow does not need. Bills do not look across layers."""
    if len(archives) > 1:
        return []
    needed = {each.name for each in closure(bill, TENSORFLOW)}
    return [f"{each.name} {each.version}" for each in bill if each.name not in needed]


def _archives(
    fleet: Fleet, function: Function, manifest: Manifest, platform: Platform
) -> Iterator[list[Archive]]:
    """What a function gets packages in: its package, and each library with all layers."""
    package = manifest.find(Part.FUNCTION, function.name, platform.name)
    yield [package] if package else []
    for library in fleet.libraries_of(function, Install.ML_RESOURCE):
        found = (
            manifest.find(Part.LIBRARIES, each.name, platform.name, library.archive)
            for each in library.apart()
        )
        yield [archive for archive in found if archive]


def _has(bill: Sequence[Package], names: Collection[str]) -> bool:
    return any(package.name in names for package in bill)


def _cost(packages: Sequence[Package], archives: Sequence[Archive]) -> Cost:
    return Cost(
        tuple(f"{each.name} {each.version}" for each in packages),
        sum(each.size for each in archives),
        sum(each.unpacked_size for each in archives),
        sum(each.files for each in archives),
    )


def _source(fleet: Fleet, function: Function, platform: Platform) -> Source:
    """The fleet's own choice of the runtime where it has one: the same versions, the same lock."""
    environment = marker_environment(platform)
    for each in wanted(fleet, [platform]):
        for asked in read_requirements(each.files).named():
            is_for = asked.marker is None or asked.marker.evaluate(dict(environment))
            if canonicalize_name(asked.name) == RUNTIME and is_for:
                return Source(each.files)
    files = [fleet.libraries[name].on(platform.name).requirements for name in function.libraries]
    return Source(lines=tuple(dict.fromkeys([*read_requirements(files).sources, RUNTIME])))


def _weigh(shop: Workshop, source: Source, target: Platform) -> Cost | str:
    """The runtime with what it requires, packed; or why there is no figure."""
    if version := dict(target.provides).get(RUNTIME):
        return f"devices have {version} of their own (platforms.{target.name}.provides)"
    try:
        if source.files:
            archive = _packed(shop, source.files, target, among=True)
        else:
            with tempfile.TemporaryDirectory(prefix="ggfleet-") as name:
                file = Path(name) / "edge-runtime.txt"
                file.write_text("".join(f"{line}\n" for line in source.lines))
                archive = _packed(shop, (file,), target)
        bill = read_bill(shop.out, archive)
    except GgfleetError as error:
        return _short(error.message)
    return _cost([each for each in bill if each.name == RUNTIME], [archive])


def _packed(
    shop: Workshop, files: Sequence[Path], target: Platform, *, among: bool = False
) -> Archive:
    """The archive of the runtime out of requirements; `among` others, which stay out."""
    interpreter = shop.interpreters(target)
    version = interpreter.version if interpreter else None
    asked: Json = [of_wheels(files, [target]), version]
    order = Order(Part.LIBRARIES, RUNTIME, target.name, asked)
    if known := shop.find(order):
        return known
    wheels = shop.resolve(order, files, target)
    own = _needed(shop, wheels, target) if among else wheels
    return build_wheels(shop, order, own, target, interpreter)


def _needed(shop: Workshop, wheels: Sequence[Wheel], target: Platform) -> list[Wheel]:
    """The wheels of the runtime and of what it requires."""
    packages = []
    for wheel in wheels:
        with OpenWheel(wheel, shop.wheels.path(wheel)) as opened:
            packages.append(package_of(opened, wheel.size, target))
    needed = {each.sha256 for each in closure(packages, {RUNTIME})}
    return [wheel for wheel in wheels if wheel.sha256 in needed]


def _short(message: str) -> str:
    """A message of several lines in one, without its hints and marks."""
    lines = [MARK.sub("", line).rstrip(":") for line in message.partition("\n\n")[0].splitlines()]
    return ": ".join(line for line in lines[:TOLD_LINES] if not line.startswith("fix:"))
