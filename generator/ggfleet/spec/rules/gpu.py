"""Platforms with a GPU, and functions that want it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import Fleet, Function, LocalDevice, LocalVolume, Platform, Severity
from ggfleet.spec.presets import JETSON_NODES
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import listed, text_of, told
from ggfleet.spec.rules.registry import LAMBDAS, SPEC, Finding, of_files, rule

GPU_LIBRARIES = re.compile(
    r"^\s*(tensorrt[\w-]*|tensorflow-gpu|onnxruntime-gpu|cupy[\w-]*|nvidia-[\w-]+|pycuda"
    r"|jetson[\w-]*|dlr-gpu)\b",
    re.MULTILINE | re.IGNORECASE,
)
"""Distributions that are for NVIDIA's GPUs alone."""

_JETSON = 'platforms: {pi: {architecture: aarch64, python: "3.8", glibc: "2.31", gpu: jetson}}\n'


@rule(
    "platform-gpu-nodes",
    Severity.WARNING,
    LAMBDAS,
    reason="A program reaches a Jetson's GPU through several device nodes, and fails when a "
    "container shows some of them alone.",
    source="Device nodes of public samples of V1 for Jetsons, not tried on the board; "
    + pages.LOCAL_RESOURCES,
    fix="Name device: gpu with a preset of the board, which stands for all of them.",
    example=f"{_JETSON}resources: {{gpu: {{device: /dev/nvhost-gpu}}}}\n"
    "functions: {classify: {resources: {gpu: rw}}}\n",
)
def gpus_are_whole(fleet: Fleet) -> Iterator[Finding]:
    """A container that sees one node of a Jetson's GPU sees all of them."""
    for platform in _jetsons(fleet):
        here = fleet.on(platform.name)
        for function in here.functions.values():
            seen = _nodes(here, function)
            missing = [node for node in JETSON_NODES if node not in seen]
            if function.contained and missing and len(missing) < len(JETSON_NODES):
                yield (
                    f"functions.{function.name}.resources",
                    f"has nodes of the GPU of {platform.name}, but not {listed(missing)}",
                    "name device: gpu with a preset of the board",
                )


@of_files(
    "platform-gpu",
    Severity.WARNING,
    LAMBDAS,
    reason="A container sees no device node that is not attached to its function. A library for "
    "the GPU then fails to load, or computes on the CPU.",
    source=f"{pages.LOCAL_RESOURCES}; {pages.ML_INFERENCE}",
    fix="Attach resources: {gpu: rw} with device: gpu, or write isolation: none.",
    example={
        SPEC: f"{_JETSON}libraries: {{cuda: {{requirements: libraries.txt, install: ml-resource, "
        "destination: /mllibs}}\nfunctions: {classify: {libraries: [cuda], memory: 2 GiB}}\n",
        "libraries.txt": "onnxruntime-gpu==1.16.3\n",
    },
)
def gpus_are_attached(fleet: Fleet, _: Path) -> Iterator[Finding]:
    """A container with libraries for a Jetson's GPU sees the GPU."""
    jetsons = [(each, fleet.on(each.name)) for each in _jetsons(fleet)]
    for function in fleet.functions.values():
        blind = [each for each, here in jetsons if not _nodes(here, function)]
        wants = _gpu_library(fleet, function, blind) if function.contained else ""
        if wants:
            yield (
                f"functions.{function.name}",
                f"has {wants} for the GPU of {told(blind)}, and sees no device of it",
                "attach resources: {gpu: rw} with device: gpu, or write isolation: none",
            )


def _jetsons(fleet: Fleet) -> list[Platform]:
    return [each for each in fleet.used_platforms() if each.gpu == "jetson"]


def _nodes(here: Fleet, function: Function) -> set[str]:
    """The device nodes of a GPU that a function sees on a platform."""
    attached = here.functions[function.name].resources
    found = (here.resources.get(name) for name in attached)
    paths = (
        each.path if isinstance(each, LocalDevice) else each.source
        for each in found
        if isinstance(each, LocalDevice | LocalVolume)
    )
    return {path for path in paths if path.startswith(("/dev/nvhost", "/dev/nvmap", "/dev/dri"))}


def _gpu_library(fleet: Fleet, function: Function, platforms: list[Platform]) -> str:
    """A distribution for GPUs that a function gets on one of the platforms; empty without."""
    for platform in platforms:
        for name in function.libraries:
            if name in fleet.libraries:
                file = fleet.libraries[name].on(platform.name).requirements
                if found := GPU_LIBRARIES.search(text_of(file)):
                    return found[1]
    return ""
