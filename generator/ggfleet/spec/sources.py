"""Whether the files that a fleet names are there. The only part of reading that looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import Fleet, Function, Severity

Finding = tuple[Severity, str, str, str]


def missing_files(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Findings as (severity, path, message, fix); `root` is the spec's folder."""
    for library in fleet.libraries.values():
        files = dict.fromkeys([library.requirements, *(file for _, file in library.variants)])
        for file in (each for each in files if not each.is_file()):
            yield (
                Severity.ERROR,
                f"libraries.{library.name}.requirements",
                f"{_told(file, root)} is not a file",
                "paths are relative to the spec's folder",
            )
    for model in fleet.models.values():
        platforms = [platform for platform, _ in model.variants] or [""]
        chosen = dict.fromkeys(model.on(platform) for platform in platforms)
        # A warning: models are the output of a training that may run later, or elsewhere.
        for each in (each for each in chosen if each.is_local and not Path(each.source).exists()):
            yield (
                Severity.WARNING,
                f"models.{model.name}.source",
                f"{_told(Path(each.source), root)} does not exist yet",
                "train or export the model before `ggfleet bundle`",
            )
    for function in fleet.functions.values():
        yield from _function(function, root)


def _function(function: Function, root: Path) -> Iterator[Finding]:
    at = f"functions.{function.name}"
    absent = [folder for folder in function.sources if not folder.is_dir()]
    for folder in absent:
        fix = "paths are relative to the spec's folder"
        yield Severity.ERROR, f"{at}.source", f"{_told(folder, root)} is not a folder", fix
    if function.executable:
        if not absent and not _any_file(function.sources, (function.executable,)):
            message = f"names {function.executable}, which no source folder holds"
            yield Severity.ERROR, f"{at}.executable", message, "build it into a source folder"
        return
    if function.runtime and not function.runtime.startswith("python"):
        return  # what a handler names is Python's alone
    module = function.handler.rpartition(".")[0].replace(".", "/")
    candidates = (f"{module}.py", f"{module}/__init__.py", f"{module}.so")
    if not absent and module and not _any_file(function.sources, candidates):
        message = f"names {module}.py, which no source folder holds"
        yield Severity.ERROR, f"{at}.handler", message, "write it as module.function"


def _any_file(folders: tuple[Path, ...], names: tuple[str, ...]) -> bool:
    return any((folder / name).is_file() for folder in folders for name in names)


def _told(path: Path, root: Path) -> Path:
    return path.relative_to(root) if path.is_relative_to(root) else path
