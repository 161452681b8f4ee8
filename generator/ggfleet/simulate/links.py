"""What connects a fleet: classes of links, how many cores have each, what its bytes cost."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from ggfleet.errors import GgfleetError
from ggfleet.simulate.transfer import Numbers

MB = 1e6
GB = 1e9
NEVER = 1e30
"""Bytes between drops of a link that never drops: a number, because 0 times infinite is none."""
FIX = "docs/simulation.md shows a whole file"


@dataclass(frozen=True)
class Link:
    """One class of links.

    `share` of the cores have it; shares are set in proportion to each other. Half of them are
    slower than `mbit_s`; `spread` is the standard deviation of the speed's natural logarithm.
    `drop_mb` is the mean of megabytes between two drops, 0 for none; `price_per_gb` in dollars.
    What follows is for predictions (`ggfleet advise`), the simulation has no use for it: the round
    trip, the share of packets lost, and what the radio draws while it receives and for each MB.
    """

    name: str
    share: float
    mbit_s: float
    spread: float = 0.0
    drop_mb: float = 0.0
    price_per_gb: float = 0.0
    round_trip_ms: float = 0.0
    loss: float = 0.0
    radio_watts: float = 0.0
    radio_joules_per_mb: float = 0.0


@dataclass(frozen=True)
class Costs:
    """What a device's work costs, for predictions.

    `device_hour` is the price of an hour in which a device works on a change, `energy_per_kwh` of a
    kWh, both in dollars; `processor_watts` is what one busy processor draws above an idle one.
    """

    device_hour: float = 0.10
    energy_per_kwh: float = 0.20
    processor_watts: float = 0.925


@dataclass(frozen=True)
class Device:
    """What devices are like, for predictions: how fast they write in MB/s (0: as those that were
    measured), and how many processors' time they have, in those of the measured ones (0: all).
    """

    write_mb_s: float = 20.0
    processors: float = 1.0


@dataclass(frozen=True)
class World:
    """Links and prices. `egress_per_gb` is what a byte costs on its way out of S3, in dollars.

    `work_mb_s` tells how fast a device digests what it has fetched (unpacks, installs), by the
    name of a way; one without an entry is taken to need no time for that.
    """

    links: tuple[Link, ...]
    egress_per_gb: float = 0.09
    work_mb_s: tuple[tuple[str, float], ...] = ()
    costs: Costs = Costs()
    device: Device = Device()

    def draw(self, rng: np.random.Generator, count: int) -> Cores:
        """Give each of `count` cores a link and a speed."""
        shares = np.array([link.share for link in self.links])
        kind = rng.choice(len(self.links), size=count, p=shares / shares.sum())
        median = np.array([link.mbit_s for link in self.links]) * MB / 8
        spread = np.array([link.spread for link in self.links])
        drops = np.array([link.drop_mb * MB or NEVER for link in self.links])
        price = np.array([(link.price_per_gb + self.egress_per_gb) / GB for link in self.links])
        speeds = median[kind] * np.exp(spread[kind] * rng.standard_normal(count))
        return Cores(speeds, drops[kind], price[kind])


@dataclass(frozen=True)
class Cores:
    """Each core's speed (bytes per second), mean bytes between drops, price of a byte."""

    speeds: Numbers
    drops: Numbers
    price: Numbers


WORLD = World(
    (
        Link("ethernet", share=0.5, mbit_s=50, spread=0.5, round_trip_ms=20),
        Link(
            "wifi",
            share=0.3,
            mbit_s=20,
            spread=0.8,
            drop_mb=2000,
            round_trip_ms=30,
            loss=0.0001,
            radio_watts=0.13,
            radio_joules_per_mb=1.10,
        ),
        Link(
            "lte",
            share=0.2,
            mbit_s=5,
            spread=0.8,
            drop_mb=300,
            price_per_gb=4.0,
            round_trip_ms=70,
            loss=0.0001,
            radio_watts=1.29,
            radio_joules_per_mb=0.42,
        ),
    )
)
"""Assumptions, to be replaced by what a fleet really has. The egress price is that of S3 to the
internet for the first 10 TB a month in most of AWS's Regions. Radios: Huang et al., A Close
Examination of Performance and Power Characteristics of 4G LTE Networks (MobiSys 2012), table of
power models: 132.86 mW and 137.01 mW per Mbit/s for Wi-Fi, 1288.04 mW and 51.97 mW per Mbit/s for
LTE, measured on a phone. A processor: a Raspberry Pi 4 with four busy ones draws 6.4 W, an idle one
2.7 W (pidramble.com, power consumption benchmarks). The price of a device's hour is a guess."""


def read_world(path: Path) -> World:
    """Read a TOML file; `GgfleetError` names what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise GgfleetError(f"{path} is no TOML: {error}", fix=FIX) from error
    _refuse_unknown(path, "", content, {"links", "egress_per_gb", "work_mb_s", "costs", "device"})
    links = _table(path, "links", content.get("links", {}))
    if not links:
        raise GgfleetError(f"{path} names no links", fix=FIX)
    work = _table(path, "work_mb_s", content.get("work_mb_s", {}))
    return World(
        links=tuple(_link(path, name, _table(path, name, each)) for name, each in links.items()),
        egress_per_gb=_number(path, "egress_per_gb", content.get("egress_per_gb", 0.09)),
        work_mb_s=tuple(
            (k, _number(path, f"work_mb_s.{k}", v, above=0.0)) for k, v in work.items()
        ),
        costs=Costs(**_numbers(path, "costs", content, Costs)),
        device=Device(**_numbers(path, "device", content, Device)),
    )


def _numbers(
    path: Path, name: str, content: dict[str, Any], kind: type[Costs | Device]
) -> dict[str, float]:
    found = _table(path, name, content.get(name, {}))
    _refuse_unknown(path, f"{name}.", found, {each.name for each in fields(kind)})
    return {key: _number(path, f"{name}.{key}", each) for key, each in found.items()}


def _link(path: Path, name: str, content: dict[str, Any]) -> Link:
    known = [each for each in fields(Link) if each.name != "name"]
    _refuse_unknown(path, f"links.{name}.", content, {each.name for each in known})
    missing = [e.name for e in known if e.default is MISSING and e.name not in content]
    if missing:
        raise GgfleetError(f"{path}: links.{name} lacks {', '.join(missing)}", fix=FIX)
    values = {
        key: _number(path, f"links.{name}.{key}", value, above=0.0 if key in _POSITIVE else None)
        for key, value in content.items()
    }
    if values.get("loss", 0.0) >= 1:
        raise GgfleetError(f"{path}: links.{name}.loss is {values['loss']}", fix=_LOSS)
    return Link(name, **values)


_LOSS = "it is a share of the packets: 0.01 is one of a hundred"


_POSITIVE = ("share", "mbit_s")


def _number(path: Path, key: str, value: object, above: float | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise GgfleetError(f"{path}: {key} is no number", fix=FIX)
    if value < 0 or (above is not None and value <= above):
        bound = "greater than 0" if above is not None else "0 or greater"
        raise GgfleetError(f"{path}: {key} is {value}", fix=f"it must be {bound}")
    return float(value)


def _table(path: Path, key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise GgfleetError(f"{path}: {key} is no table", fix=FIX)
    return value


def _refuse_unknown(path: Path, at: str, content: dict[str, Any], known: set[str]) -> None:
    for key in content.keys() - known:
        fix = f"known here: {', '.join(sorted(known))}"
        raise GgfleetError(f"{path}: {at}{key} is unknown", fix=fix)
