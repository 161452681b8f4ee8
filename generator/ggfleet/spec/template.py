"""The starting files of a new fleet, filled in."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable

SUFFIX = ".j2"


def starter(*, name: str, region: str, account: str, bucket: str) -> dict[str, str]:
    """Relative paths and their texts: a spec, an inventory and one function that pass the check."""
    # Imported here: it takes longer to import than `ggfleet check` takes to judge a spec.
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415

    # Nothing is escaped: the templates are YAML and Python, not HTML.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    values = {"name": name, "region": region, "account": account, "bucket": bucket}
    return {
        path.removesuffix(SUFFIX): environment.from_string(text).render(values)
        for path, text in _templates(files("ggfleet.spec") / "starter", "")
    }


def _templates(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield prefix + entry.name, entry.read_text(encoding="utf-8")
