"""How the parts of a fleet are joined."""

from __future__ import annotations

from ggfleet.spec.keys import Table, one_of, size, text

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")


class Subscription(Table):
    """Messages that go from one end to another; a message that none allows is dropped."""

    from_ = text("`cloud` or a function.", like="cloud").renamed("from")
    topic = text(
        "A topic, or a filter: `+` is one whole level, `#` the rest.", like="digits/request"
    )
    to = text("`cloud` or a function.", like="classify")


class Logger(Table):
    """Where logs go, and how much of them is kept."""

    component = one_of("Whose log.", ("greengrass", "lambda"))
    level = one_of("The least level that is logged.", LEVELS)
    to = one_of("Files on the device, or CloudWatch.", ("file", "cloudwatch"))
    space = size("Most that files may take; V1 takes 128 KiB when nothing is said.")
    conditions = (
        {
            "if": {"properties": {"to": {"const": "cloudwatch"}}},
            "then": {"not": {"required": ["space"]}},
        },
    )
