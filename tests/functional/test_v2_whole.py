"""Rendered recipes on the embedded V2 core: unmodified V1 functions answer through their adapter."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components_support import client_links
from functional.test_v2_scripts import can_mount
from functional.v2_device import mounts
from ggfleet.bundle import host_platform
from ggfleet.bundle.archive import pack
from ggfleet.bundle.sources import file_entry, model_entries
from ggfleet.bundle.tree import lay
from ggfleet.localcore.v2 import EmbeddedNucleus, load_components
from ggfleet.model import (
    ADAPTER,
    CLOUD,
    Archive,
    Components,
    Fleet,
    Form,
    Layout,
    Manifest,
    Part,
    Subscription,
)
from ggfleet.render import render
from ggfleet.runtime import component_files
from ggfleet.system.documents import write_rendering
from ggfleet.system.files import write_json
from ggfleet.system.progress import Silent
from localcore_harness import PYTHON, sdk
from localcore_support import FolderStore
from unit.factories import make_archive, make_fleet, make_function, make_library, make_model

pytest.importorskip("awsiot")

ADD = """
import json, os
import greengrasssdk
import answers
iot = greengrasssdk.client("iot-data")

def function_handler(event, context):
    with open(os.path.join(os.environ["AWS_GG_RESOURCE_PREFIX"], "models/m/weights")) as stream:
        weights = stream.read()
    found = {"sum": answers.VALUE + event["n"], "weights": weights, "mode": os.environ["MODE"]}
    iot.publish(topic="line/1/found", payload=json.dumps(found))
"""
TELL = """
import json
import greengrasssdk
iot = greengrasssdk.client("iot-data")

def function_handler(event, context):
    subject = context.client_context.custom["subject"]
    iot.publish(topic="told/1", payload=json.dumps({**event, "from": subject}))
"""
SUBSCRIPTIONS = (
    Subscription(CLOUD, "line/+/request", "add"),
    Subscription("add", "line/+/found", "tell"),
    Subscription("tell", "told/#", CLOUD),
)


@dataclass
class Line:
    """Two functions, a library and a model: archives in a store, documents in a folder."""

    folder: Path
    layout: Layout
    store: FolderStore = field(default_factory=FolderStore)

    def fleet(self) -> Fleet:
        own = {"libraries": ("answers",), "models": ("m",), "environment": {"MODE": "x"}}
        return make_fleet(
            name=f"whole-{self.layout}",
            platforms=[host_platform("gateway")],
            libraries=[make_library("answers", layout=self.layout)],
            models=[make_model("m", destination="/models/m")],
            functions=[make_function("add", **own), make_function("tell")],
            subscriptions=SUBSCRIPTIONS,
            components=Components(wanted=True, prefix="com.example"),
        )

    def archives(self) -> Manifest:
        image = Form.IMAGE if self.layout is Layout.IMAGE else Form.ZIP
        functions = {}
        for name, code in (("add", ADD), ("tell", TELL)):
            functions[name] = self._source(name, "function.py", code)
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(sdk(), functions[name] / "greengrasssdk", ignore=ignored)
        return Manifest(
            (
                self._archive(
                    Part.LIBRARIES, "answers", self._source("l", "answers.py", "VALUE = 42"), image
                ),
                self._archive(Part.MODEL, "m", self._source("m", "weights", "w")),
                *(self._archive(Part.FUNCTION, name, at) for name, at in functions.items()),
                self._adapter(),
            )
        )

    def _source(self, name: str, path: str, text: str) -> Path:
        folder = self.folder / "src" / name
        folder.mkdir(parents=True)
        (folder / path).write_text(text)
        return folder

    def _adapter(self) -> Archive:
        """As `ggfleet bundle` lays it out, with the client that is installed here."""
        folder = self.folder / "src/adapter"
        for path, file in component_files().items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder / path)
        for item in client_links(self.folder / "client").iterdir():
            if item.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(item.resolve(), folder / item.name, ignore=ignored)
            else:
                shutil.copy(item.resolve(), folder / item.name)
        return self._archive(Part.ADAPTER, ADAPTER, folder)

    def _archive(self, part: Part, name: str, source: Path, form: Form = Form.ZIP) -> Archive:
        packed, _ = pack(
            lay(model_entries(source)),
            lambda digest: self.folder / "out" / f"{name}-{digest[:16]}.{form}",
            Silent(),
            label=name,
            form=form,
        )
        key = packed.path.name
        self.store.objects[f"s3://line-bucket/{key}"] = packed.path.read_bytes()
        digest = packed.tree_sha256
        return make_archive(part, name, file=key, key=key, tree_sha256=digest, form=form)

    def documents(self) -> Path:
        """The recipes as rendered, and the deployment beside them."""
        fleet, manifest = self.fleet(), self.archives()
        out = self.folder / "documents"
        write_rendering(render(fleet, manifest, "recipes-v2"), out)
        write_rendering(render(fleet, manifest, "deployment-v2"), self.folder / "deployment")
        shutil.copytree(self.folder / "deployment/deployments", out / "deployments")
        return out

    def local_documents(self) -> Path:
        """What nucleus lite gets when it deploys by itself: the versions that `argv` names."""
        rendered = self.folder / "deployment"
        write_rendering(render(self.fleet(), self.archives(), "deployment-v2"), rendered)
        out = rendered / "local/lite"
        argv = json.loads((out / "gateway.json").read_text())["argv"]
        named = [argv[i + 1] for i, word in enumerate(argv) if word == "--add-component"]
        versions = dict(each.split("=") for each in named)
        components = {name: {"componentVersion": each} for name, each in versions.items()}
        write_json(out / "deployments/gateway.json", {"components": components})
        return out


def answer_of(line: Line, documents: Path) -> Any:
    """Deploy, start, ask, and what came back."""
    deployment = load_components(documents, "line-1", deployment="deployments/gateway.json")
    said: list[str] = []
    with EmbeddedNucleus(
        deployment,
        line.store,
        line.folder / "greengrass",
        region="eu-west-1",
        python=PYTHON,
        log=said.append,
    ) as core:
        core.deploy()
        core.start()
        core.send("line/1/request", b'{"n": 1}')
        answer = core.next_answer(40)
        assert answer is not None, "\n".join(said)
        return answer.topic, json.loads(answer.payload)


@pytest.mark.parametrize("layout", list(Layout))
def test_unmodified_functions_answer_whatever_the_layout(tmp_path: Path, layout: Layout) -> None:
    """Cloud to one function, locally to the next, back to the cloud; policies are enforced there.

    The first imports a library and reads a model of other components. Nothing stays mounted.
    """
    if layout is Layout.IMAGE and (why := can_mount()):
        pytest.skip(why)
    line = Line(tmp_path, layout)
    assert answer_of(line, line.documents()) == (
        "told/1",
        {"sum": 43, "weights": "w", "mode": "x", "from": "line/1/found"},
    )
    assert not [each for each in mounts() if "whole-" in each]


def test_they_answer_where_no_nucleus_unpacks_anything(tmp_path: Path) -> None:
    """Local deployments on lite: functions, adapter, library and model unpack themselves."""
    line = Line(tmp_path, Layout.ZIP)
    documents = line.local_documents()
    assert '"ZIP"' not in "".join(p.read_text() for p in (documents / "recipes").iterdir())
    topic, answer = answer_of(line, documents)
    assert (topic, answer["sum"], answer["weights"]) == ("told/1", 43, "w")


def test_the_packed_adapter_is_that_of_ggfleet(tmp_path: Path) -> None:
    """What the tests above run is what a bundle holds."""
    line = Line(tmp_path, Layout.ZIP)
    archive = line.archives().find(Part.ADAPTER, ADAPTER, "gateway")
    assert archive is not None
    with zipfile.ZipFile(tmp_path / "out" / archive.file) as packed:
        for path, file in component_files().items():
            assert packed.read(path) == file.read_bytes()
            assert file_entry(file, path, "ggfleet").path == path
