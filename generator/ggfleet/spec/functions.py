"""The functions of a fleet, how they run, and the core's own functions beside them."""

from __future__ import annotations

from pathlib import Path

from ggfleet.model import (
    CloudSpooler,
    Encoding,
    Function,
    FunctionDefaults,
    Isolation,
    RunAs,
    StreamManager,
    SystemFunctions,
)
from ggfleet.spec import tables
from ggfleet.spec.section import Section


def read_functions(top: Section, folder: Path, defaults: FunctionDefaults) -> dict[str, Function]:
    """`functions:`: what changes sometimes, a few KB."""
    found = tables.Spec.functions.read(top)
    return {name: _function(name, section, folder, defaults) for name, section in found}


def _function(name: str, section: Section, folder: Path, defaults: FunctionDefaults) -> Function:
    table = tables.Function
    _check_entry(section)
    executable = table.executable.read(section)
    libraries, library_access = table.libraries.read(section)
    models, model_access = table.models.read(section)
    isolation = table.isolation.read(section)
    encoding = Encoding.BINARY if executable else Encoding.JSON
    return Function(
        name=name,
        sources=tuple(folder / source for source in table.source.read(section) if source),
        handler=table.handler.read(section) or executable,
        pinned=table.pinned.read(section),
        timeout=table.timeout.read(section),
        isolation=isolation or defaults.isolation or Isolation.CONTAINER,
        isolation_told=isolation is not None,
        memory=table.memory.read(section),
        libraries=libraries,
        models=models,
        resources=table.resources.read(section),
        environment=_environment(section),
        library_access=library_access,
        model_access=model_access,
        encoding=table.encoding.read(section) or encoding,
        executable=executable,
        exec_args=table.exec_args.read(section),
        run_as=_run_as(table.run_as.read(section)),
        access_sysfs=table.access_sysfs.read(section),
        runtime=table.runtime.read(section),
        credentials=table.credentials.read(section),
        updates=table.updates.read(section),
    )


def _check_entry(section: Section) -> None:
    """A function has a handler, or is a native executable, which takes bytes alone."""
    if not section.has("executable"):
        section.require("handler")
        return
    for key in ("handler", "runtime"):
        if section.has(key):
            section.error(key, "has no meaning beside an executable", "remove one of the two")
    if tables.Function.encoding.read(section) is Encoding.JSON:
        section.error("encoding", "cannot be 'json' for an executable", "write binary or nothing")


def _environment(section: Section) -> dict[str, str]:
    variables = tables.Function.environment.read(section)
    for name in variables:
        if not (name.isascii() and name.isidentifier()):
            section.section("environment").error(  # type: ignore[union-attr]
                name, f"{name!r} cannot be the name of a variable", "letters, digits and _"
            )
    return variables


def read_function_defaults(top: Section) -> FunctionDefaults:
    """`function_defaults:`: what holds for functions that say nothing."""
    section = tables.Spec.function_defaults.read(top)
    if section is None:
        return FunctionDefaults()
    table = tables.FunctionDefaults
    return FunctionDefaults(table.isolation.read(section), _run_as(table.run_as.read(section)))


def _run_as(section: Section | None) -> RunAs | None:
    if section is None:
        return None
    if not section.has("uid") and not section.has("gid"):
        section.problems.error(section.path, "names no id", "write {uid: 1001, gid: 1001}")
    return RunAs(tables.RunAs.uid.read(section), tables.RunAs.gid.read(section))


def read_system_functions(top: Section) -> SystemFunctions:
    """`system_functions:`: the core's own functions that the group lists."""
    section = tables.Spec.system_functions.read(top)
    if section is None:
        return SystemFunctions()
    table = tables.SystemFunctions
    return SystemFunctions(
        ip_detector=table.ip_detector.read(section),
        cloud_spooler=_cloud_spooler(table.cloud_spooler.read(section)),
        stream_manager=_stream_manager(table.stream_manager.read(section)),
    )


def _cloud_spooler(section: Section | None) -> CloudSpooler | None:
    if section is None:
        return None
    table = tables.CloudSpooler
    return CloudSpooler(
        table.storage.read(section), table.size.read(section), table.quality.read(section)
    )


def _stream_manager(section: Section | None) -> StreamManager | None:
    if section is None:
        return None
    table = tables.StreamManager
    return StreamManager(
        memory=table.memory.read(section),
        store=table.store.read(section),
        port=table.port.read(section),
        authenticate=table.authenticate.read(section),
        bandwidth=table.bandwidth.read(section),
        threads=table.threads.read(section),
        jvm_arguments=table.jvm_arguments.read(section),
        read_only=table.read_only.read(section),
        part_size=table.part_size.read(section),
    )
