"""The steps of rendered recipes, run by /bin/sh against real archives and real mounts.

What this cannot show is a nucleus; tests/functional/v2_device.py does what one does around a step.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from functional.v2_device import Component, Device, by_key, mounts, until
from ggfleet.bundle.archive import pack
from ggfleet.bundle.sources import model_entries
from ggfleet.bundle.tree import lay
from ggfleet.model import (
    ADAPTER,
    Archive,
    Components,
    Compression,
    Document,
    Fleet,
    Form,
    Layout,
    Manifest,
    Part,
)
from ggfleet.render import render
from ggfleet.system.progress import Silent
from unit.factories import (
    make_archive,
    make_fleet,
    make_function,
    make_library,
    make_model,
    make_platform,
)

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
ADAPTER_CODE = """
import os, sys, answers
sys.path.append(sys.argv[sys.argv.index("--package") + 1])
import function
root = sys.argv[sys.argv.index("--root") + 1]
model = os.path.join(root, "packages/artifacts-unarchived", {model!r})
print("answer", answers.VALUE, open(os.path.join(model, "weights")).read())
"""


def can_mount() -> str:
    """Why no image can be mounted here; empty when one can."""
    if os.geteuid() != 0:
        return "needs root to mount"
    if not shutil.which("mksquashfs"):
        return "needs mksquashfs (package squashfs-tools)"
    there = "squashfs" in Path("/proc/filesystems").read_text()
    return "" if there and Path("/dev/loop-control").exists() else "needs squashfs and loop devices"


needs_mounts = pytest.mark.skipif(bool(can_mount()), reason=can_mount() or "can mount")


@dataclass
class World:
    """A fleet with a library, a model and a function, its archives, and a device."""

    folder: Path
    layout: Layout
    value: int = 42
    compression: Compression = Compression.GZIP

    def __post_init__(self) -> None:
        self.device = Device(self.folder / "root")
        self.build()

    def build(self) -> None:
        """Make the archives and render."""
        name = f"t{os.getpid()}"
        library = make_library("answers", layout=self.layout, compression=self.compression)
        function = make_function("ask", libraries=("answers",), models=("m",))
        self.fleet: Fleet = make_fleet(
            name=name,
            platforms=[make_platform(python=HERE)],
            libraries=[library],
            models=[make_model("m", destination="/models/m")],
            functions=[function],
            components=Components(prefix="test"),
        )
        form = Form.IMAGE if self.layout is Layout.IMAGE else Form.ZIP
        manifest = Manifest(
            (
                self.archive(
                    Part.LIBRARIES, "answers", "answers.py", f"VALUE = {self.value}", form
                ),
                self.archive(Part.MODEL, "m", "weights", "w"),
                self.archive(Part.FUNCTION, "ask", "function.py", ""),
                make_archive(Part.ADAPTER, ADAPTER),
            )
        )
        first = render(self.fleet, manifest, "recipes-v2")
        model = configuration(first.documents)["function"]["resources"]["/models/m"]
        code = ADAPTER_CODE.format(model=model)
        adapter = self.archive(Part.ADAPTER, ADAPTER, "component_runtime.py", code)
        self.manifest = Manifest((*manifest.archives[:-1], adapter))

    def archive(
        self, part: Part, name: str, path: str, text: str, form: Form = Form.ZIP
    ) -> Archive:
        """A real archive of one file."""
        source = self.folder / "src" / part / str(self.value)
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(text)
        packed, _ = pack(
            lay(model_entries(source)),
            lambda digest: self.folder / "out" / f"{name}-{digest[:16]}.{form}",
            Silent(),
            label=name,
            form=form,
            compression=self.compression,
        )
        file, digest = packed.path.name, packed.tree_sha256
        same = {"form": form, "compression": self.compression}
        return make_archive(part, name, file=file, key=file, tree_sha256=digest, **same)

    def component(self, kind: str, target: str = "recipes-v2") -> Component:
        """Install a component on the device."""
        rendering = render(self.fleet, self.manifest, target)
        folder = "recipes/" if target == "recipes-v2" else "local/lite/recipes/"
        (recipe,) = (
            each
            for each in rendering.documents
            if each.path.startswith(folder) and f".{kind}." in each.path
        )
        return self.device.install(recipe, by_key(self.manifest.archives, self.folder / "out"))


def configuration(documents: tuple[Document, ...]) -> Any:
    """The configuration of the function's component."""
    (recipe,) = (d.content for d in documents if ".function.ask-" in d.path)
    assert isinstance(recipe, dict)
    return recipe["ComponentConfiguration"]["DefaultConfiguration"]


def place_of(component: Component) -> Path:
    """The folder of a component's mounts."""
    return Path(f"/run/ggfleet/{component.name}")


def children(pid: int) -> list[str]:
    """The commands of a process's children, from the kernel: not every machine has `ps`."""
    found = []
    for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
            found.append(Path(f"/proc/{each}/comm").read_text().strip())
    return found


def mounted(component: Component) -> list[str]:
    return [each for each in mounts() if each.startswith(f"{place_of(component)}/")]


@pytest.mark.parametrize("layout", [Layout.ZIP, Layout.SELF_UNPACK])
def test_a_function_imports_what_other_components_unpacked(tmp_path: Path, layout: Layout) -> None:
    """PYTHONPATH and the model's path, as rendered, lead to the files of the other two components."""
    world = World(tmp_path, layout)
    library = world.component("library")
    world.component("model")
    if layout is Layout.SELF_UNPACK:
        library.run("install")
    assert "answer 42 w" in world.component("function").run("run")


def test_local_recipes_for_lite_unpack_everything_themselves(tmp_path: Path) -> None:
    """Nothing is unpacked for them: library, model, adapter and function are, by their own steps."""
    world = World(tmp_path, Layout.ZIP)
    target = "deployment-v2"
    found = [world.component(kind, target) for kind in ("library", "model", "function")]
    assert not (world.device.root / "packages/artifacts-unarchived").exists()
    for each in found:
        each.run("install")
    # the adapter was made for the other recipes' paths; the local one has its own
    local = found[2].defaults["function"]["resources"]["/models/m"]
    unarchived = world.device.root / "packages/artifacts-unarchived"
    unarchived.mkdir()
    assert (unarchived / local / "weights").read_text() == "w"
    unpacked = found[2].folders["work:path"] / "unpacked"
    assert sorted(p.name for each in unpacked.iterdir() for p in each.iterdir()) == [
        "component_runtime.py",
        "function.py",
    ]


def test_unpacking_again_changes_nothing(tmp_path: Path) -> None:
    """Classic runs `install` at each of its starts."""
    component = World(tmp_path, Layout.SELF_UNPACK).component("library")
    component.run("install")
    (folder,) = (component.folders["work:path"] / "unpacked").iterdir()
    before = (folder / "answers.py").stat()
    component.run("install")
    assert (folder / "answers.py").stat().st_mtime_ns == before.st_mtime_ns
    assert (folder / "answers.py").stat().st_ino == before.st_ino


def test_a_damaged_archive_fails_the_step_and_leaves_no_folder(tmp_path: Path) -> None:
    """A folder has its name only when everything is in it."""
    component = World(tmp_path, Layout.SELF_UNPACK).component("library")
    (archive,) = component.folders["artifacts:path"].iterdir()
    whole = archive.read_bytes()
    archive.write_bytes(whole[:40])
    with component.running("install") as process:
        process.communicate(timeout=60)
    assert process.returncode != 0
    assert [p.name for p in (component.folders["work:path"] / "unpacked").iterdir()] == [".new"]
    archive.write_bytes(whole)
    component.run("install")


def test_an_update_removes_what_the_earlier_version_unpacked(tmp_path: Path) -> None:
    """Not before the new version runs: until then the old one may be in use."""
    world = World(tmp_path, Layout.SELF_UNPACK)
    world.component("library").run("install")
    world.value = 43
    world.build()
    library = world.component("library")
    library.run("install")
    unpacked = library.folders["work:path"] / "unpacked"
    assert len(list(unpacked.iterdir())) == 2
    with library.running("run"):
        until(lambda: len(list(unpacked.iterdir())) == 1, "the old folder is removed")
    (left,) = unpacked.iterdir()
    assert (left / "answers.py").read_text() == "VALUE = 43"


def test_a_tarball_in_s3_is_unpacked_by_the_component(tmp_path: Path) -> None:
    """V2 has no form for it."""
    world = World(tmp_path, Layout.ZIP)
    (tmp_path / "weights").write_text("t")
    with tarfile.open(tmp_path / "out" / "m.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "weights", "weights")
    model = make_model("m", source="s3://b/m.tar.gz", destination="/models/m")
    world.fleet = replace(world.fleet, models={"m": model})
    archives = [each for each in world.manifest.archives if each.part is not Part.MODEL]
    world.manifest = Manifest(
        (*archives, make_archive(Part.MODEL, "m", key="m.tar.gz", file="m.tar.gz"))
    )
    component = world.component("model")
    component.run("install")
    (folder,) = (component.folders["work:path"] / "unpacked").iterdir()
    assert (folder / "weights").read_text() == "t"


@needs_mounts
def test_an_image_is_mounted_while_its_component_runs(tmp_path: Path) -> None:
    """A function that starts first waits for it; afterwards no mount, folder or loop device is left."""
    world = World(tmp_path, Layout.IMAGE)
    library, function = world.component("library"), world.component("function")
    world.component("model")
    with function.running("run") as waiting, library.running("run") as process:
        said, _ = waiting.communicate(timeout=30)
        assert "answer 42 w" in said
        (place,) = mounted(library)
        with pytest.raises(OSError, match="Read-only"):
            (Path(place) / "new").write_text("")
        process.terminate()
        process.wait(10)
    assert mounted(library) == []
    assert not place_of(library).exists()
    listed = subprocess.run(["losetup", "-a"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in listed


@needs_mounts
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_polite_signal_unmounts(tmp_path: Path, sent: signal.Signals) -> None:
    """Nuclei differ in what they send, and to the group or to the shell alone."""
    library = World(tmp_path, Layout.IMAGE).component("library")
    with library.running("run") as process:
        until(lambda: bool(mounted(library)), "the image is mounted")
        os.kill(process.pid, sent)
        assert process.wait(10) == 0
    assert mounted(library) == []


@needs_mounts
def test_what_a_killed_step_left_is_unmounted_by_the_next_version(tmp_path: Path) -> None:
    """SIGKILL cannot be caught; the mount stays until the next start, and is not stacked upon."""
    world = World(tmp_path, Layout.IMAGE)
    library = world.component("library")
    with library.running("run") as process:
        until(lambda: bool(mounted(library)), "the image is mounted")
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    (left,) = mounted(library)
    with library.running("run") as process:
        until(lambda: "sleep" in children(process.pid), "the step is past its mount")
        assert mounted(library) == [left]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
    assert mounted(library) == [left]
    world.value = 43
    world.build()
    newer = world.component("library")
    with newer.running("run"):
        until(lambda: [left] != mounted(newer) != [], "the new image is mounted")
        (now,) = mounted(newer)
        assert (Path(now) / "answers.py").read_text() == "VALUE = 43"
    assert mounted(newer) == []


@needs_mounts
def test_after_a_reboot_the_run_step_mounts_again(tmp_path: Path) -> None:
    """/run is empty and nothing is mounted: nucleus lite runs no `install` then, only `run`."""
    library = World(tmp_path, Layout.IMAGE).component("library")
    shutil.rmtree(place_of(library), ignore_errors=True)
    assert list(library.manifest["Lifecycle"]) == ["run"]
    with library.running("run"):
        until(lambda: bool(mounted(library)), "the image is mounted")
    assert mounted(library) == []


@needs_mounts
def test_an_image_that_cannot_be_mounted_fails_the_step(tmp_path: Path) -> None:
    """Both nuclei then tell the deployment that the component is broken."""
    library = World(tmp_path, Layout.IMAGE).component("library")
    (image,) = library.folders["artifacts:path"].iterdir()
    image.write_bytes(b"no file system")
    with library.running("run") as process:
        process.communicate(timeout=30)
    assert process.returncode != 0
    assert mounted(library) == []
    assert not place_of(library).exists()
