"""The choice for each part, from when on another would be better, and what would change it.

What a way costs is linear in every rate and every price, so that the points at which two ways cost
the same are found on paper.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ggfleet.advise.options import FIRST, Question
from ggfleet.advise.year import Reckoner, Year

WORTH = 0.05
"""A saving below this share of what is paid now is not worth a change."""
LEAST_DOLLARS = 0.01
"""Likewise one of less than a cent for each device in a year."""
FAR = 100.0
"""A rate or price that would have to be so many times higher or lower is not told."""


@dataclass(frozen=True)
class Weighed:
    """An option with what it costs in a year; `year` is None where it was refused.

    `unmeasured` tells that it is possible, but that the model knows nothing of it.
    """

    name: str
    year: Year | None
    refused: str
    unmeasured: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """At `value` another option becomes the cheapest: above it (`upwards`), or below.

    `what` is a kind of rates (then `value` is in updates a year) or a price (then `value` is how
    many times it is today's).
    """

    what: str
    value: float
    upwards: bool
    instead: str


@dataclass(frozen=True)
class Advice:
    """What to do with one part. `by_link` is what would be best if all devices had that link.

    `saved` is what one device saves in a year compared with what the spec says now, in dollars; 0
    where that cannot be reckoned.
    """

    question: Question
    options: tuple[Weighed, ...]
    chosen: str
    saved: float
    turns: tuple[Turn, ...]
    by_link: Mapping[str, str]

    @property
    def stays(self) -> bool:
        """Whether the spec says it already."""
        return self.chosen == self.question.now


def advise(question: Question, reckoner: Reckoner) -> Advice:
    """Weigh all options of a part."""
    options = tuple(_weighed(question, reckoner))
    years = {each.name: each.year for each in options if each.year}
    if any(each.name == question.now and each.unmeasured for each in options):
        years = {}  # nothing can be said for or against what the spec says
    chosen = _cheapest(years, question.now) if years else question.now
    now = years.get(question.now)
    return Advice(
        question=question,
        options=options,
        chosen=chosen,
        saved=now.dollars - years[chosen].dollars if now else 0.0,
        turns=tuple(_turns(question, years, chosen)) if years else (),
        by_link={
            link.name: _cheapest(_years(question, reckoner.on(link.name)), question.now)
            for link in reckoner.world.links
        }
        if years
        else {},
    )


def _weighed(question: Question, reckoner: Reckoner) -> Iterator[Weighed]:
    for option in question.options:
        missing = "" if option.refused else reckoner.lacks(option.events)
        refused = option.refused or (f"the model has no {missing}" if missing else "")
        year = None if refused else reckoner.year(option.events)
        yield Weighed(option.name, year, refused, bool(missing), option.notes)


def _years(question: Question, reckoner: Reckoner) -> dict[str, Year]:
    return {each.name: each.year for each in _weighed(question, reckoner) if each.year}


def _cheapest(years: Mapping[str, Year], now: str) -> str:
    """The one that costs least; what the spec says already where that is hardly more."""
    best = min(years, key=lambda name: years[name].dollars)
    if now in years:
        more = years[now].dollars - years[best].dollars
        if more <= max(WORTH * abs(years[now].dollars), LEAST_DOLLARS):
            return now
    return best


def _turns(question: Question, years: Mapping[str, Year], chosen: str) -> Iterator[Turn]:
    """The nearest point upwards and downwards for each rate and each price."""
    kinds = dict.fromkeys(event.kind for option in question.options for event in option.events)
    for kind in kinds:
        if kind != FIRST:
            parts = {name: year.by_kind.get(kind, 0.0) for name, year in years.items()}
            for turn in _nearest(kind, parts, years, chosen):
                rate = _rate(question, kind)
                yield Turn(kind, turn.value * rate, turn.upwards, turn.instead)
    for price in next(iter(years.values())).paid:
        parts = {name: year.paid[price] for name, year in years.items()}
        yield from _nearest(price, parts, years, chosen)


def _rate(question: Question, kind: str) -> float:
    """The mean rate of the parts of a kind: all of them are scaled alike."""
    rates = [
        event.rate
        for option in question.options
        for event in option.events
        if event.kind == kind and event.rate > 0
    ]
    return sum(rates) / len(rates)


def _nearest(
    what: str, parts: Mapping[str, float], years: Mapping[str, Year], chosen: str
) -> Sequence[Turn]:
    """With `parts` of the costs times k, where does the chosen one stop being the cheapest?"""
    found = []
    for name, year in years.items():
        slope = parts[chosen] - parts[name]
        gap = (year.dollars - parts[name]) - (years[chosen].dollars - parts[chosen])
        if name == chosen or not slope or not 1 / FAR < gap / slope < FAR:
            continue
        found.append(Turn(what, gap / slope, upwards=slope > 0, instead=name))
    # What is cheaper already, by less than is worth a change, has its point behind us.
    above = [each for each in found if each.upwards and each.value > 1]
    below = [each for each in found if not each.upwards and each.value < 1]
    nearest = []
    if above:
        nearest.append(min(above, key=lambda each: each.value))
    if below:
        nearest.append(max(below, key=lambda each: each.value))
    return nearest
