"""How ML libraries should reach a device, settled by doing it both ways on the same machine."""

from ggfleet.compare.machine import describe
from ggfleet.compare.measure import Plan, measure, reduce_to
from ggfleet.compare.result import Measured, OnDevice, medians, read_runs, to_json
from ggfleet.compare.strategies import MlResource, OsPip, Strategy

__all__ = [
    "Measured",
    "MlResource",
    "OnDevice",
    "OsPip",
    "Plan",
    "Strategy",
    "describe",
    "measure",
    "medians",
    "read_runs",
    "reduce_to",
    "to_json",
]
