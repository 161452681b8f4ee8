"""Isolation: what a function in a Greengrass container needs, and what one without may not have."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import (
    Fleet,
    Function,
    Library,
    LocalDevice,
    LocalResource,
    LocalVolume,
    Severity,
)
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import attached_ml
from ggfleet.spec.rules.registry import LAMBDAS, LITE, V1, Finding, rule

PYTHON_KB = 16 * 1024
"""V1's own default. A Python 3.11 with the standard modules that a Lambda runtime imports, and
nothing else, was measured at 17 MB."""

ML_KB = 96 * 1024
"""What AWS's smallest tutorial of ML inference gives its function."""

GPU_KB = 2 * 10**9 // 1024
"""What AWS's tutorials give a function on a Jetson's GPU."""


@rule(
    "container-memory",
    Severity.ERROR,
    V1,
    reason="V1 refuses a containerised function without MemorySize.",
    source=pages.TROUBLESHOOTING,
    fix="Add memory: 256 MiB (function and libraries together), or isolation: none.",
    example="functions:\n  other: {source: code, handler: function.handler}\n",
    firm=True,
)
def containers_have_memory(fleet: Fleet) -> Iterator[Finding]:
    """The V1 API refuses a containerised function without MemorySize."""
    for function in fleet.functions.values():
        if function.contained and not function.memory:
            yield (
                f"functions.{function.name}.memory",
                "is missing: V1 refuses a containerised function without a memory limit",
                "add memory: 256 MiB (function and libraries together), or isolation: none",
            )


@rule(
    "container-memory-ignored",
    Severity.WARNING,
    V1,
    reason="V1 refuses MemorySize without a container, so the group leaves it out.",
    source=pages.TROUBLESHOOTING,
    fix="Remove it, or write isolation: container.",
    example="functions:\n  classify: {isolation: none, memory: 64 MiB}\n",
)
def memory_needs_a_container(fleet: Fleet) -> Iterator[Finding]:
    """The V1 API refuses MemorySize without a container, so the group leaves it out."""
    for function in fleet.functions.values():
        if function.memory and not function.contained:
            yield (
                f"functions.{function.name}.memory",
                "is not enforced without a container; the V1 group leaves it out",
                "remove it, or write isolation: container",
            )


@rule(
    "container-memory-python",
    Severity.WARNING,
    LAMBDAS,
    reason="Python, with the standard modules of a Lambda runtime, needs about 16 MiB before the "
    "function's own code is imported; below that the kernel ends the process while it starts.",
    source=f"{pages.API_V1} (the default of 16 MB); measured with Python 3.11: 17 MB",
    fix="Give it 32 MiB or more.",
    example="functions:\n  classify: {memory: 8 MiB}\n",
)
def memory_holds_python(fleet: Fleet) -> Iterator[Finding]:
    """A container's memory must hold Python itself."""
    for function in fleet.functions.values():
        small = function.contained and 0 < function.memory < PYTHON_KB
        if small and function.in_python:
            yield (
                f"functions.{function.name}.memory",
                f"is {function.memory} KB; Python and a Lambda runtime take about 16 MiB",
                "give it 32 MiB or more",
            )


@rule(
    "container-memory-libraries",
    Severity.WARNING,
    LAMBDAS,
    reason="ML libraries that fill an archive of their own do not fit into a few MB once they are "
    "imported. AWS's tutorials give 96 MB to the smallest, 1 GB to DLR and 2 GB on a Jetson's GPU.",
    source=pages.ML_INFERENCE,
    fix="Measure the function with `ggfleet run` or `ggfleet compare` and give it what it takes.",
    example="libraries:\n  numpy: {requirements: libraries.txt, install: ml-resource, "
    "destination: /mllibs}\nfunctions:\n  classify: {memory: 64 MiB, libraries: [numpy]}\n",
)
def memory_holds_libraries(fleet: Fleet) -> Iterator[Finding]:
    """A container's memory must hold its ML libraries."""
    for function in fleet.functions.values():
        libraries = [r.name for r in attached_ml(fleet, function) if isinstance(r, Library)]
        if function.contained and libraries and PYTHON_KB <= function.memory < ML_KB:
            yield (
                f"functions.{function.name}.memory",
                f"is {function.memory // 1024} MiB, little for {', '.join(libraries)}",
                "give it 96 MiB or more; `ggfleet compare` measures what it takes",
            )


@rule(
    "container-memory-gpu",
    Severity.WARNING,
    LAMBDAS,
    reason="On a Jetson the GPU has no memory of its own: what a model takes there counts in the "
    "function's limit. AWS's tutorials give such a function 2 GB at least.",
    source=pages.ML_INFERENCE,
    fix="Measure the function on the board, and give it what it takes.",
    example='platforms:\n  pi: {architecture: aarch64, python: "3.8", glibc: "2.31", gpu: jetson}\n'
    "resources:\n  gpu: {device: /dev/nvhost-gpu}\n"
    "functions:\n  classify: {memory: 512 MiB, resources: {gpu: rw}}\n",
)
def memory_holds_what_the_gpu_has(fleet: Fleet) -> Iterator[Finding]:
    """A container's memory must hold what the function has on a Jetson's GPU."""
    for function in _on_a_gpu(fleet):
        if 0 < function.memory < GPU_KB:
            yield (
                f"functions.{function.name}.memory",
                f"is {function.memory // 1024} MiB, little for a function on a Jetson's GPU",
                "give it 2 GiB, or what `ggfleet compare` measures on the board",
            )


@rule(
    "container-gpu-sysfs",
    Severity.NOTE,
    LAMBDAS,
    reason="AWS's tutorials let each function that uses a GPU in a container read the device's "
    "/sys, where drivers tell what hardware there is.",
    source=pages.ML_INFERENCE,
    fix="Write access_sysfs: true.",
    example='platforms:\n  pi: {architecture: aarch64, python: "3.8", glibc: "2.31", gpu: jetson}\n'
    "resources:\n  gpu: {device: /dev/nvhost-gpu}\n"
    "functions:\n  classify: {memory: 2 GiB, resources: {gpu: rw}}\n",
)
def gpus_are_found_in_sysfs(fleet: Fleet) -> Iterator[Finding]:
    """A function on a Jetson's GPU reads the device's /sys."""
    for function in _on_a_gpu(fleet):
        if not function.access_sysfs:
            message = "uses a Jetson's GPU in a container that does not see the device's /sys"
            yield f"functions.{function.name}", message, "write access_sysfs: true"


def _on_a_gpu(fleet: Fleet) -> Iterator[Function]:
    """The functions in containers that have a Jetson's GPU."""
    jetson = any(platform.gpu == "jetson" for platform in fleet.used_platforms())
    gpus = {name for name, each in fleet.resources.items() if jetson and _is_gpu(each)}
    for function in fleet.functions.values():
        if function.contained and gpus.intersection(function.resources):
            yield function


def _is_gpu(resource: LocalResource) -> bool:
    if not isinstance(resource, LocalDevice):
        return False
    return "gpu" in resource.hardware or resource.path.startswith(("/dev/nvhost", "/dev/nvmap"))


@rule(
    "container-sysfs",
    Severity.WARNING,
    V1,
    reason="V1 refuses AccessSysfs without a container, so the group leaves it out; a process sees "
    "the device's /sys anyway.",
    source=f"{pages.TROUBLESHOOTING}; {pages.GROUP_CONFIG}",
    fix="Remove it, or write isolation: container.",
    example="functions:\n  classify: {isolation: none, access_sysfs: true}\n",
)
def sysfs_needs_a_container(fleet: Fleet) -> Iterator[Finding]:
    """The V1 API refuses AccessSysfs without a container, so the group leaves it out."""
    for function in fleet.functions.values():
        if function.access_sysfs and not function.contained:
            yield (
                f"functions.{function.name}.access_sysfs",
                "has no meaning without a container; the V1 group leaves it out",
                "remove it, or write isolation: container",
            )


@rule(
    "container-local-resource",
    Severity.ERROR,
    V1,
    reason="V1 attaches devices and volumes to containers only: a process without one sees the "
    "host's own files, with the rights of its user.",
    source=f"{pages.TROUBLESHOOTING}; {pages.LOCAL_RESOURCES}",
    fix="Remove the resource from the function, or write isolation: container.",
    example="resources:\n  camera: {device: /dev/video0}\n"
    "functions:\n  other: {source: code, handler: function.handler, isolation: none, "
    "resources: {camera: rw}}\n",
    firm=True,
)
def local_resources_need_a_container(fleet: Fleet) -> Iterator[Finding]:
    """V1 attaches devices and volumes to containers only."""
    for function in fleet.functions.values():
        for name in function.resources:
            resource = fleet.resources.get(name)
            if isinstance(resource, LocalDevice | LocalVolume) and not function.contained:
                yield (
                    f"functions.{function.name}.resources.{name}",
                    "is a device or volume, and the function has isolation: none, which V1 refuses",
                    "remove it (the process sees the host's files), or write isolation: container",
                )


@rule(
    "container-lite",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite has no Lambda components and so no containers: a component opens the "
    "host's own device or folder, at its path on the host, with the rights of the component's "
    "user.",
    source=f"{pages.RUNTIMES}; {pages.LITE_RECIPES}",
    fix="Let the playbooks put the component's user into the group that owns the device or folder.",
    example="resources:\n  camera: {device: /dev/video0}\n"
    "functions:\n  classify: {resources: {camera: rw}}\n",
)
def lite_opens_the_hosts_files(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite gives nobody a device or volume: a component opens the host's own."""
    kinds = LocalDevice | LocalVolume
    names = [name for name, each in fleet.resources.items() if isinstance(each, kinds)]
    if names:
        yield (
            "resources",
            f"are not given by nucleus lite, which has no containers ({', '.join(names)})",
            "put the component's user into the groups that own them on the device",
        )
