"""How the parts of a fleet are joined."""

from __future__ import annotations

from ggfleet.spec.keys import Table
from ggfleet.spec.kinds import flag, mapping, number, one_of, size, text, words
from ggfleet.spec.tables.patterns import CERTIFICATE, MAX_ID, THING

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")


ENDS = "`cloud`, `shadow` (the core's shadow service), a function, client device or connector."


class ClientDevice(Table):
    """A thing that reaches its core over the local network, without running Greengrass."""

    cores = words("Its cores: hosts of the inventory, or groups of `cores`.", "pi-01")
    thing = text(
        "The name of its thing; this part's own name when nothing is said.",
        pattern=THING,
        like="line-sensor-1",
        default="",
    )
    certificate = text(
        "The ARN of its certificate.",
        pattern=CERTIFICATE,
        like="arn:aws:iot:eu-west-1:123456789012:cert/0a1b2c3d",
        default="",
    )
    sync_shadow = flag("Whether its shadow is kept the same in the cloud.", default=False)


class Connector(Table):
    """A ready-made part of AWS's; a group has one of each."""

    connector = text(
        "Its name, with a `version`, or its ARN.",
        pattern=r"[A-Za-z][A-Za-z0-9-]*|arn:aws[a-z-]*:greengrass:[a-z0-9-]+:\d*:/connectors/"
        r"[A-Za-z][A-Za-z0-9-]*/versions/\d+",
        like="SNS",
    )
    version = number("Its version, when it is given by name.", 1, MAX_ID, "4")
    parameters = mapping(
        "What the connector asks for.",
        {"DefaultSNSArn": "arn:aws:sns:eu-west-1:123456789012:alarms"},
    )
    resources = mapping(
        "Parameters that take the id of a resource: the name of a resource, model or library.",
        {"SerialPort-ResourceId": "serial"},
    )
    conditions = (
        {
            "if": {"properties": {"connector": {"pattern": "^arn:"}}},
            "then": {"not": {"required": ["version"]}},
            "else": {"required": ["version"]},
        },
    )


class Subscription(Table):
    """Messages that go from one end to another; a message that none allows is dropped."""

    from_ = text(ENDS, like="cloud").renamed("from")
    topic = text(
        "A topic, or a filter: `+` is one whole level, `#` the rest.", like="digits/request"
    )
    to = text(ENDS, like="classify")


class Suppression(Table):
    """Findings of a rule that are meant; `ggfleet rules` lists the rules."""

    rule = text("The rule's id.", like="name-unused")
    at = text(
        "A path of this file, such as a part's; all of it when left out.",
        like="models.digits",
        default="",
    )
    reason = text("Why the findings are meant.", like="comes with the next model")


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
