"""Whether the files that a fleet names are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import Fleet, Function, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.registry import V1, V2, Finding, of_files

_RELATIVE = "paths are relative to the spec's folder"


@of_files(
    "file-requirements",
    Severity.ERROR,
    reason="Libraries are resolved from a requirements file.",
    source=pages.OWN,
    fix="Write the file's path, relative to the spec's folder.",
    example="libraries:\n  numpy: {requirements: nothing.txt, install: in-function}\n"
    "functions:\n  classify: {libraries: [numpy]}\n",
    firm=True,
)
def requirements_are_there(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """The requirements file of a library exists."""
    for library in fleet.libraries.values():
        files = dict.fromkeys([library.requirements, *(file for _, file in library.variants)])
        for file in (each for each in files if not each.is_file()):
            at = f"libraries.{library.name}.requirements"
            yield at, f"{_told(file, root)} is not a file", _RELATIVE


@of_files(
    "file-model",
    Severity.WARNING,
    reason="Models are the output of a training that may run later, or elsewhere; `ggfleet bundle` "
    "needs them.",
    source=pages.OWN,
    fix="Train or export the model before `ggfleet bundle`.",
    example="models:\n  letters: {source: letters, version: 1.0.0, destination: /models}\n"
    "functions:\n  classify: {models: [letters]}\n",
)
def models_are_there(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """The file or folder of a local model exists."""
    for model in fleet.models.values():
        local = [Path(each.source) for each in model.each() if each.is_local]
        for source in (path for path in local if not path.exists()):
            yield (
                f"models.{model.name}.source",
                f"{_told(source, root)} does not exist yet",
                "train or export the model before `ggfleet bundle`",
            )


@of_files(
    "file-model-scope",
    Severity.ERROR,
    reason="A model's archive holds all of its folder: this one would carry the spec, and whatever "
    "lies beside it, to every device.",
    source=pages.OWN,
    fix="Give the model a folder of its own.",
    example="models:\n  letters: {source: ., version: 1.0.0, destination: /models}\n"
    "functions:\n  classify: {models: [letters]}\n",
    firm=True,
)
def models_have_folders_of_their_own(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """A model's source is not the spec's folder, nor one around it."""
    for model in fleet.models.values():
        for source in (each.source for each in model.each() if each.is_local):
            if root.resolve().is_relative_to(Path(source).resolve()):
                at = f"models.{model.name}.source"
                yield at, "is the spec's own folder, or one around it", "name the model's folder"


@of_files(
    "file-source",
    Severity.ERROR,
    reason="A function's package is made of its source folders.",
    source=pages.OWN,
    fix="Write the folder's path, relative to the spec's folder.",
    example="functions:\n  other: {source: nowhere, handler: function.handler, memory: 64 MiB}\n",
    firm=True,
)
def sources_are_there(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """The source folders of a function exist."""
    for function in fleet.functions.values():
        for folder in absent(function):
            at = f"functions.{function.name}.source"
            yield at, f"{_told(folder, root)} is not a folder", _RELATIVE


@of_files(
    "file-handler",
    Severity.ERROR,
    reason="The core imports the handler's module from the package and calls the function in it.",
    source=pages.FUNCTIONS,
    fix="Write it as module.function, for a module that a source folder holds.",
    example="functions:\n  other: {source: code, handler: other.handler, memory: 64 MiB}\n",
    firm=True,
)
def handlers_are_there(fleet: Fleet, _: Path) -> Iterator[Finding]:
    """The module of a handler is in a source folder."""
    for function in fleet.functions.values():
        if not function.in_python:
            continue
        module = function.handler.rpartition(".")[0].replace(".", "/")
        candidates = (f"{module}.py", f"{module}/__init__.py", f"{module}.so")
        if module and not absent(function) and not _any_file(function.sources, candidates):
            yield (
                f"functions.{function.name}.handler",
                f"names {module}.py, which no source folder holds",
                "write it as module.function",
            )


@of_files(
    "file-executable",
    Severity.ERROR,
    V1,
    reason="The core starts the executable of that name in the package.",
    source=pages.FUNCTIONS,
    fix="Build the executable into a source folder.",
    example="functions:\n  other: {source: code, executable: nothing, memory: 64 MiB}\n",
    firm=True,
)
def executables_are_there(fleet: Fleet, _: Path) -> Iterator[Finding]:
    """The native executable of a function is in a source folder."""
    for function in fleet.functions.values():
        name = function.executable
        if name and not absent(function) and not _any_file(function.sources, (name,)):
            yield (
                f"functions.{function.name}.executable",
                f"names {name}, which no source folder holds",
                "build it into a source folder",
            )


@of_files(
    "file-adapter",
    Severity.ERROR,
    V2,
    reason="The adapter that stands in for ggfleet's own is packed from its folders.",
    source=pages.OWN,
    fix="Write the path, relative to the spec's folder; without `adapter` ggfleet's own is taken.",
    example="components: {prefix: com.example, adapter: nowhere}\n",
    firm=True,
)
def adapters_are_there(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """The folders and the requirements file of an adapter of one's own exist."""
    for folder in fleet.components.adapter:
        if not folder.is_dir():
            yield "components.adapter", f"{_told(folder, root)} is not a folder", _RELATIVE
    file = fleet.components.adapter_requirements
    if file and not file.is_file():
        at = "components.adapter_requirements"
        yield at, f"{_told(file, root)} is not a file", _RELATIVE


def absent(function: Function) -> list[Path]:
    """The source folders of a function that are not there."""
    return [folder for folder in function.sources if not folder.is_dir()]


def _any_file(folders: tuple[Path, ...], names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for folder in folders for name in names)


def _told(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
