"""`ggfleet bundle --explain`: what archives are made of, and what was left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ggfleet.bundle.contents import Share, read_contents
from ggfleet.cli import output
from ggfleet.model import Archive, Json, Part


def contents_json(out: Path, archive: Archive) -> dict[str, Json]:
    """What `--json` adds to an archive; models have nothing to tell."""
    if archive.part is Part.MODEL:
        return {}
    return {"contents": [asdict(share) for share in read_contents(out, archive)]}


def print_contents(out: Path, archives: Sequence[Archive]) -> None:
    """A table for each archive that packages are in, and a line for all that was left out."""
    for archive in archives:
        if archive.part is not Part.MODEL:
            found = read_contents(out, archive)
            output.out.print(f"\n{archive.part} {archive.name} for {archive.platform}")
            output.out.print(_table(found))
            for line in _left_out(found):
                output.out.print(line)


def _table(found: Sequence[Share]) -> object:
    rows = [
        (
            share.origin,
            output.megabytes(share.size),
            output.megabytes(share.compiled),
            str(share.files),
            output.megabytes(sum(each.size for each in share.left_out)),
        )
        for share in found
    ]
    columns = ("package", "unpacked", "of it .pyc", "files", "left out")
    return output.table(columns, rows, right=(1, 2, 3, 4))


def _left_out(found: Sequence[Share]) -> list[str]:
    return [
        f"left out of {share.origin}: {each.what}, {output.plural(each.files, 'file')}, "
        f"{output.megabytes(each.size)}: {each.reason}"
        for share in found
        for each in share.left_out
    ]
