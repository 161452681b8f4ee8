"""System functions of a V1 group on the classic nucleus: the stream manager and the spooler.

Names of settings: V2 developer guide, stream manager; Spool.java of nucleus 2.18. All are texts, as
numbers come back from a device as doubles.
"""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import (
    STREAM_MANAGER_MEMORY,
    Fleet,
    Json,
    Note,
    Quality,
    Storage,
    StreamManager,
)
from ggfleet.render.v2.aws import DISK_SPOOLER, NUCLEUS, STREAMS, Addition

SPOOLER = ("maxSizeInBytes", "storageType", "pluginName")


def system_components(fleet: Fleet) -> dict[str, Addition]:
    """What the group's system functions become."""
    found: dict[str, Addition] = {}
    system = fleet.system_functions
    if system.stream_manager is not None:
        found[STREAMS] = Addition(_streams(system.stream_manager), ("",))
    if system.cloud_spooler is not None:
        found |= _spooler(fleet)
    return found


def _streams(settings: StreamManager) -> dict[str, Json]:
    values = {
        "STREAM_MANAGER_STORE_ROOT_DIR": settings.store,
        "STREAM_MANAGER_SERVER_PORT": settings.port,
        "STREAM_MANAGER_AUTHENTICATE_CLIENT": settings.authenticate,
        "STREAM_MANAGER_EXPORTER_MAX_BANDWIDTH": settings.bandwidth,
        "STREAM_MANAGER_THREAD_POOL_SIZE": settings.threads,
        "STREAM_MANAGER_EXPORTER_S3_DESTINATION_MULTIPART_UPLOAD_MIN_PART_SIZE_BYTES": (
            settings.part_size
        ),
        "JVM_ARGS": settings.jvm_arguments,
    }
    return {name: _text(value) for name, value in values.items() if value not in (None, "")}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _spooler(fleet: Fleet) -> dict[str, Addition]:
    spooler = fleet.system_functions.cloud_spooler
    assert spooler is not None
    values: dict[str, Json] = {}
    if spooler.size is not None:
        values["maxSizeInBytes"] = str(spooler.size)
    found: dict[str, Addition] = {}
    if spooler.storage is Storage.FILES:
        values |= {"storageType": "Disk", "pluginName": DISK_SPOOLER}
        found[DISK_SPOOLER] = Addition({})
    merge = {"mqtt": {"spooler": values}} if values else {}
    reset = tuple(f"/mqtt/spooler/{each}" for each in SPOOLER)
    return {NUCLEUS: Addition(merge, reset), **found}


def system_notes(fleet: Fleet) -> Iterator[Note]:
    """What V2 makes otherwise of them, on the classic nucleus."""
    system = fleet.system_functions
    if system.stream_manager is not None:
        yield from _stream_notes(system.stream_manager)
    if system.cloud_spooler is None:
        return
    at = "system_functions.cloud_spooler"
    if NUCLEUS not in fleet.deployment.components:
        message = (
            f"is left out: name the version of {NUCLEUS} that your cores run in "
            "deployment.components, and its `mqtt.spooler` is set"
        )
        yield Note(at, message)
    if system.cloud_spooler.quality is not None:
        same = system.cloud_spooler.quality is Quality.AT_LEAST_ONCE
        message = "is left out: components subscribe at least once"
        yield Note(f"{at}.quality", message, hint=same)


def _stream_notes(settings: StreamManager) -> Iterator[Note]:
    at = "system_functions.stream_manager"
    yield Note(
        at,
        f"becomes {STREAMS}: the core needs Java",
        "the token exchange role needs what streams export to",
        hint=True,
    )
    message = "is left out: it limits a container; jvm_arguments limit the heap"
    yield Note(f"{at}.memory", message, hint=settings.memory == STREAM_MANAGER_MEMORY)
    if settings.read_only:
        yield Note(f"{at}.read_only", "is left out: the components' user has to have access")
