"""The spec: YAML text to a `Fleet`, or every problem with its place and its fix."""

from ggfleet.spec.inventory_cache import cached_inventory
from ggfleet.spec.load import Checked, check, load
from ggfleet.spec.rules import RULES, Rule
from ggfleet.spec.template import starter

__all__ = ["RULES", "Checked", "Rule", "cached_inventory", "check", "load", "starter"]
