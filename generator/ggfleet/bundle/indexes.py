"""Further package indexes, so that nobody can slip a package of the same name in.

uv's `first-index` takes a package from the first index that has it, whatever versions others offer.
An index for named packages alone is what uv calls explicit, and only a `pyproject.toml` can say so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from packaging.utils import canonicalize_name

from ggfleet.bundle.requirements import Requirements
from ggfleet.errors import BundleError
from ggfleet.model import Index


def index_arguments(
    indexes: Sequence[Index], requirements: Requirements, folder: Path
) -> list[str | Path]:
    """What uv is told; for packages of one index alone a file in `folder`, which is made."""
    if not indexes:
        return []
    found: list[str | Path] = ["--index-strategy=first-index"]
    found += [f"--index={each.name}={each.url}" for each in indexes if not each.packages]
    if pins := _pins(indexes, requirements):
        project = folder / "pyproject.toml"
        folder.mkdir()
        project.write_text(pins)
        found.append(project)
    return found


def _pins(indexes: Sequence[Index], requirements: Requirements) -> str:
    """A project that wants what the requirements want, from where the spec says."""
    owners = {package: index for index in indexes for package in index.packages}
    wanted = [
        (name, f"{name} ; {each.marker}" if each.marker else name)
        for each in requirements.named()
        if (name := canonicalize_name(each.name)) in owners
    ]
    if not wanted:
        return ""
    lines = ["[project]", 'name = "ggfleet-pins"', 'version = "0"']
    lines.append(f"dependencies = {json.dumps([text for _, text in wanted])}")
    for index in (each for each in indexes if each.packages):
        lines += ["[[tool.uv.index]]", f"name = {json.dumps(index.name)}"]
        lines += [f"url = {json.dumps(index.url)}", "explicit = true"]
    lines.append("[tool.uv.sources]")
    for name in dict.fromkeys(name for name, _ in wanted):
        lines.append(f"{name} = {{ index = {json.dumps(owners[name].name)} }}")
    return "\n".join([*lines, ""])


def check_pinned(
    indexes: Iterable[Index], requirements: Requirements, packages: Iterable[str]
) -> None:
    """Refuse a package of one index alone that only others require: it came from anywhere."""
    named = {canonicalize_name(each.name) for each in requirements.named()}
    for index in indexes:
        for package in sorted({*index.packages} & {*packages} - named):
            raise BundleError(
                f"{package} is to come from the index {index.name} alone, and only another package "
                "requires it, which uv follows to any index",
                fix=f"write {package} into the requirements file, too",
            )
