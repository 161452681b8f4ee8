"""The definition of the execution environment, as ansible-builder reads it. The image is not built: that needs a container engine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml

from functional.collection import builder
from functional.ggfleet_command import ROOT

DEFINITION = ROOT / "execution-environment.yml"


def create(folder: Path) -> subprocess.CompletedProcess[str]:
    """Make the build context in `folder`/context from the definition in `folder`."""
    return subprocess.run(
        [Path(sys.executable).with_name("ansible-builder"), "create", "-f", DEFINITION.name,
         "-c", "context", "--output-filename", "Containerfile"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the definition and the archive that it takes."""
    builder.build(builder.stage(tmp_path / "tree"), tmp_path / "dist")
    shutil.copy(DEFINITION, tmp_path)
    return tmp_path


def test_build_context_has_the_collection_and_what_it_needs(folder: Path) -> None:
    done = create(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    steps = (folder / "context/Containerfile").read_text()
    archives = list((folder / "context/_build/collection").iterdir())
    assert [path.name for path in archives] == [path.name for path in (folder / "dist").iterdir()]
    assert "RUN ansible-galaxy collection install --offline" in steps
    assert "COPY _build/collection /tmp/collection" in steps


def test_versions_are_those_that_the_project_is_tested_with() -> None:
    dependencies = yaml.safe_load(DEFINITION.read_text())["dependencies"]
    pins = [
        dependencies["ansible_core"]["package_pip"],
        dependencies["ansible_runner"]["package_pip"],
    ]
    for pin in [*pins, *dependencies["python"]]:
        name, pinned = re.split("==", pin)
        assert pinned == version(name), name


def test_a_key_that_ansible_builder_does_not_know_is_refused(folder: Path) -> None:
    """Keeps the first test from passing because nothing is looked at."""
    path = folder / DEFINITION.name
    path.write_text(path.read_text().replace("ansible_runner:", "ansible_runer:"))
    done = create(folder)
    assert done.returncode != 0
    assert "ansible_runer" in done.stdout + done.stderr
