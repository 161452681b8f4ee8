"""Writes the fleet that `scale.py` measures: any number of cores, and all that they run.

    PYTHONPATH=generator python benchmarks/large_fleet.py FOLDER CORES [FUNCTIONS]

Four platforms, three libraries (one in each way to a device), five models of which one differs by
platform, four resources, 20 functions, three subscriptions for each, an Ansible inventory of one
YAML file with a group for each platform, and a manifest of archives that nobody built: their
digests and sizes are made up.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from ggfleet.bundle import write_manifest
from ggfleet.model import ADAPTER, ANY_PLATFORM, Archive, Manifest, Part

NAME = "large"
FUNCTIONS = 20
MODELS = 5
GROUPS = {"raspberry_pi": "pi", "raspberry_pi_5": "pi5", "jetson": "orin", "gateway": "gateway"}
"""Groups of the inventory and the platform of their hosts; cores are spread over them evenly."""
ACCOUNT = "123456789012"

HEAD = f"""\
fleet: {NAME}
aws: {{region: eu-west-1, account: "{ACCOUNT}", bucket: large-greengrass}}
platforms:
  pi: {{preset: pi4-64}}
  pi5: {{preset: pi5-64}}
  orin: {{preset: jetson-orin}}
  gateway: {{architecture: x86_64, python: "3.11", glibc: "2.36", hardware: {{camera: []}}}}
libraries:
  tensorflow: {{requirements: libraries.txt, install: ml-resource, destination: /mllibs}}
  numpy: {{requirements: libraries.txt, install: os-pip}}
  edge-runtime: {{requirements: libraries.txt, install: in-function}}
resources:
  camera: {{device: camera, owner: video}}
  frames: {{volume: /srv/frames, destination: /frames}}
  state: {{volume: {{orin: /ssd/state, other: /srv/state}}, destination: /state}}
  broker: {{secret: "arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:broker-AbCdEf"}}
loggers:
  - {{component: lambda, level: INFO, to: file, space: 10 MiB}}
  - {{component: greengrass, level: INFO, to: file, space: 10 MiB}}
deployment:
  on_failure: rollback
  rollout: {{start: 10 per minute, factor: 2, after: 10 succeeded}}
  abort: {{failed: 10 %, after: 5 cores}}
  components: {{aws.greengrass.SecretManager: "2.1.8"}}
components: {{prefix: com.example}}
"""

KINDS = (
    "memory: 256 MiB, libraries: [tensorflow], resources: {camera: rw, frames: ro}",
    "isolation: none, libraries: [tensorflow, numpy]",
    "memory: 64 MiB, libraries: [edge-runtime], resources: {state: rw}",
    "memory: 64 MiB, resources: {broker: ro}, environment: {LEVEL: info}",
)
"""What functions have besides code, handler and model, by turns."""


def write_fleet(folder: Path, cores: int, functions: int = FUNCTIONS) -> Path:
    """Write the spec, all that it names and `bundles/manifest.json`; returns the spec's path."""
    (folder / "bundles").mkdir(parents=True)
    (folder / "libraries.txt").write_text("numpy==1.26.4\n")
    for number in range(functions):
        code = folder / f"function-{number}"
        code.mkdir()
        (code / "function.py").write_text("def handler(event, context):\n    return event\n")
    for number in range(MODELS):
        (folder / f"model-{number}").write_bytes(b"weights")
    _write_inventory(folder / "hosts.yml", cores)
    write_manifest(folder / "bundles/manifest.json", Manifest(tuple(_archives(functions))))
    spec = folder / "fleet.yml"
    parts = (*_cores(cores), *_models(), *_functions(functions), *_subscriptions(functions))
    spec.write_text("\n".join((HEAD, *parts, "")))
    return spec


def _cores(cores: int) -> Iterator[str]:
    """A group that has no host is left out: Ansible does not list it."""
    yield "cores:"
    yield "  inventory: hosts.yml"
    yield f"  groups: {dict(list(GROUPS.items())[:cores])}"


def _models() -> Iterator[str]:
    yield "models:"
    for number in range(MODELS):
        source = f"model-{number}" if number else "{orin: model-1, other: model-0}"
        # V1 refuses a function that has some but not all ML resources of one owner group.
        yield (
            f"  model-{number}: {{source: {source}, version: 1.0.{number}, "
            f"destination: /models/model-{number}, owner: ggc_model_{number}}}"
        )


def _functions(count: int) -> Iterator[str]:
    yield "functions:"
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        yield (
            f"  function-{number}: {{source: function-{number}, handler: function.handler, "
            f"pinned: true, timeout: 30 s, models: [model-{number % MODELS}], {kind}}}"
        )


def _subscriptions(functions: int) -> Iterator[str]:
    """From the cloud to every function, back, and from each to the next."""
    yield "subscriptions:"
    for number in range(functions):
        name, following = f"function-{number}", f"function-{(number + 1) % functions}"
        yield f"  - {{from: cloud, topic: {name}/request, to: {name}}}"
        yield f"  - {{from: {name}, topic: {name}/result, to: cloud}}"
        yield f"  - {{from: {name}, topic: {name}/next, to: {following}}}"


def _write_inventory(path: Path, cores: int) -> None:
    # Line by line: what this process holds would count in the peak memory of those it starts.
    with path.open("w") as stream:
        stream.write("greengrass:\n  children:\n")
        for index, group in enumerate(GROUPS):
            stream.write(f"    {group}:\n      hosts:\n")
            for number in range(index, cores, len(GROUPS)):
                stream.write("".join(f"        {line}\n" for line in _host(number)))


def _host(number: int) -> Iterator[str]:
    digits = hashlib.sha256(str(number).encode()).hexdigest()
    yield f"core-{number:05}:"
    yield f"  ansible_host: 10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    yield f"  greengrass_certificate_arn: arn:aws:iot:eu-west-1:{ACCOUNT}:cert/{digits}"


def _archives(functions: int) -> Iterator[Archive]:
    for platform in GROUPS.values():
        yield _archive(Part.LIBRARIES, "tensorflow", platform, 900_000_000)
        yield _archive(Part.MODEL, "model-0", platform, 4_000_000)
        yield _archive(Part.ADAPTER, ADAPTER, platform, 20_000_000)
        for number in range(functions):
            yield _archive(Part.FUNCTION, f"function-{number}", platform, 3_000_000)
    for number in range(1, MODELS):
        yield _archive(Part.MODEL, f"model-{number}", ANY_PLATFORM, 4_000_000)


def _archive(part: Part, name: str, platform: str, unpacked: int) -> Archive:
    digest = hashlib.sha256(f"{part}/{name}-{platform}".encode()).hexdigest()
    file = f"{part}/{name}-{platform}-{digest[:16]}.zip"
    key = f"ggfleet/{NAME}/{file}"
    size, files = unpacked // 3, unpacked // 50_000
    return Archive(part, name, platform, file, key, digest, digest, size, unpacked, files)


if __name__ == "__main__":
    print(write_fleet(Path(sys.argv[1]), *map(int, sys.argv[2:4])))
