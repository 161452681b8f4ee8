"""The collection as built from this project, installed where nothing else is, and programs run with it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from functional.ggfleet_command import ROOT
from module_support import module_of

builder = module_of(ROOT / "scripts/collection/build.py")


@dataclass(frozen=True)
class Installed:
    """A folder that Ansible finds collections in, and one to run it from that has no ansible.cfg."""

    archive: Path
    path: Path
    folder: Path

    @property
    def top(self) -> Path:
        return self.path / "ansible_collections/ggfleet/greengrass"

    def env(self) -> dict[str, str]:
        """An environment in which this is the only collection."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")
        }
        return {**kept, "ANSIBLE_COLLECTIONS_PATH": str(self.path), "ANSIBLE_HOME": str(self.folder / "home"),
                "ANSIBLE_NOCOLOR": "1"}  # fmt: skip

    def run(self, program: str, *arguments: str | Path) -> str:
        """Run one of Ansible's programs; what it printed on both ways. A failure fails the test."""
        done = subprocess.run(
            [Path(sys.executable).with_name(program), *arguments], cwd=self.folder, env=self.env(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


def install(folder: Path) -> Installed:
    """Build the collection and install its archive, without a network."""
    archive: Path = builder.build(builder.stage(folder / "tree"), folder)
    (folder / "empty").mkdir()
    installed = Installed(archive, folder / "installed", folder / "empty")
    installed.run(
        "ansible-galaxy", "collection", "install", "--offline", "-p", installed.path, archive
    )
    return installed
