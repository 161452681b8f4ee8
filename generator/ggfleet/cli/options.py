"""Arguments that several verbs share, so that they are spelt and explained alike."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import click

from ggfleet.errors import GgfleetError
from ggfleet.lint import FindArchives, load, none_built
from ggfleet.model import Fleet, Index
from ggfleet.spec import ReadInventory, cached_inventory
from ggfleet.spec.problems import suggestion


def default_cache() -> Path:
    """Where fetched wheels are kept (XDG base directories)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ggfleet"


def inventories() -> ReadInventory:
    """Ansible, asked anew only about inventories that have changed."""
    return cached_inventory(default_cache() / "inventory")


def loaded(spec: Path, find_archives: FindArchives = none_built) -> Fleet:
    """The fleet of a spec. Raises `SpecError` with every problem when at least one is an error."""
    return load(spec, inventories(), find_archives)


spec_argument = click.argument(
    "spec", default="fleet.yml", type=click.Path(path_type=Path), metavar="[FLEET.YML]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
default_bundles = Path("build/bundles")
bundles_option = click.option(
    "--bundles",
    default=default_bundles,
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the archives and their manifest.json.",
)
platforms_option = click.option(
    "--platform", "platforms", multiple=True, metavar="NAME",
    help="Only for this platform of the spec; may be repeated.",
)  # fmt: skip
platform_option = click.option(
    "--platform",
    default="",
    metavar="NAME",
    help="Platform to run as.  [default: the first that fits this machine]",
)
core_option = click.option(
    "--core", "core_name", default="", metavar="NAME", help="Core to run as, by its host's name."
)
cores_option = click.option(
    "--core", "cores", multiple=True, metavar="NAME",
    help="Only this core, by its host's name; may be repeated.",
)  # fmt: skip
foretold_option = click.option(
    "--check", "only_check", is_flag=True, help="Tell what would change; change nothing."
)
generation_option = click.option(
    "--generation",
    type=click.Choice(["v1", "v2"]),
    help="Greengrass that the cores run.  [default: v2 when the spec has `components`]",
)
isolation_option = click.option(
    "--isolation",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "mount-namespace", "relocated"]),
    help="How containerised functions see their resources.",
)
cache_option = click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="GGFLEET_CACHE",
    default=default_cache,
    help="Folder of fetched wheels.  [default: $GGFLEET_CACHE, or ~/.cache/ggfleet]",
)
index_option = click.option(
    "--extra-index", "indexes", multiple=True, metavar="[NAME=]URL",
    help="Package index to ask before the spec's and the usual ones; may be repeated.",
)  # fmt: skip
endpoint_option = click.option(
    "--endpoint-url", metavar="URL", help="Another S3 endpoint than AWS's own."
)
iot_endpoint_option = click.option(
    "--endpoint-url", metavar="URL", help="Another endpoint for AWS IoT and IAM than AWS's own."
)


def chosen(fleet: Fleet, platforms: tuple[str, ...]) -> Fleet:
    """The fleet, or its part with the named platforms. An unknown name is refused."""
    _known(fleet, platforms)
    return fleet.only(platforms) if platforms else fleet


def chosen_platform(fleet: Fleet, name: str) -> str:
    """The named platform, or the first without a name. An unknown name is refused."""
    known = _known(fleet, (name,) if name else ())
    return name or known[0]


def _known(fleet: Fleet, wanted: tuple[str, ...]) -> list[str]:
    """The platforms of the fleet's cores, which those that are wanted must be among."""
    known = [platform.name for platform in fleet.used_platforms()]
    for name in wanted:
        if name not in known:
            message = f"--platform {name} is no platform that a core of the spec has"
            raise GgfleetError(message, fix=suggestion(name, known))
    return known


def need_numpy(what: str) -> None:
    """Raise `GgfleetError` where what a prediction or a simulation needs is not installed."""
    try:
        import numpy  # noqa: F401, ICN001, PLC0415 - only asked for here
    except ModuleNotFoundError as error:
        fix = "install it: pip install 'ggfleet[simulate]'"
        raise GgfleetError(f"{what} needs {error.name}", fix=fix) from error


def with_indexes(fleet: Fleet, indexes: tuple[str, ...]) -> Fleet:
    """The fleet with further package indexes for each of its platforms, asked first."""
    extra = tuple(_index(number, text) for number, text in enumerate(indexes, start=1))
    platforms = {
        name: replace(platform, indexes=(*extra, *platform.indexes))
        for name, platform in fleet.platforms.items()
    }
    return replace(fleet, platforms=platforms) if extra else fleet


def _index(number: int, text: str) -> Index:
    found = re.fullmatch(r"(?:([A-Za-z][\w-]*)=)?(https?://[^@\s?#]+)", text)
    if found is None:
        shown = re.sub(r"//[^/]*@", "//...@", text)
        fix = "write it like piwheels=https://packages.example.com/simple; credentials belong into "
        raise GgfleetError(
            f"--extra-index {shown} is no address of an index",
            fix=f"{fix}the environment or ~/.netrc",
        )
    return Index(found[1] or f"extra-{number}", found[2])


def format_of(form: str, as_json: bool) -> str:
    """What `--format` and `--json` ask for together: the second is short for one of the first."""
    if not as_json:
        return form
    if form not in ("text", "json"):
        raise GgfleetError(
            f"--json and --format {form} exclude each other", fix="write one of them"
        )
    return "json"
