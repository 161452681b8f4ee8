"""LoggerDefinitionVersion: where logs go."""

from __future__ import annotations

from ggfleet.model import Fleet, Json, Logger
from ggfleet.render.group_v1.names import element_id, refuse_repeated

COMPONENTS = {"lambda": "Lambda", "greengrass": "GreengrassSystem"}
TYPES = {"file": "FileSystem", "cloudwatch": "AWSCloudWatch"}


def logger_version(fleet: Fleet) -> dict[str, Json]:
    """The loggers as the spec orders them. The default is INFO, to 128 KB of files."""
    refuse_repeated("loggers", (_id(each) for each in fleet.loggers))
    return {"Loggers": [_logger(each) for each in fleet.loggers]}


def _logger(logger: Logger) -> dict[str, Json]:
    values: dict[str, Json] = {
        "Id": element_id(_id(logger), "the logger"),
        "Component": COMPONENTS[logger.component],
        "Level": logger.level,
        "Type": TYPES[logger.to],
    }
    if logger.to == "file" and logger.space:  # in KB, and only files have it
        values["Space"] = logger.space
    return values


def _id(logger: Logger) -> str:
    return f"{logger.component}-{logger.to}"
