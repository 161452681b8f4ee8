"""Laws out of measurements: for each strategy the weights that fit its cells best."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ggfleet.compare.matrix.cells import Cell, Observation, Outcome, Payload
from ggfleet.compare.report.interval import Estimate, estimate
from ggfleet.errors import CompareError
from ggfleet.model import Json
from ggfleet.predict import terms
from ggfleet.predict.model import Law, Model
from ggfleet.predict.programs import PROGRAMS, usual
from ggfleet.predict.solve import fit_relative
from ggfleet.predict.terms import CHANGE, Shape
from ggfleet.simulate.transfer import Retry

LEAST_BYTES = 10_000.0
"""Errors of smaller amounts are counted against this: below it lie handshakes and chatter."""
LEAST_SECONDS = 0.25
LEAST_CPU = 0.1
STREAMS = (1.0, 2.0, 4.0, 8.0)
PROCESSORS = (1.0, 2.0, 4.0)

LINK = {"link": 1.0}
"""No byte comes faster than its link lets it; few links would let a fit say so."""
WORTH = 0.95
"""A shape that is less simple has to be so much better."""


@dataclass(frozen=True)
class Measured:
    """A cell and the medians of its runs that ended well; `failed` is the share of the others.

    Where all failed the medians are 0, and there are no estimates. `spread_*` are the mean relative
    distances of single runs from the median: what the measurement itself leaves open. `estimates`
    has the medians of `bytes` and `seconds` again, with their intervals.
    """

    cell: Cell
    payload: Payload
    runs: int
    failed: float
    bytes: float
    seconds: float
    cpu_seconds: float
    spread_bytes: float
    spread_seconds: float
    estimates: Mapping[str, Estimate] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether any run ended well."""
        return self.failed < 1


def cells_of(observations: Iterable[Observation]) -> list[Measured]:
    """One entry for each cell."""
    runs: dict[str, list[Observation]] = {}
    for each in observations:
        runs.setdefault(each.cell.key, []).append(each)
    return [_cell(own) for own in runs.values()]


def _cell(runs: Sequence[Observation]) -> Measured:
    done = [run for run in runs if run.outcome is Outcome.DONE]
    if not done:
        return Measured(runs[0].cell, runs[0].payload, len(runs), 1.0, 0, 0, 0, 0, 0)
    moved = [float(run.received_bytes) for run in done]
    lasted = [run.seconds for run in done]
    return Measured(
        cell=done[0].cell,
        payload=done[0].payload,
        runs=len(runs),
        failed=1 - len(done) / len(runs),
        bytes=statistics.median(moved),
        seconds=statistics.median(lasted),
        cpu_seconds=statistics.median(run.cpu_seconds for run in done),
        spread_bytes=_spread(moved, LEAST_BYTES),
        spread_seconds=_spread(lasted, LEAST_SECONDS),
        estimates={"bytes": estimate(moved), "seconds": estimate(lasted)},
    )


def _spread(values: Sequence[float], least: float) -> float:
    middle = statistics.median(values)
    return statistics.fmean(abs(value - middle) for value in values) / max(middle, least)


def fit(cells: Sequence[Measured], origin: dict[str, Json] | None = None) -> Model:
    """The laws of all strategies that the cells have."""
    strategies = dict.fromkeys(each.cell.strategy for each in cells if each.done)
    if not strategies:
        raise CompareError("nothing to fit: no change ended well", fix="measure a matrix first")
    laws = {name: _law(name, [e for e in cells if e.cell.strategy == name]) for name in strategies}
    return Model(laws, origin or {})


def _law(strategy: str, cells: Sequence[Measured]) -> Law:
    """The best of all shapes; of nearly equally good ones the first, which is the simplest."""
    done = [each for each in cells if each.done]
    start = _start(done, _program(strategy, cells, done))
    distant = any(each.cell.link.round_trip_ms for each in done)
    limited = any(each.cell.processor.cores for each in done)
    shapes = itertools.product(STREAMS if distant else (1.0,), PROCESSORS if limited else (1.0,))
    laws = [_with_seconds(done, replace(start, shape=_shape(start, *each))) for each in shapes]
    best, least = laws[0], errors(done, laws[0])[1]
    for law in laws[1:]:
        if (missed := errors(done, law)[1]) < WORTH * least:
            best, least = law, missed
    return best


def _shape(law: Law, streams: float, processors: float) -> Shape:
    return Shape(law.shape.retry, streams, processors)


def _program(strategy: str, cells: Sequence[Measured], done: Sequence[Measured]) -> Retry:
    """The one of the known programs that breaks and failures fit best, where there were any."""
    breaking = [each for each in cells if each.cell.link.drop_mb and each.payload.files]
    if not breaking:
        return usual(strategy)

    def missed(retry: Retry) -> float:
        chances = [terms.moved(each.cell, each.payload, retry).chance for each in breaking]
        failures = [abs(e.failed - 1 + x) for e, x in zip(breaking, chances, strict=True)]
        return statistics.fmean(failures) + errors(done, _start(done, retry))[0]

    return min([usual(strategy), *PROGRAMS.values()], key=missed)


def _start(cells: Sequence[Measured], retry: Retry) -> Law:
    """Bytes and CPU seconds, which no shape changes."""
    rows = [
        terms.of_bytes(each.cell, each.payload, terms.moved(each.cell, each.payload, retry))
        for each in cells
    ]
    received = fit_relative(rows, [each.bytes for each in cells], LEAST_BYTES, CHANGE)
    work = [terms.of_cpu(each.cell, each.payload) for each in cells]
    cpu = fit_relative(work, [each.cpu_seconds for each in cells], LEAST_CPU, CHANGE)
    return Law(Shape(retry), received, cpu)


def _with_seconds(cells: Sequence[Measured], law: Law) -> Law:
    """The same law with weights for the seconds."""
    rows, lasted = [], []
    for each in cells:
        expected = terms.moved(each.cell, each.payload, law.shape.retry)
        found = law.predict(each.cell, each.payload)
        rows.append(
            terms.of_seconds(
                each.cell,
                each.payload,
                found.bytes,
                found.cpu_seconds,
                expected.breaks,
                law.shape,
            )
        )
        lasted.append(each.seconds - expected.pauses)
    return replace(law, seconds=fit_relative(rows, lasted, LEAST_SECONDS, CHANGE, LINK))


def errors(cells: Sequence[Measured], law: Law) -> tuple[float, float]:
    """The mean relative errors of bytes and of seconds."""
    pairs = [(each, law.predict(each.cell, each.payload)) for each in cells]
    return (
        statistics.fmean(off(found.bytes, e.bytes, LEAST_BYTES) for e, found in pairs),
        statistics.fmean(off(found.seconds, e.seconds, LEAST_SECONDS) for e, found in pairs),
    )


def off(predicted: float, measured: float, least: float) -> float:
    """A relative error; of what is smaller than `least` relative to that."""
    return abs(predicted - measured) / max(measured, least)
