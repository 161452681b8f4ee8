"""A spec so small that a life by it takes a moment: two packages, a model, a function."""

from __future__ import annotations

import random
from pathlib import Path

from unit.wheelmaker import make_wheel

HEAVY, LIGHT, MODEL = 1_500_000, 20_000, 60_000
"""Bytes that no compressor makes smaller."""
SPEC = """\
fleet: small
aws: {region: eu-west-1, account: "123456789012", bucket: small-greengrass}
platforms: {pc: {architecture: x86_64, python: "3.11", glibc: "2.36"}}
cores: {inventory: hosts.yml, groups: {pcs: pc}}
libraries: {lib: {requirements: lib.txt, install: ml-resource, destination: /mllibs}}
models: {m: {source: m, version: 1.0.0, destination: /models/m}}
functions:
  fn: {source: code, handler: function.handler, timeout: 5 s, isolation: none, pinned: true,
       libraries: [lib], models: [m], environment: {ERROR_TOPIC: errors}}
"""
FUNCTION = """\
import os
import greengrasssdk, heavy, light
MODEL = open(os.environ["AWS_GG_RESOURCE_PREFIX"] + "/models/m/weights", "rb").read()
def handler(event, context):
    greengrasssdk.client("iot-data").publish(topic="answers", payload=str(light.number + len(MODEL)))
"""


def small_spec(folder: Path) -> Path:
    """Write the spec and all that it names; `light` has three versions. Returns the spec."""
    weight = random.Random(1).randbytes
    heavy: dict[str, str | bytes] = {"heavy/__init__.py": "", "heavy/w": weight(HEAVY)}
    make_wheel(folder / "wheels", "heavy", files=heavy)
    for number, version in enumerate(("1.0.0", "1.0.1", "1.1.0")):
        files: dict[str, str | bytes] = {
            "light.py": f"number = {number}\n",
            "light.bin": weight(LIGHT),
        }
        make_wheel(folder / "wheels", "light", version, files=files)
    (folder / "lib.txt").write_text("--no-index\n--find-links wheels\nheavy==1.0\nlight==1.0.0\n")
    for name in ("code", "m"):
        (folder / name).mkdir()
    (folder / "code/function.py").write_text(FUNCTION)
    (folder / "m/weights").write_bytes(weight(MODEL))
    (folder / "hosts.yml").write_text("pcs: {hosts: {pc-1: {}}}\n")
    (folder / "fleet.yml").write_text(SPEC)
    return folder / "fleet.yml"
