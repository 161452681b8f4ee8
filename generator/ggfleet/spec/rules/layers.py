"""Libraries in layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from ggfleet.model import Fleet, Form, Install, Layout, Library, Severity
from ggfleet.spec.problems import suggestion
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import listed, repeated, text_of
from ggfleet.spec.rules.registry import SPEC, V1, V2, Finding, of_files, rule
from ggfleet.spec.tables.patterns import normal_name

_LAYERED = (
    "libraries:\n  tensorflow: {{requirements: libraries.txt, install: ml-resource, "
    "destination: /mllibs, layers: {}}}\n{}"
    "functions:\n  classify: {{libraries: [tensorflow]}}\n"
)

PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^]]*\])? *==", re.MULTILINE)
"""The packages of a requirements file that pins them."""
INCLUDES = re.compile(r"^(-r|-c|--requirement|--constraint)", re.MULTILINE)


@rule(
    "layer-name",
    Severity.ERROR,
    reason="Archives, resources and components of a layer are called <library>-<layer>. Two with "
    "one name would take each other's place.",
    source=pages.OWN,
    fix="Give the layer or the library another name.",
    example=_LAYERED.format(
        "auto",
        "  tensorflow-small: {requirements: libraries.txt, install: ml-resource, "
        "destination: /small}\n",
    ),
    firm=True,
)
def layers_have_names_of_their_own(fleet: Fleet) -> Iterator[Finding]:
    """No layer makes the name that another library or layer has."""
    apart = [each for library in fleet.libraries.values() for each in library.apart()]
    for one, other in repeated((each.name, each) for each in apart):
        of = next((each for each in (one, other) if each.layer), one)
        message = f"and {(other if of is one else one).path} both make the name {one.name}"
        yield f"{of.path}.layers", message, "give the layer or the library another name"


@rule(
    "layer-package",
    Severity.ERROR,
    reason="A package is in one layer; in a second one it would be hidden by the first.",
    source=pages.OWN,
    fix="Name it in one layer.",
    example=_LAYERED.format("{heavy: [tensorflow], other: [numpy, tensorflow]}", ""),
    firm=True,
)
def packages_are_in_one_layer(fleet: Fleet) -> Iterator[Finding]:
    """No two layers name the same package."""
    for library in fleet.libraries.values():
        named = ((each, layer) for layer in library.layers for each in layer.packages)
        seen: dict[str, str] = {}
        for package, layer in named:
            first = seen.setdefault(package, layer.name)
            if first != layer.name:
                at = f"{library.path}.layers.{layer.name}"
                yield at, f"names {package}, as layer {first} does", "name it in one layer"


@of_files(
    "layer-package-unknown",
    Severity.ERROR,
    reason="A requirements file with hashes names every package of the set, and a layer takes "
    "packages out of it. `ggfleet bundle` refuses the same where nothing is pinned.",
    source=f"{pages.OWN}; pip's hash-checking mode: all requirements are pinned",
    fix="Correct the name, or leave it out; a pattern such as nvidia-* may also stand for none.",
    example={
        SPEC: _LAYERED.format("{heavy: [tensorfow]}", ""),
        "libraries.txt": f"tensorflow==2.21.0 --hash=sha256:{'0' * 64}\n",
    },
    firm=True,
)
def layers_name_packages_of_the_set(fleet: Fleet, _: Path) -> Iterator[Finding]:
    """A layer names no package that a pinned requirements file lacks."""
    for library in fleet.libraries.values():
        known = _pinned(library) if library.layers else set()
        for layer in library.layers if known else ():
            for package in layer.packages:
                if "*" not in package and package not in known:
                    yield (
                        f"{library.path}.layers.{layer.name}",
                        f"names {package}, which the requirements do not pin",
                        suggestion(package, known),
                    )


def _pinned(library: Library) -> set[str]:
    """Every package of a set, where its files say so: normalised names; else nothing."""
    files = {library.requirements, *(file for _, file in library.variants)}
    texts = [text_of(file) for file in files]
    if not all("--hash" in text and not INCLUDES.search(text) for text in texts):
        return set()
    return {normal_name(name) for text in texts for name in PINNED.findall(text)}


@rule(
    "layer-pattern",
    Severity.WARNING,
    reason="What fits the patterns of two layers goes into the first; who reads the second may "
    "expect it there.",
    source=pages.OWN,
    fix="Write patterns that have nothing in common, or name the package.",
    example=_LAYERED.format("{gpu: ['nvidia-*'], other: ['nvidia-cu*']}", ""),
)
def patterns_are_apart(fleet: Fleet) -> Iterator[Finding]:
    """A pattern of a layer is not part of an earlier layer's."""
    for library in fleet.libraries.values():
        for index, layer in enumerate(library.layers):
            for other in library.layers[:index]:
                for pattern in (each for each in layer.packages if "*" in each):
                    if any(fnmatchcase(pattern, each) for each in other.packages):
                        yield (
                            f"{library.path}.layers.{layer.name}",
                            f"has {pattern}, which layer {other.name} takes already",
                            "write patterns that have nothing in common",
                        )


@rule(
    "layer-path",
    Severity.WARNING,
    reason="The layers of a library are folders below its destination, and modules lie in these; "
    "those of a tar.gz lie in its folder `libraries`. "
    "In a container PYTHONPATH names them all; without one the code extends sys.path by each.",
    source=f"{pages.ML_RESOURCES}; {pages.OWN}",
    fix="Name the folder of each layer, in their order: /mllibs/heavy:/mllibs/rest.",
    example=_LAYERED.format("{heavy: [tensorflow]}", "").replace(
        "classify: {", "classify: {isolation: none, environment: {LIBRARIES: /mllibs}, "
    ),
)
def variables_name_layers(fleet: Fleet) -> Iterator[Finding]:
    """A variable that names the destination of layers, or of a tar.gz, leads to no module."""
    for function in fleet.functions.values():
        found = (fleet.libraries[name] for name in function.libraries if name in fleet.libraries)
        for library in (each for each in found if each.destination):
            folders = [each.place for each in library.apart()]
            for name, value in function.environment.items():
                if library.destination in value.split(":") and library.destination not in folders:
                    yield (
                        f"functions.{function.name}.environment.{name}",
                        f"names {library.destination}, and the modules are in {listed(folders)}",
                        f"write {':'.join(folders)}",
                    )


@rule(
    "layer-connector",
    Severity.ERROR,
    V1,
    reason="A connector's parameter is the id of one resource, and each layer is one.",
    source=f"{pages.API_V1} (Connector); {pages.OWN}",
    fix="Name a library without layers.",
    example=_LAYERED.format("auto", "")
    + "connectors:\n  port: {connector: SerialStream, version: 3, "
    "resources: {Port: tensorflow}}\n",
    firm=True,
)
def connectors_name_no_layers(fleet: Fleet) -> Iterator[Finding]:
    """What a connector names is not a library in layers."""
    others = {*fleet.resources, *fleet.models}
    for connector in fleet.connectors.values():
        for parameter, name in connector.resources.items():
            library = fleet.libraries.get(name)
            as_resource = library is not None and library.install is Install.ML_RESOURCE
            if library and as_resource and library.layers and name not in others:
                at = f"connectors.{connector.name}.resources.{parameter}"
                message = f"names {name}, which is {len(library.layers)} resources, one a layer"
                yield at, message, "name a library without layers"


@rule(
    "layer-archive",
    Severity.ERROR,
    V2,
    reason="V2 unarchives ZIP and nothing else; an image is mounted as it is, and modules in it "
    "lie elsewhere than in a tar.gz, which has a folder around them.",
    source=f"{pages.RECIPES} (Unarchive)",
    fix="Leave layout out, or write layout: self-unpack; else write archive: zip.",
    example="libraries:\n  numpy: {requirements: libraries.txt, install: ml-resource, "
    "destination: /mllibs, archive: tar.gz, layout: zip}\n"
    "functions:\n  classify: {libraries: [numpy]}\n",
)
def a_tar_is_unpacked_by_its_component(fleet: Fleet) -> Iterator[Finding]:
    """A layout that takes no tar.gz."""
    for library in fleet.libraries.values():
        if library.archive is Form.TAR and library.layout in (Layout.ZIP, Layout.IMAGE):
            yield (
                f"{library.path}.layout",
                f"is {library.layout}, and archive: tar.gz is unpacked by its component alone",
                "leave layout out, or write archive: zip",
            )
