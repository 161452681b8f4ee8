"""The starting files of a new fleet, filled in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ggfleet.spec.schema import FILE, MODELINE, json_schema
from ggfleet.system.files import to_json

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

SUFFIX = ".j2"


def starter(*, name: str, region: str, account: str, bucket: str) -> dict[str, str]:
    """Relative paths and their texts: a spec, an inventory and one function that pass the check.

    The schema lies beside the spec, so that editors find it without a network and in the version
    that made it; `ggfleet schema --out` writes a later one.
    """
    # Imported here: they take longer to import than `ggfleet check` takes to judge a spec.
    from importlib.resources import files  # noqa: PLC0415

    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415

    # Nothing is escaped: the templates are YAML and Python, not HTML.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    values = {"name": name, "region": region, "account": account, "bucket": bucket}
    texts = {
        path.removesuffix(SUFFIX): environment.from_string(text).render(values)
        for path, text in _templates(files("ggfleet.spec") / "starter", "")
    }
    return {
        **texts,
        "fleet.yml": f"{MODELINE}\n{texts['fleet.yml']}",
        FILE: to_json(json_schema()).decode(),
    }


def _templates(folder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(SUFFIX):
            yield prefix + entry.name, entry.read_text(encoding="utf-8")
