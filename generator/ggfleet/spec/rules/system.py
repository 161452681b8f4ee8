"""The core's own functions: the stream manager and what it wants."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Isolation, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import is_plain
from ggfleet.spec.rules.registry import V1, Finding, rule

STREAMS_KB = 128_000
"""What AWS advises at least for the stream manager."""

PORTS = {8000: "the daemon", 8883: "the broker for client devices"}
"""Ports of a core that are taken, unless its config.json says otherwise."""

_AT = "system_functions.stream_manager"


@rule(
    "system-stream-java",
    Severity.NOTE,
    V1,
    reason="The stream manager is a Java program: a core without java8 on root's PATH does not "
    "finish the deployment. The playbooks install no Java.",
    source=f"{pages.STREAMS}; {pages.TROUBLESHOOTING}",
    fix="Install Java 8 or later on the cores, with a link named java8.",
    example="system_functions: {stream_manager: {}}\n",
)
def streams_find_java(fleet: Fleet) -> Iterator[Finding]:
    """The stream manager finds Java 8 on the device."""
    if fleet.system_functions.stream_manager is not None:
        yield _AT, "wants Java 8 on every core, as java8 on root's PATH", "install it on the cores"


@rule(
    "system-stream-memory",
    Severity.WARNING,
    V1,
    reason="AWS advises a limit of 128,000 KB at least for the stream manager, a Java program.",
    source=pages.STREAMS,
    fix="Write memory: 128 MiB or more, or leave it out.",
    example="system_functions: {stream_manager: {memory: 64 MiB}}\n",
)
def streams_have_memory(fleet: Fleet) -> Iterator[Finding]:
    """The stream manager has 128,000 KB at least."""
    manager = fleet.system_functions.stream_manager
    contained = fleet.function_defaults.isolation is not Isolation.NONE
    if manager is not None and contained and manager.memory < STREAMS_KB:
        message = f"is {manager.memory} KB, and AWS advises {STREAMS_KB} at least"
        yield f"{_AT}.memory", message, "write 128 MiB or more, or leave it out"


@rule(
    "system-stream-port",
    Severity.WARNING,
    V1,
    reason="The core's daemon listens on port 8000 and its broker on 8883, unless config.json on "
    "the device says otherwise; the stream manager cannot have their ports.",
    source=pages.CORE,
    fix="Choose another port; 8088 is the default.",
    example="system_functions: {stream_manager: {port: 8883}}\n",
)
def streams_have_a_port(fleet: Fleet) -> Iterator[Finding]:
    """The stream manager's port is not one of the core's."""
    manager = fleet.system_functions.stream_manager
    if manager is not None and manager.port in PORTS:
        message = f"is {manager.port}, the port of {PORTS[manager.port]}"
        yield f"{_AT}.port", message, "choose another; 8088 is the default"


@rule(
    "system-stream-folders",
    Severity.WARNING,
    V1,
    reason="The stream manager takes absolute paths, separated by commas. Folders to read from are "
    "for a group whose default is a container: a process sees the device's folders anyway.",
    source=pages.STREAMS,
    fix="Write paths like /srv/frames, without commas; remove read_only without containers.",
    example="system_functions: {stream_manager: {read_only: [srv/frames]}}\n",
)
def streams_have_folders(fleet: Fleet) -> Iterator[Finding]:
    """The stream manager's folders are absolute paths that it can tell apart."""
    manager = fleet.system_functions.stream_manager
    if manager is None:
        return
    for key, paths in (("store", [manager.store]), ("read_only", list(manager.read_only))):
        for path in paths:
            if path and (not path.startswith("/") or "," in path or not is_plain(path.rstrip("/"))):
                yield f"{_AT}.{key}", f"{path} is no plain absolute path", "write it like /srv/data"
    if manager.read_only and fleet.function_defaults.isolation is Isolation.NONE:
        message = "has no use where the group's default is no container"
        yield f"{_AT}.read_only", message, "remove it"
