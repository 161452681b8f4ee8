"""A Greengrass root as a nucleus lays it out, and recipe steps run by the shell that it would use."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ggfleet.model import Archive, Document

VARIABLE = re.compile(r"\{([a-zA-Z]+:[a-zA-Z/]+)\}")
PATIENCE = 20.0


class Device:
    """Unpacks what a recipe tells the nucleus to unpack, and replaces recipe variables."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def install(self, recipe: Document, archives: Mapping[str, Path]) -> Component:
        """Place a component's artifacts; `archives` are files by S3 key."""
        component = Component(self.root, recipe)
        for artifact in component.manifest["Artifacts"]:
            key = artifact["Uri"].split("/", 3)[3]
            place = component.folders["artifacts:path"] / Path(key).name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(archives[key], place)
            if artifact["Unarchive"] == "ZIP":
                with zipfile.ZipFile(place) as archive:
                    archive.extractall(component.folders["artifacts:decompressedPath"] / place.stem)
        return component


class Component:
    """An installed component; its steps run as the nuclei run them: `sh -c`, in its work folder."""

    def __init__(self, root: Path, recipe: Document) -> None:
        content: Any = recipe.content
        self.name, version = content["ComponentName"], content["ComponentVersion"]
        self.defaults = content.get("ComponentConfiguration", {}).get("DefaultConfiguration", {})
        (self.manifest,) = content["Manifests"]
        self.folders = {
            "kernel:rootPath": root,
            "artifacts:path": root / "packages/artifacts" / self.name / version,
            "artifacts:decompressedPath": root
            / "packages/artifacts-unarchived"
            / self.name
            / version,
            "work:path": root / "work" / self.name,
        }
        self.folders["work:path"].mkdir(parents=True, exist_ok=True)

    def replaced(self, text: str) -> str:
        """The text as lite reads it: every brace opens a variable, and paths end in a slash."""
        done = VARIABLE.sub(lambda found: f"{self.folders[found[1]]}/", text)
        assert "{" not in done, f"a brace that is no variable: {done}"
        return done

    @contextmanager
    def running(self, step: str) -> Iterator[subprocess.Popen[str]]:
        """The step as a process group of its own, which is gone afterwards."""
        body = self.manifest["Lifecycle"][step]
        variables = {name: self.replaced(value) for name, value in body.get("Setenv", {}).items()}
        process = subprocess.Popen(
            ["/bin/sh", "-c", self.replaced(body["Script"])],
            cwd=self.folders["work:path"],
            env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(PATIENCE)
                finally:
                    if process.poll() is None:
                        os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def run(self, step: str) -> str:
        """Run a step to its end; what it printed. It has to succeed."""
        with self.running(step) as process:
            said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
        return said


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.05)


def by_key(archives: tuple[Archive, ...], out: Path) -> dict[str, Path]:
    """The files of a manifest by S3 key."""
    return {each.key: out / each.file for each in archives}


def mounts() -> list[str]:
    """Where something is mounted now."""
    return [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
