"""`ggfleet bundle --explain`: an edge runtime beside what a function has, figure by figure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ggfleet.bundle.edge import RUNTIME
from ggfleet.bundle.offers import Cost, Offer
from ggfleet.cli import output


def print_offers(found: Sequence[Offer]) -> None:
    """A table for all offers; then, once for functions that share them, reasons and steps."""
    if not found:
        return
    output.out.print("\nan offer: an edge runtime, for models that need inference alone")
    rows = [row for offer in found for row in _rows(offer)]
    columns = ("function", "platform", "with", "packed", "unpacked", "files")
    output.out.print(output.table(columns, rows, right=(3, 4, 5)))
    lines: dict[str, list[str]] = {}
    for offer in found:
        for line in _lines(offer):
            lines.setdefault(line, []).append(offer.function)
    for functions, group in groupby(lines, key=lambda line: tuple(dict.fromkeys(lines[line]))):
        output.out.print(f"{', '.join(functions)}:")
        for line in group:
            output.out.print(f"  - {line}")


def _rows(offer: Offer) -> list[tuple[str, ...]]:
    now = _row(offer, ", ".join(offer.now.packages), offer.now)
    runtime = offer.runtime
    what = ", ".join(runtime.packages) if runtime else RUNTIME
    return [now, _row(offer, what, runtime)]


def _row(offer: Offer, what: str, cost: Cost | None) -> tuple[str, ...]:
    if cost is None:
        return (offer.function, offer.platform, what, "-", "-", "-")
    sizes = (output.megabytes(cost.size), output.megabytes(cost.unpacked_size), str(cost.files))
    return (offer.function, offer.platform, what, *sizes)


def _lines(offer: Offer) -> list[str]:
    found = []
    if offer.missing:
        found.append(f"no figure for {RUNTIME} on {offer.platform}: {offer.missing}")
    if offer.beside:
        found.append(
            f"the archives on {offer.platform} also hold {', '.join(offer.beside)}, which stay "
            "where the code needs them"
        )
    return [*found, *offer.steps]
