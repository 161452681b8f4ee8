"""How often each part of a fleet changes: told by the spec, by the caller, or assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Function, Library, Model
from ggfleet.spec.problems import suggestion
from ggfleet.spec.units import yearly

LIBRARIES, MODELS, FUNCTIONS = "libraries", "models", "functions"
ASSUMED: Mapping[str, float] = {LIBRARIES: 2.0, MODELS: 12.0, FUNCTIONS: 6.0}
"""Updates a year where nobody tells: guesses, and told as such."""
FIX = 'write it like --updates "libraries.tensorflow=2 per year", or models="1 per month"'


@dataclass(frozen=True)
class Rate:
    """Updates a year, and who says so: `spec`, `--updates` or `assumed`."""

    yearly: float
    source: str


@dataclass(frozen=True)
class Rates:
    """Rates by kind (`libraries`, `models`, `functions`) and name."""

    found: Mapping[str, Mapping[str, Rate]] = field(default_factory=dict)

    def of(self, kind: str, name: str) -> Rate:
        """The rate of one part."""
        return self.found[kind][name]

    def assumed(self) -> bool:
        """Whether any is."""
        return any(rate.source == "assumed" for own in self.found.values() for rate in own.values())


def rates_of(fleet: Fleet, told: Iterable[str]) -> Rates:
    """Those of a spec, and over them `told`: `KIND=RATE`, `KIND.NAME=RATE` or `NAME=RATE`.

    Raises `GgfleetError` for a part that is not there, and for a rate that is none.
    """
    found = {
        LIBRARIES: {each.name: _of_spec(LIBRARIES, each) for each in fleet.libraries.values()},
        MODELS: {each.name: _of_spec(MODELS, each) for each in fleet.models.values()},
        FUNCTIONS: {each.name: _of_spec(FUNCTIONS, each) for each in fleet.functions.values()},
    }
    for text in told:
        target, _, words = text.partition("=")
        try:
            rate = Rate(yearly(words.strip()), "--updates")
        except ValueError as error:
            raise GgfleetError(f"--updates {text}: {error}", fix=FIX) from error
        for kind, name in _named(found, target.strip()):
            found[kind][name] = rate
    return Rates(found)


def _of_spec(kind: str, part: Library | Model | Function) -> Rate:
    if part.updates is None:
        return Rate(ASSUMED[kind], "assumed")
    return Rate(part.updates, "spec")


def _named(found: Mapping[str, Mapping[str, Rate]], target: str) -> list[tuple[str, str]]:
    """All parts of a kind, or one part; a bare name must be that of one part."""
    if target in found:
        return [(target, name) for name in found[target]]
    kind, _, rest = target.partition(".")
    if kind in found and rest in found[kind]:
        return [(kind, rest)]
    known = [(each, target) for each, own in found.items() if target in own]
    if len(known) == 1:
        return known
    if known:
        fix = f"write {' or '.join(f'{each}.{target}' for each, _ in known)}"
        raise GgfleetError(f"--updates {target}: several parts have this name", fix=fix)
    there = [*found, *(name for own in found.values() for name in own)]
    raise GgfleetError(f"--updates {target}: no part has this name", fix=suggestion(target, there))
