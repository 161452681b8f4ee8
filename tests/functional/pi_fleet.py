"""A fleet of one Pi with a library, a function and a folder of wheels, for the command."""

from __future__ import annotations

import os
from pathlib import Path

from unit.wheelmaker import PI, make_wheel

SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: line-bucket}
platforms:
  pi: {architecture: aarch64, python: "3.11", glibc: "2.36"}
cores:
  inventory: hosts.yml
  groups: {boards: pi}
libraries:
  native: {requirements: native.txt, install: ml-resource, destination: /mllibs}
  pure: {requirements: pure.txt, install: in-function}
functions:
  fn:
    source: fn
    handler: fn.handler
    pinned: true
    memory: 64 MiB
    timeout: 3 s
    isolation: container
    libraries: [native, pure]
"""
HOSTS = """\
boards:
  hosts:
    pi-01: {greengrass_thing_name: pi-01}
"""


def write_project(folder: Path, padding: bytes = b"") -> Path:
    """Two versions of a native package, what it requires, and a pure one; `padding` makes it big."""
    (folder / "fleet.yml").write_text(SPEC)
    (folder / "hosts.yml").write_text(HOSTS)
    (folder / "fn").mkdir()
    (folder / "fn/fn.py").write_text("def handler(event, context): pass\n")
    wheels, needs = folder / "wheels", "Requires-Dist: helper\n"
    code = {f"native/part{number}.py": f"value = {number}\n" for number in range(20)}
    for version in ("1.0", "1.1"):
        files: dict[str, str | bytes] = {**code, "native/data.bin": padding}
        make_wheel(wheels, "native", version, tag=PI, metadata=needs, files=files)
    make_wheel(wheels, "helper", "3.0")
    make_wheel(wheels, "pure", "1.0")
    options = "--no-index\n--find-links wheels\n"
    (folder / "native.txt").write_text(f"{options}native<1.1  # until it is tried\n")
    (folder / "pure.txt").write_text(f"{options}pure\n")
    return folder


def environment(folder: Path) -> dict[str, str]:
    """A cache and a home of its own."""
    return {**os.environ, "GGFLEET_CACHE": str(folder / "cache"), "HOME": str(folder)}
