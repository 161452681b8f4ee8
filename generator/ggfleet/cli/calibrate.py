"""`ggfleet calibrate`: a model out of measurements, and how far it can be trusted."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from ggfleet.cli import output
from ggfleet.cli.options import json_option, need_numpy
from ggfleet.errors import GgfleetError
from ggfleet.model import Json

if TYPE_CHECKING:
    from ggfleet.compare.matrix.cells import Observation
    from ggfleet.predict.fit import Measured
    from ggfleet.predict.judge import Judgement
    from ggfleet.predict.model import Model

FOLDS = 5
NEARLY = 0.05
WIDTH = 79
NOT_MEASURED = "-"


@click.command()
@click.argument("runs", metavar="RUNS.JSONL", type=click.File(encoding="utf-8"))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File to write the model to, fitted on everything.",
)
@click.option(
    "--judge", "judged", is_flag=True, help="Tell how well it foretells what it never saw."
)
@click.option(
    "--hold-out",
    default=25,
    show_default=True,
    type=click.IntRange(1, 90),
    help="Percent of the cells that --judge holds out.",
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Which of them.")
@json_option
def command(
    runs: TextIO, out: Path | None, judged: bool, hold_out: int, seed: int, as_json: bool
) -> int:
    """Fit the laws behind `ggfleet advise` to measurements of the matrix.

    --judge holds cells out, fits on the others and tells how far its predictions were off, and how
    often the strategy that it would have chosen was truly the best. docs/advice.md has the method.
    """
    need_numpy("a prediction")
    from ggfleet.compare.matrix.cells import read_lines  # noqa: PLC0415 - slow to load
    from ggfleet.predict.fit import cells_of, fit  # noqa: PLC0415 - numpy is an extra
    from ggfleet.predict.model import to_json, write_model  # noqa: PLC0415

    observations = read_lines(runs, Path(runs.name).name)
    cells = cells_of(observations)
    told = _judgements(cells, hold_out, seed) if judged else {}
    model = fit(cells, _origin(runs, observations, cells, told))
    if out:
        write_model(out, model)
    if as_json:
        output.print_json({"model": to_json(model), "judged": _all_json(told)})
    else:
        _tell(model, cells, told, out)
    return 0


def _judgements(cells: Sequence[Measured], hold_out: int, seed: int) -> dict[str, Judgement]:
    from ggfleet.predict import judge  # noqa: PLC0415 - as above

    asked: dict[str, Callable[[], Judgement]] = {
        f"{hold_out} % held out": lambda: judge.hold_out(cells, hold_out / 100, seed),
        f"each once, in {FOLDS} folds": lambda: judge.in_turn(cells, FOLDS, seed),
        "each link held out whole": lambda: judge.by_link(cells),
    }
    found = {}
    for index, (name, ask) in enumerate(asked.items()):
        try:
            found[name] = ask()
        except GgfleetError:
            # A small matrix cannot answer all three; it has to answer the first.
            if not index:
                raise
    return found


def _origin(
    runs: TextIO,
    observations: Sequence[Observation],
    cells: Sequence[Measured],
    told: dict[str, Judgement],
) -> dict[str, Json]:
    def names(of: Callable[[Measured], str]) -> list[Json]:
        return list(dict.fromkeys(of(each) for each in cells))

    return {
        "file": Path(runs.name).name,
        "observations": len(observations),
        "cells": len(cells),
        "failed": sum(not each.done for each in cells),
        "strategies": names(lambda each: each.cell.strategy),
        "changes": names(lambda each: each.cell.change),
        "links": names(lambda each: each.cell.link.name),
        "storages": names(lambda each: each.cell.storage.name),
        "processors": names(lambda each: each.cell.processor.name),
        "judged": _all_json(told),
    }


def _all_json(told: dict[str, Judgement]) -> dict[str, Json]:
    return {name: _as_json(each) for name, each in told.items()}


def _as_json(found: Judgement) -> dict[str, Json]:
    choices: dict[str, Json] = {}
    for figure in ("bytes", "seconds"):
        own = [each for each in found.choices if each.figure == figure]
        wrong = [each for each in own if not each.right]
        choices[figure] = {
            "questions": len(own),
            "best": len(own) - len(wrong),
            "too_close_to_tell": sum(each.leads and not each.right for each in own),
            "nearly_best": sum(each.regret <= NEARLY for each in own),
            "wrong": [
                {
                    "question": each.question,
                    "chosen": each.chosen,
                    "best": each.best,
                    "regret": _finite(each.regret),
                }
                for each in wrong
            ],
        }
    return {
        "fitted_on": found.fitted,
        "held_out": len(found.misses),
        "unknown": found.unknown,
        "error_of_bytes": _finite(found.mean("bytes")),
        "error_of_seconds": _finite(found.mean("seconds")),
        "by_strategy": {figure: dict(found.by_strategy(figure)) for figure in ("bytes", "seconds")},
        "choices": choices,
    }


def _finite(value: float) -> float | None:
    """JSON has neither infinity nor what is no number."""
    return value if math.isfinite(value) else None


def _tell(
    model: Model, cells: Sequence[Measured], told: dict[str, Judgement], out: Path | None
) -> None:
    origin = model.origin
    output.out.print(
        f"{origin['observations']} observations of {output.plural(len(cells), 'cell')}, "
        f"{output.plural(len(model.laws), 'strategy')}:"
    )
    output.out.print(textwrap.fill(", ".join(model.laws), WIDTH))
    if told:
        _tell_judged(told)
        _tell_strategies(next(iter(told.values())))
        done = [each for each in cells if each.done and each.runs > 1]
        if done:
            bytes_, seconds = (
                percent(sum(getattr(each, name) for each in done) / len(done))
                for name in ("spread_bytes", "spread_seconds")
            )
            output.out.print(
                f"\nsingle runs differ from their median by {bytes_} of the bytes and {seconds} of"
                "\nthe seconds: what no model can foretell"
            )
    if out:
        output.out.print(f"the model is in {out}")
    elif not told:
        output.out.print("nothing was written: see --out, or --judge")


def _tell_judged(told: dict[str, Judgement]) -> None:
    columns = ("", "cells", "bytes off", "seconds off", "best", "or too close")
    rows = [
        (
            name,
            str(len(each.misses)),
            percent(each.mean("bytes")),
            percent(each.mean("seconds")),
            percent(each.right("seconds")),
            percent(each.leading("seconds")),
        )
        for name, each in told.items()
    ]
    output.out.print()
    output.out.print(output.table(columns, rows, right=range(1, len(columns))))
    output.out.print(
        "\nbest: how often the strategy that it said takes the fewest seconds did so;"
        "\nor too close: or could not be told from the best by the runs that there are"
    )


def _tell_strategies(found: Judgement) -> None:
    moved, lasted = found.by_strategy("bytes"), found.by_strategy("seconds")
    rows = [(name, percent(moved.get(name, math.nan)), percent(lasted[name])) for name in lasted]
    output.out.print()
    output.out.print(
        output.table(("held out, by strategy", "bytes off", "seconds off"), rows, right=(1, 2))
    )
    for each in found.choices:
        if each.figure == "seconds" and each.regret > NEARLY:
            cost = f"{percent(each.regret)} slower" if math.isfinite(each.regret) else "it failed"
            output.out.print(f"wrong: {each.question}: {each.chosen} for {each.best}: {cost}")


def percent(part: float) -> str:
    """`3.4 %`, or `-` where there is nothing to tell."""
    return NOT_MEASURED if math.isnan(part) else f"{100 * part:.1f} %"
