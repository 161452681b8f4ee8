"""`ggfleet render`: write what Greengrass deploys."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from ggfleet.bundle import key_prefix, read_manifest
from ggfleet.cli import notes, output
from ggfleet.cli.options import (
    bundles_option,
    chosen,
    json_option,
    loaded,
    platforms_option,
    spec_argument,
)
from ggfleet.errors import GgfleetError, PendingError
from ggfleet.model import Fleet, Json, Manifest, Note, Rendering
from ggfleet.render import TARGETS, Generation, generations_of, render
from ggfleet.system.documents import read_documents, write_rendering


@click.command()
@spec_argument
@click.option(
    "--target",
    type=click.Choice(list(TARGETS)),
    default="group-v1",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the documents; an earlier rendering in it is replaced.",
)
@click.option(
    "--previous",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="An earlier rendering of deployment-v2: components are reset only where it differs.",
)
@click.option(
    "--generation",
    "named",
    multiple=True,
    type=click.Choice([each.value for each in Generation]),
    help="Generation of Greengrass that stacks of cloudformation are for; may be repeated.  "
    "[default: v2 when the spec has `components`, otherwise v1]",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Refuse, and write nothing, where the target leaves out or changes something.",
)
@bundles_option
@platforms_option
@json_option
def command(
    spec: Path,
    target: str,
    out: Path,
    previous: Path | None,
    named: tuple[str, ...],
    strict: bool,
    bundles: Path,
    platforms: tuple[str, ...],
    as_json: bool,
) -> int:
    """Write what Greengrass deploys, as JSON documents.

    The same spec and archives give the same bytes. S3 URIs come from the manifest that
    `ggfleet bundle` wrote; a value that nothing has produced yet is named, and nothing is written.
    Ends with a table of what the target leaves out or changes, and why. What is good to know and
    loses nothing is there too; --strict passes it.
    """
    whole = loaded(spec, partial(manifest_in, bundles))
    generations = tuple(Generation(each) for each in named)
    if platforms:
        _refuse_parts_of_v2(target, generations or generations_of(whole))
    fleet = chosen(whole, platforms)
    before = read_documents(previous) if previous else None
    try:
        rendering = render(fleet, manifest_in(bundles, fleet), target, before, generations)
    except PendingError as error:
        raise error.of_spec(shlex.quote(str(spec))) from None
    refused = notes.told(rendering.notes) if strict else []
    written = None if refused else out
    if written:
        write_rendering(rendering, written)
    if as_json:
        output.print_json(_as_json(rendering, target, written))
    else:
        _tell(rendering, target, written, refused or rendering.notes)
    if refused:
        count = output.plural(len(refused), "thing")
        message = f"{target} leaves out or changes {count} that the spec says; nothing is written"
        raise GgfleetError(message, fix="change the spec, or render without --strict")
    return 0


def _refuse_parts_of_v2(target: str, generations: tuple[Generation, ...]) -> None:
    of_stacks = target == "cloudformation" and Generation.V2 in generations
    if of_stacks or target.endswith("-v2"):
        raise GgfleetError(
            f"{target} is rendered for all platforms: components may serve several",
            fix="leave out --platform" + (", or write --generation v1" if of_stacks else ""),
        )


def manifest_in(bundles: Path, fleet: Fleet) -> Manifest:
    """A fleet's manifest in a folder of archives; an empty one where nothing was bundled yet.

    Raises `GgfleetError` when the folder holds another fleet's archives.
    """
    path = bundles / "manifest.json"
    manifest = read_manifest(path) if path.exists() else Manifest()
    foreign = [a for a in manifest.archives if not a.key.startswith(key_prefix(fleet))]
    if foreign:
        raise GgfleetError(
            f"{bundles} holds archives of another fleet than {fleet.name}: {foreign[0].key}",
            fix="name another folder with --bundles, or run `ggfleet bundle` for this fleet",
        )
    return manifest


def _as_json(rendering: Rendering, target: str, out: Path | None) -> dict[str, Json]:
    """`out` is None, and no document listed, where nothing was written."""
    return {
        "target": target,
        "out": str(out) if out else None,
        "documents": [each.path for each in rendering.documents] if out else [],
        "notes": [
            {"path": note.path, "message": note.message, "hint": note.hint}
            for note in rendering.notes
        ],
    }


def _tell(rendering: Rendering, target: str, out: Path | None, told: Sequence[Note]) -> None:
    """What was written goes to stdout; a refusal, with the table that it is about, to stderr."""
    console = output.out if out else output.err
    gap = "\n" if out else ""
    if out:
        count = output.plural(len(rendering.documents), "document")
        console.print(f"wrote {count} for {target} to {out}")
    if told:
        console.print(f"{gap}What {target} leaves out or changes:")
        console.print(notes.table_of(told))
