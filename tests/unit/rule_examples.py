"""A small fleet that breaks no rule, and the examples of rules laid over it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ggfleet.bundle import read_manifest
from ggfleet.lint import Checked, check
from ggfleet.model import Manifest

BASE = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: line-greengrass}
platforms:
  pi: {architecture: aarch64, python: "3.8", glibc: "2.31"}
cores: {inventory: hosts.yml, groups: {raspberry_pi: pi}}
functions:
  classify: {source: code, handler: function.handler, memory: 64 MiB, timeout: 30 s, pinned: true}
"""
HOSTS = "raspberry_pi:\n  hosts:\n    pi-01: {}\n"
CODE = "def handler(event, context):\n    pass\n"

# Examples of limits have thousands of lines, which the C library reads in a tenth of the time.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: type = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

Tree = dict[str, Any]


def fresh(folder: Path) -> Path:
    """A folder with every file that the base names."""
    (folder / "code").mkdir(parents=True)
    (folder / "code/function.py").write_text(CODE)
    (folder / "hosts.yml").write_text(HOSTS)
    (folder / "libraries.txt").write_text("numpy\n")
    (folder / "digits").mkdir()
    (folder / "fleet.yml").write_text(BASE)
    return folder


def check_example(folder: Path, example: Mapping[str, str]) -> Checked:
    """Check the base with the files of an example: a spec is laid over it, others replace."""
    fresh(folder)
    for name, text in example.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(laid_over(text) if name == "fleet.yml" else text)
    return check(folder / "fleet.yml", read_hosts, lambda _: _built(folder))


def check_changed(folder: Path, change: str) -> Checked:
    """Check the base with a part of a spec laid over it."""
    return check_example(folder, {"fleet.yml": change})


def laid_over(text: str) -> str:
    """The base with a part of a spec laid over it: mappings are joined, the rest replaces."""
    tree = _joined(yaml.load(BASE, _LOADER), yaml.load(text, _LOADER))
    return yaml.dump(tree, Dumper=_DUMPER, sort_keys=False)


def _built(folder: Path) -> Manifest:
    """The archives of an example."""
    manifest = folder / "build/bundles/manifest.json"
    return read_manifest(manifest) if manifest.exists() else Manifest()


def read_hosts(path: Path) -> Tree:
    """What `ansible-inventory --list` prints for an inventory of one kind of group."""
    groups: Tree = yaml.safe_load(path.read_text())
    hosts = {name: variables for g in groups.values() for name, variables in g["hosts"].items()}
    listed = {group: {"hosts": list(content["hosts"])} for group, content in groups.items()}
    return {"_meta": {"hostvars": hosts}, **listed}


def found(checked: Checked) -> set[str]:
    """The ids of the rules that told something."""
    return {problem.rule for problem in checked.problems}


def _joined(one: Tree, other: Tree) -> Tree:
    result = dict(one)
    for key, value in other.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = _joined(result[key], value) if both else value
    return result
