"""What a change costs on one device: bytes, energy, and the time of the device."""

from __future__ import annotations

from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Link as Condition
from ggfleet.predict.model import Prediction
from ggfleet.predict.transport import link_seconds
from ggfleet.simulate.links import GB, MB, World
from ggfleet.simulate.links import Link as LinkClass

JOULES_PER_KWH = 3.6e6


@dataclass(frozen=True)
class Cost:
    """Joules above what the device draws anyway; dollars, and what they are made of."""

    joules: float
    for_bytes: float
    for_energy: float
    for_time: float

    @property
    def dollars(self) -> float:
        """All of them."""
        return self.for_bytes + self.for_energy + self.for_time


def cost(found: Prediction, link: LinkClass, world: World, condition: Condition) -> Cost:
    """What a predicted change costs over a class of links, until it has ended well."""
    again = found.bytes_until_done / found.bytes if found.bytes else 1.0
    receiving = link_seconds(found.bytes_until_done, condition)
    joules = (
        found.cpu_seconds * again * world.costs.processor_watts
        + receiving * link.radio_watts
        + found.bytes_until_done / MB * link.radio_joules_per_mb
    )
    return Cost(
        joules=joules,
        for_bytes=found.bytes_until_done * (world.egress_per_gb + link.price_per_gb) / GB,
        for_energy=joules / JOULES_PER_KWH * world.costs.energy_per_kwh,
        for_time=found.seconds_until_done / 3600 * world.costs.device_hour,
    )
