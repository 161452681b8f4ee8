"""The core's own functions, as a FunctionDefinitionVersion lists them (developer guide, gg-core).

They have no Execution of their own: the service refuses one. The group's default holds for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ggfleet.model import CloudSpooler, Fleet, Isolation, Json, Quality, Storage, StreamManager

MEMORY = 32768
"""KB, as the guide gives them."""

TIMEOUT = 3
"""Seconds; required, and ignored for the stream manager."""

STORAGE = {Storage.MEMORY: "Memory", Storage.FILES: "FileSystem"}
QUALITY = {
    Quality.AT_MOST_ONCE: "AtMostOnce",
    Quality.AT_LEAST_ONCE: "AtLeastOncePersistent",
}

Variables = Mapping[str, object]


def system_functions(fleet: Fleet) -> Iterator[dict[str, Json]]:
    """Those that the spec lists. A colon in the id keeps it apart from names of functions."""
    listed = fleet.system_functions
    if listed.ip_detector:
        yield _function(fleet, "GGIPDetector", "system:ip-detector", MEMORY)
    if listed.cloud_spooler is not None:
        variables = _spooler_variables(listed.cloud_spooler)
        made = _function(fleet, "GGCloudSpooler", "system:cloud-spooler", MEMORY, variables)
        configuration = made["FunctionConfiguration"]
        assert isinstance(configuration, dict)
        yield {**made, "FunctionConfiguration": {"Executable": "spooler", **configuration}}
    if listed.stream_manager is not None:
        manager = listed.stream_manager
        variables = _stream_variables(manager)
        name = "system:stream-manager"
        yield _function(fleet, "GGStreamManager", name, manager.memory, variables)


def _function(
    fleet: Fleet, function: str, name: str, memory: int, variables: Variables | None = None
) -> dict[str, Json]:
    """An element; MemorySize in KB, for a container alone as with any function."""
    values: dict[str, Json] = {"Pinned": True, "Timeout": TIMEOUT}
    if fleet.function_defaults.isolation is not Isolation.NONE:
        values["MemorySize"] = memory
    given = {key: _text(value) for key, value in (variables or {}).items() if value is not None}
    if given:
        values["Environment"] = {"Variables": given}
    return {
        "Id": name,
        "FunctionArn": f"arn:aws:lambda:::function:{function}:1",
        "FunctionConfiguration": values,
    }


def _spooler_variables(spooler: CloudSpooler) -> Variables:
    storage, quality = spooler.storage, spooler.quality
    return {
        "GG_CONFIG_STORAGE_TYPE": STORAGE[storage] if storage else None,
        "GG_CONFIG_MAX_SIZE_BYTES": spooler.size,
        "GG_CONFIG_SUBSCRIPTION_QUALITY": QUALITY[quality] if quality else None,
    }


def _stream_variables(manager: StreamManager) -> Variables:
    exporter = "STREAM_MANAGER_EXPORTER"
    return {
        "STREAM_MANAGER_STORE_ROOT_DIR": manager.store or None,
        "STREAM_MANAGER_SERVER_PORT": manager.port,
        "STREAM_MANAGER_AUTHENTICATE_CLIENT": manager.authenticate,
        f"{exporter}_MAX_BANDWIDTH": manager.bandwidth,
        f"{exporter}_THREAD_POOL_SIZE": manager.threads,
        "JVM_ARGS": manager.jvm_arguments or None,
        "STREAM_MANAGER_READ_ONLY_DIRS": ",".join(manager.read_only) or None,
        f"{exporter}_S3_DESTINATION_MULTIPART_UPLOAD_MIN_PART_SIZE_BYTES": manager.part_size,
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
