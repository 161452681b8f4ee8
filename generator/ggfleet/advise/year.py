"""What a way costs one device in a year, as a mean over the classes of links that a fleet has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ggfleet.advise.options import Event
from ggfleet.compare.matrix.cells import Cell, Link, Processor, Storage
from ggfleet.errors import GgfleetError
from ggfleet.predict.costs import cost
from ggfleet.predict.model import Model
from ggfleet.simulate.links import Link as LinkClass
from ggfleet.simulate.links import World

FOR_BYTES, FOR_ENERGY, FOR_TIME = "price of a byte", "price of energy", "price of a device's hour"


@dataclass(frozen=True)
class Year:
    """Means of one device. `dollars` are by what they are paid for, `by_kind` by whose rate they
    go with: updates of libraries, models or functions, or first installs.
    """

    bytes: float = 0.0
    seconds: float = 0.0
    joules: float = 0.0
    paid: Mapping[str, float] = field(default_factory=dict)
    by_kind: Mapping[str, float] = field(default_factory=dict)

    @property
    def dollars(self) -> float:
        """All that is paid."""
        return sum(self.paid.values())


@dataclass(frozen=True)
class Reckoner:
    """A model, links with prices, and what devices are like."""

    model: Model
    world: World

    def on(self, link: str) -> Reckoner:
        """The same where all devices have one of the links."""
        own = tuple(each for each in self.world.links if each.name == link)
        return replace(self, world=replace(self.world, links=own))

    def lacks(self, events: Iterable[Event]) -> str:
        """The first strategy that nobody measured; empty when all were."""
        return next((e.strategy for e in events if e.strategy not in self.model.laws), "")

    def year(self, events: Iterable[Event]) -> Year:
        """All events of a year. What never arrives over a link costs infinitely much there."""
        shares = sum(link.share for link in self.world.links)
        bytes_ = seconds = joules = 0.0
        paid = dict.fromkeys((FOR_BYTES, FOR_ENERGY, FOR_TIME), 0.0)
        by_kind: dict[str, float] = {}
        for event in events:
            for link in self.world.links:
                weight = event.rate * link.share / shares
                cell = self._cell(event, link)
                found = self.model.predict(cell, event.payload)
                if math.isinf(found.calls):
                    raise GgfleetError(
                        f"{event.strategy} never ends over link {link.name}",
                        fix="leave the link out",
                    )
                costs = cost(found, link, self.world, cell.link)
                bytes_ += weight * found.bytes_until_done
                seconds += weight * found.seconds_until_done
                joules += weight * costs.joules
                paid[FOR_BYTES] += weight * costs.for_bytes
                paid[FOR_ENERGY] += weight * costs.for_energy
                paid[FOR_TIME] += weight * costs.for_time
                by_kind[event.kind] = by_kind.get(event.kind, 0.0) + weight * costs.dollars
        return Year(bytes_, seconds, joules, paid, by_kind)

    def _cell(self, event: Event, link: LinkClass) -> Cell:
        """A speed's distribution slows the mean: exp(variance / 2) times the median's time."""
        device = self.world.device
        slowed = link.mbit_s * math.exp(-(link.spread**2) / 2)
        condition = Link(link.name, slowed, link.round_trip_ms, link.loss, link.drop_mb)
        storage = Storage("device", 0.0, device.write_mb_s)
        return Cell(
            event.strategy, event.change, condition, storage, Processor("device", device.processors)
        )
