"""Observations, sorted into the cells of their matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ggfleet.compare.matrix.cells import Change, Link, Observation, Outcome, Processor, Storage
from ggfleet.compare.report.interval import Estimate, estimate
from ggfleet.errors import CompareError

UNLIMITED = float("inf")


@dataclass(frozen=True)
class Setting:
    """The conditions that a change was measured under."""

    link: Link
    storage: Storage
    processor: Processor

    @property
    def order(self) -> tuple[float, ...]:
        """Best conditions first; 0 stands for no limit."""
        link, storage = self.link, self.storage
        return (
            -(self.processor.cores or UNLIMITED),
            -(storage.write_mb_s or UNLIMITED),
            -(storage.read_mb_s or UNLIMITED),
            -(link.mbit_s or UNLIMITED),
            link.round_trip_ms,
            link.loss,
            -(link.drop_mb or UNLIMITED),
        )


@dataclass(frozen=True)
class Group:
    """All runs of one cell."""

    done: tuple[Observation, ...] = ()
    failed: tuple[Observation, ...] = ()

    def estimate(self, read: Callable[[Observation], float | None]) -> Estimate | None:
        """What the runs that were done tell of a figure; None where none of them has it."""
        values = [value for run in self.done if (value := read(run)) is not None]
        return estimate(values) if values else None


HOLE = Group()
"""A cell that was not measured."""


@dataclass(frozen=True)
class Findings:
    """The matrix as far as it was measured. `changes` and `settings` are those that occur."""

    observations: tuple[Observation, ...]
    groups: Mapping[tuple[str, Change, Setting], Group]

    @cached_property
    def strategies(self) -> tuple[str, ...]:
        """In the order of the raw data."""
        return tuple(dict.fromkeys(strategy for strategy, _, _ in self.groups))

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """In the order in which a device lives through them."""
        there = {change for _, change, _ in self.groups}
        return tuple(change for change in Change if change in there)

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Best conditions first."""
        return tuple(sorted({s for _, _, s in self.groups}, key=lambda each: each.order))

    @cached_property
    def labels(self) -> Mapping[Setting, str]:
        """A short name for each setting, made of what differs between them."""
        return {s: " · ".join(self._names(s)) for s in self.settings}

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        """The devices that were measured on."""
        return tuple(sorted({each.host for each in self.observations}))

    @cached_property
    def failures(self) -> tuple[Observation, ...]:
        """Every change that failed, in the order of the raw data."""
        return tuple(each for each in self.observations if each.outcome is Outcome.FAILED)

    def group(self, strategy: str, change: Change, setting: Setting) -> Group:
        """The runs of a cell; `HOLE` where there are none."""
        return self.groups.get((strategy, change, setting), HOLE)

    def under(self, change: Change) -> tuple[Setting, ...]:
        """The settings that a change was measured under, with whatever strategy."""
        there = {setting for _, each, setting in self.groups if each is change}
        return tuple(setting for setting in self.settings if setting in there)

    def of(self, strategy: str, change: Change | None = None) -> tuple[Observation, ...]:
        """All runs of a strategy, or those of one change."""
        return tuple(
            each
            for each in self.observations
            if each.cell.strategy == strategy and change in (None, each.cell.change)
        )

    def _names(self, setting: Setting) -> list[str]:
        names = [setting.link.name]
        if len({s.storage for s in self.settings}) > 1:
            names.append(setting.storage.name)
        if len({s.processor for s in self.settings}) > 1:
            names.append(setting.processor.name)
        return names


def gather(observations: Sequence[Observation], name: str) -> Findings:
    """Sort the observations of the file `name`.

    Raises `CompareError` when there is none, when one run occurs twice, or when one name stands
    for two conditions: medians over either would be wrong.
    """
    if not observations:
        raise CompareError(f"{name} holds no observation", fix="measure first: make compare")
    _refuse_twins(observations, name)
    for part in ("link", "storage", "processor"):
        _refuse_two_meanings((getattr(each.cell, part) for each in observations), part, name)
    sorted_in: dict[tuple[str, Change, Setting], list[Observation]] = {}
    for each in observations:
        cell = each.cell
        setting = Setting(cell.link, cell.storage, cell.processor)
        sorted_in.setdefault((cell.strategy, cell.change, setting), []).append(each)
    return Findings(tuple(observations), {key: _group(runs) for key, runs in sorted_in.items()})


def _group(runs: Sequence[Observation]) -> Group:
    return Group(
        done=tuple(run for run in runs if run.outcome is Outcome.DONE),
        failed=tuple(run for run in runs if run.outcome is Outcome.FAILED),
    )


def _refuse_twins(observations: Sequence[Observation], name: str) -> None:
    seen = set()
    for each in observations:
        key = (*each.key, each.host)
        if key in seen:
            raise CompareError(
                f"{name}: run {each.run} of {each.cell.key} on {each.host} occurs twice",
                fix="remove one of the two lines",
            )
        seen.add(key)


def _refuse_two_meanings(
    conditions: Iterable[Link | Storage | Processor], part: str, name: str
) -> None:
    known: dict[str, Link | Storage | Processor] = {}
    for each in conditions:
        if known.setdefault(each.name, each) != each:
            raise CompareError(
                f"{name}: the {part} {each.name} is {known[each.name]} and {each}",
                fix="report each of them from a file of its own, or give one another name",
            )
