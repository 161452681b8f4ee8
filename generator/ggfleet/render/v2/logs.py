"""Where logs go: the nucleus's `logging`, the log manager for CloudWatch, the adapter's level."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from ggfleet.model import Fleet, Json, Logger, Note, Nucleus, Platform
from ggfleet.render.v2.aws import JOURNAL, LOGS, NUCLEUS, Addition

SYSTEM, FUNCTIONS = "greengrass", "lambda"
FILE, CLOUDWATCH = "file", "cloudwatch"
LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
USUAL = "INFO"
FILE_KB = 1024
"""What a nucleus lets one log file grow to, in KB."""
ALL_KB = 10_240
"""What the classic nucleus keeps of a component's logs (its configuration's default)."""


def adapter_level(fleet: Fleet) -> str:
    """The level of functions' logs: the lower one where files and CloudWatch have their own."""
    found = [each.level for each in fleet.loggers if each.component == FUNCTIONS]
    return min(found, key=LEVELS.index, default=USUAL)


def nucleus_logging(fleet: Fleet) -> dict[str, Addition]:
    """Level, size and format of the classic nucleus, whose settings hold for all components' files.

    Texts, because numbers come back from a device as doubles.
    """
    if not fleet.loggers:
        return {}
    logging: dict[str, Json] = {}
    if levels := [each.level for each in fleet.loggers if each.component == SYSTEM]:
        # What components print is written as INFO: a higher level would drop it (ShellRunner).
        logging["level"] = min(*levels, USUAL, key=LEVELS.index)
    if _find(fleet, SYSTEM, CLOUDWATCH):
        # The log manager tells levels apart in this format alone.
        logging["format"] = "JSON"
    if space := max(each.space for each in fleet.loggers):
        logging |= {"fileSizeKB": str(min(FILE_KB, space)), "totalLogsSizeKB": str(space)}
    owned = ("level", "format", "fileSizeKB", "totalLogsSizeKB")
    merge = {"logging": logging} if logging else {}
    return {NUCLEUS: Addition(merge, tuple(f"/logging/{each}" for each in owned))}


def log_manager(fleet: Fleet, components: Iterable[str]) -> dict[str, Addition]:
    """What is sent to CloudWatch; `components` are the functions' own."""
    uploads: dict[str, Json] = {}
    if logger := _find(fleet, SYSTEM, CLOUDWATCH):
        kept = _kept(fleet, logger)
        uploads["systemLogsConfiguration"] = {"uploadToCloudWatch": "true", **kept}
    if logger := _find(fleet, FUNCTIONS, CLOUDWATCH):
        # What functions print is INFO to the nucleus; the adapter has chosen already.
        settings = {**_kept(fleet, logger), "minimumLogLevel": USUAL}
        uploads["componentLogsConfigurationMap"] = dict.fromkeys(components, settings)
    if not uploads:
        return {}
    name = "logsUploaderConfiguration"
    return {LOGS: Addition({name: uploads}, (f"/{name}",))}


def journal_forwarder(fleet: Fleet, components: Iterable[str]) -> dict[str, Addition]:
    """What nucleus lite sends to CloudWatch: entries of the journal by systemd unit."""
    services: list[Json] = []
    if _find(fleet, SYSTEM, CLOUDWATCH):
        services.append("ggl.core.*")
    if _find(fleet, FUNCTIONS, CLOUDWATCH):
        services += [f"ggl.{each}.service" for each in components]
    if not services:
        return {}
    return {JOURNAL: Addition({"filters": {"services": services}}, ("/filters",))}


def _kept(fleet: Fleet, logger: Logger) -> dict[str, Json]:
    """The level to send, and what the device keeps of it in files."""
    settings: dict[str, Json] = {"minimumLogLevel": _level(logger.level)}
    file = _find(fleet, logger.component, FILE)
    if file and file.space:
        settings |= {"diskSpaceLimit": str(file.space), "diskSpaceLimitUnit": "KB"}
    return settings


def _find(fleet: Fleet, component: str, to: str) -> Logger | None:
    return next((e for e in fleet.loggers if (e.component, e.to) == (component, to)), None)


def _level(level: str) -> str:
    """Nuclei have no FATAL."""
    return "ERROR" if level == "FATAL" else level


def log_notes(fleet: Fleet, on: Mapping[Nucleus, Sequence[Platform]]) -> Iterator[Note]:
    """What V2 makes of each logger."""
    lite = ", ".join(each.name for each in on[Nucleus.LITE])
    for index, each in enumerate(fleet.loggers):
        hint = NUCLEUS not in fleet.deployment.components and _is_usual(each)
        for message in _on_classic(fleet, each) if on[Nucleus.CLASSIC] else ():
            yield Note(f"loggers[{index}]", message, hint=hint)
        hint = (each.component, each.to) == (FUNCTIONS, CLOUDWATCH)
        for message in _on_lite(each, lite):
            yield Note(f"loggers[{index}]", message, hint=hint)


def _is_usual(logger: Logger) -> bool:
    """Whether a logger asks for what the classic nucleus does when nothing is said."""
    level = USUAL if logger.component == SYSTEM else logger.level  # functions' is the adapter's
    return (logger.to, logger.level) == (FILE, level) and logger.space in {0, ALL_KB}


def _on_classic(fleet: Fleet, logger: Logger) -> Iterator[str]:
    if NUCLEUS not in fleet.deployment.components:
        yield from _without_nucleus(logger)
    elif logger.to == FILE:
        if logger.component == SYSTEM and LEVELS.index(logger.level) > LEVELS.index(USUAL):
            yield (
                f"has the level {USUAL}: the nucleus has one for all, and writes as {USUAL} what "
                "functions print"
            )
        if logger.space and len(_spaces(fleet)) > 1:
            yield (
                f"keeps {max(_spaces(fleet))} KB of each component: the nucleus has one limit for "
                "all, and the most that a logger says is taken"
            )
    elif logger.component == SYSTEM and logger.level == "FATAL":
        yield "has the level FATAL, which becomes ERROR"


def _spaces(fleet: Fleet) -> set[int]:
    return {each.space for each in fleet.loggers if each.to == FILE}


def _without_nucleus(logger: Logger) -> Iterator[str]:
    """Its version is the user's to name: another one would update the nucleus."""
    fix = f"name the version of {NUCLEUS} that your cores run in deployment.components"
    if logger.to == FILE and logger.component == SYSTEM:
        yield f"is left out: {fix}"
    elif logger.to == FILE and logger.space:
        yield f"has its `space` left out: {fix}"
    elif logger.to == CLOUDWATCH and logger.component == SYSTEM:
        yield f"sends all levels, which are told apart in the format JSON alone: {fix}"


def _on_lite(logger: Logger, platforms: str) -> Iterator[str]:
    if not platforms:
        return
    if logger.to == CLOUDWATCH:
        told = " of all levels" if logger.component == SYSTEM else ""
        yield f"becomes {JOURNAL} on {platforms}, which sends entries of the journal{told}"
    elif logger.component == SYSTEM:
        yield (
            f"is left out on {platforms}: nucleus lite writes to the journal, at a level that was "
            "chosen when it was built"
        )
    elif logger.space:
        yield f"has no `space` on {platforms}: the journal has its own limits"
