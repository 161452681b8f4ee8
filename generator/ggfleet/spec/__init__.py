"""The spec: YAML text to a `Fleet`, or every problem with its place and its fix."""

from ggfleet.spec.inventory import ReadInventory
from ggfleet.spec.inventory_cache import cached_inventory
from ggfleet.spec.load import Checked, check, load
from ggfleet.spec.reference import spec_reference
from ggfleet.spec.rules import RULES, Rule
from ggfleet.spec.schema import json_schema
from ggfleet.spec.template import starter

__all__ = [
    "RULES",
    "Checked",
    "ReadInventory",
    "Rule",
    "cached_inventory",
    "check",
    "json_schema",
    "load",
    "spec_reference",
    "starter",
]
