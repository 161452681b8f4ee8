"""How each part of an ML application becomes an archive."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import product
from pathlib import Path

from ggfleet.bundle.bytecode import Interpreter, without
from ggfleet.bundle.fingerprint import of_entries, of_platform, of_wheels
from ggfleet.bundle.layers import divide, nothing
from ggfleet.bundle.limits import check_unpacked, upload_note
from ggfleet.bundle.locks import requirements_of
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.sources import file_entry, function_entries, model_entries
from ggfleet.bundle.tree import lay
from ggfleet.bundle.workshop import Order, Workshop
from ggfleet.errors import BundleError
from ggfleet.model import (
    ADAPTER,
    ANY_PLATFORM,
    Archive,
    Compression,
    Form,
    Function,
    Install,
    Json,
    Layout,
    Library,
    Model,
    Part,
    Platform,
)
from ggfleet.runtime import CLIENT_REQUIREMENTS, component_files

ADAPTER_PROGRAM = "component_runtime.py"


def archives(
    shop: Workshop, targets: Sequence[Platform], parts: Collection[Part]
) -> Iterator[Archive]:
    """Build the parts for the targets, one after the other."""
    if Part.LIBRARIES in parts:
        for library in shop.fleet.libraries.values():
            if library.install is Install.ML_RESOURCE:
                for form, target in product(forms_of(library), targets):
                    yield from build_library(shop, library, target, form)
    if Part.MODEL in parts:
        for model in shop.fleet.models.values():
            yield from build_models(shop, model, targets)
    if Part.FUNCTION in parts:
        for function in shop.fleet.functions.values():
            yield from (build_function(shop, function, target) for target in targets)
    if Part.ADAPTER in parts and shop.fleet.components.wanted:
        yield from (build_adapter(shop, target) for target in targets)


def forms_of(library: Library) -> tuple[Form, ...]:
    """What V1 and the other layouts take, a zip or tar.gz; an image where V2 is to mount one."""
    images = (Form.IMAGE,) if library.layout is Layout.IMAGE else ()
    return (library.archive, *images)


def build_library(
    shop: Workshop, library: Library, target: Platform, form: Form
) -> Iterator[Archive]:
    """The wheels of an `ml-resource` library: one archive, or one for each of its layers."""
    requirements = library.on(target.name).requirements
    interpreter = shop.interpreters(target)
    version = interpreter.version if interpreter else None
    compression = library.compression if form is Form.IMAGE else Compression.GZIP
    of_layers: list[Json] = [asdict(each) for each in library.layers]
    asked: Json = [of_wheels([requirements], [target]), version, *of_layers]
    orders = [
        Order(Part.LIBRARIES, each.name, target.name, asked, form, compression)
        for each in library.apart()
    ]
    known = [shop.find(order) for order in orders]
    if all(known):
        yield from (archive for archive in known if archive)
        return
    wheels = shop.resolve(orders[0], [requirements], target)
    if not wheels:
        raise BundleError(
            f"{requirements} asks for nothing on platform {target.name}",
            fix="correct the environment markers, or remove the library",
        )
    if interpreter is None:
        shop.progress.say(f"{orders[0]}: {without(target)}")
    for order, own in zip(orders, _shares(shop, library, wheels), strict=True):
        yield build_wheels(shop, order, own, target, interpreter)


def _shares(shop: Workshop, library: Library, wheels: Sequence[Wheel]) -> list[Sequence[Wheel]]:
    """The wheels of each layer, or all of them."""
    if not library.layers:
        return [wheels]
    shares = divide(library.layers, wheels, shop.wheels.path, shop.progress.say)
    return [shares[each.name] for each in library.layers]


def build_wheels(
    shop: Workshop,
    order: Order,
    wheels: Sequence[Wheel],
    target: Platform,
    interpreter: Interpreter | None,
) -> Archive:
    """One archive of wheels. Where they are the same as before it is not packed anew."""
    version = interpreter.version if interpreter else None
    inputs: Json = ["wheels", [each.sha256 for each in wheels], of_platform(target), version]
    exact = replace(order, inputs=inputs)
    archive = shop.find(exact)
    if archive is None:
        with shop.unpacked(wheels, target, interpreter) as entries:
            archive = shop.pack(exact, lay(entries or [nothing(order.name)]), target.name, wheels)
    shop.keep(order, archive)
    return archive


def build_models(shop: Workshop, model: Model, targets: Sequence[Platform]) -> Iterator[Archive]:
    """One archive for all platforms, or one for each target where the spec has one for each."""
    for platform in [each.name for each in targets] if model.variants else [ANY_PLATFORM]:
        chosen = model.on(platform)
        if chosen.is_local:
            yield _build_model(shop, chosen, platform)


def _build_model(shop: Workshop, model: Model, platform: str) -> Archive:
    """A model's files."""
    entries = model_entries(Path(model.source))
    order = Order(Part.MODEL, model.name, platform, of_entries(entries))
    return shop.find(order) or shop.pack(order, lay(entries), platform)


def build_function(shop: Workshop, function: Function, target: Platform) -> Archive:
    """A function's source folders and the wheels of its `in-function` libraries."""
    own = [entry for folder in function.sources for entry in function_entries(folder)]
    if not own:
        raise BundleError(
            f"function {function.name}: its source folders hold no file",
            fix="put its code there, or correct `source` in the spec",
        )
    others = [platform for platform in shop.platforms if platform != target]
    files = requirements_of(shop.fleet, function, target)
    elsewhere = {platform: requirements_of(shop.fleet, function, platform) for platform in others}
    asked = _asked(target, files, elsewhere)
    order = Order(Part.FUNCTION, function.name, target.name, [of_entries(own), asked])
    if known := shop.find(order):
        return known
    wheels = shop.resolve(order, files, target)
    with shop.unpacked(wheels, target) as entries:
        tree = lay([*own, *entries])
        check_unpacked(function.name, tree)
        everywhere = _same_everywhere(shop, wheels, elsewhere if files else {})
        platform = ANY_PLATFORM if everywhere else target.name
        archive = shop.pack(order, tree, platform, wheels)
    if note := upload_note(function.name, archive.size):
        shop.progress.say(note)
    return archive


def build_adapter(shop: Workshop, target: Platform) -> Archive:
    """What runs a function as a V2 component: the adapter's folders and what it imports."""
    components = shop.fleet.components
    own = [entry for folder in components.adapter for entry in function_entries(folder)]
    if not components.adapter:
        own = [file_entry(file, path, "ggfleet") for path, file in component_files().items()]
    if not any(entry.path == ADAPTER_PROGRAM for entry in own):
        raise BundleError(
            f"no folder of components.adapter holds {ADAPTER_PROGRAM}",
            fix="name the folder that the program itself is in",
        )
    files = [components.adapter_requirements or CLIENT_REQUIREMENTS]
    asked = of_wheels(files, [target])
    order = Order(Part.ADAPTER, ADAPTER, target.name, [of_entries(own), asked])
    if known := shop.find(order):
        return known
    wheels = shop.resolve(order, files, target)
    with shop.unpacked(wheels, target) as entries:
        return shop.pack(order, lay([*own, *entries]), target.name, wheels)


def _asked(
    target: Platform, files: Sequence[Path], elsewhere: Mapping[Platform, Sequence[Path]]
) -> Json:
    """All that the wheels of a package depend on: other platforms may share it."""
    if all(each == files for each in elsewhere.values()):
        return of_wheels(files, [target, *elsewhere]) if files else None
    return [of_wheels(each, [platform]) for platform, each in ((target, files), *elsewhere.items())]


def _same_everywhere(
    shop: Workshop, wheels: Sequence[Wheel], elsewhere: Mapping[Platform, Sequence[Path]]
) -> bool:
    """Whether one package serves all platforms: no native code, no marker that differs."""
    if not all(wheel.is_pure for wheel in wheels):
        return False
    for platform, files in elsewhere.items():
        try:
            if shop.resolver(files, platform) != tuple(wheels):
                return False
        except BundleError:
            return False  # it is told when that platform is built
    return True
