"""The handlers of `examples/seed` on the embedded core, deployed from their rendered group.

TensorFlow, DLR and numpy are stand-ins that answer with what lies beside the model: what is tried
is that each function finds its libraries and its model where the group puts them, and answers.
"""

from __future__ import annotations

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest

from functional.ggfleet_command import ROOT
from functional.v1_sample import made_up_manifest
from ggfleet.localcore import EmbeddedCore, Machine, load_deployment
from ggfleet.model import Fleet, Function, Part
from ggfleet.render import render
from ggfleet.spec import load
from ggfleet.system.documents import write_rendering
from localcore_harness import ANSWER_TIMEOUT, PYTHON, sdk
from localcore_support import FolderStore, zip_of

SPEC = ROOT / "examples/seed/fleet.yml"
BLANK = [[0] * 8 for _ in range(8)]
IN, OUT = "gg_ml_sample/in", "gg_ml_sample/out"

SCORES = '''
class Row(list):
    def tolist(self):
        return list(self)

def scores(file):
    """All for the digit that the file holds."""
    digit = int(open(file).read())
    return [Row([float(each == digit) for each in range(10)])]
'''
TENSORFLOW = (
    SCORES
    + """
__version__ = "of a test"
float32 = None

def constant(value, dtype):
    return value

class Scores(list):
    def numpy(self):
        return self

class Loaded:
    def __init__(self, folder):
        read = lambda image: {"probabilities": Scores(scores(folder + "/saved_model.pb"))}
        self.signatures = {"serving_default": read}

class saved_model:
    load = Loaded
"""
)
DLR = (
    SCORES
    + """
class DLRModel:
    def __init__(self, folder, device):
        assert device == "cpu"
        self.folder = folder

    def run(self, data):
        return [scores(self.folder + "/compiled.params")]
"""
)
NUMPY = "def array(value, dtype):\n    return value\n"


def package_of(function: Function) -> bytes:
    """The source folders and greengrasssdk; for Neo the stand-ins of what the spec lays beside."""
    files: dict[str, str | bytes] = {}
    folders = [*((source, source) for source in function.sources), (sdk(), sdk().parent)]
    for folder, root in folders:
        for file in sorted(folder.rglob("*.py")):
            files[str(file.relative_to(root))] = file.read_bytes()
    if function.name == "classifier_neo":
        files |= {"dlr/__init__.py": DLR, "numpy.py": NUMPY}
    return zip_of(files)


def store_of(fleet: Fleet) -> FolderStore:
    """The packages, and two archives as the page describes them; each has a digit of its own."""
    store = FolderStore()
    for archive in made_up_manifest(fleet).archives:
        assert archive.part is Part.FUNCTION
        package = package_of(fleet.functions[archive.name])
        store.objects[f"s3://{fleet.aws.bucket}/{archive.key}"] = package
    tensorflow, neo = (model.source for model in fleet.models.values())
    store.objects[tensorflow] = zip_of(
        {"model/saved_model.pb": "7", "dependencies/tensorflow/__init__.py": TENSORFLOW}
    )
    store.objects[neo] = zip_of({"compiled.params": "4"})
    return store


@pytest.fixture
def core(tmp_path: Path) -> EmbeddedCore:
    fleet = load(SPEC)
    write_rendering(render(fleet, made_up_manifest(fleet), "group-v1"), tmp_path / "documents")
    return EmbeddedCore(
        load_deployment(tmp_path / "documents", "classifier-01"),
        store_of(fleet),
        tmp_path / "greengrass",
        python=PYTHON,
        log=print,
        machine=Machine({**os.environ}, back_off=(0.05,)),
    )


def test_all_three_classify_what_is_sent_to_their_core(core: EmbeddedCore) -> None:
    """One message reaches all, and each answers with its own model; the two TensorFlows share one."""
    with core:
        core.deploy()
        core.start(timeout=60)
        core.send(IN, json.dumps({"id": "d-1", "image": BLANK}).encode())
        digits = {each["function"]: each["digit"] for each in answers(core, 3)}
        core.send(IN, b'{"id": "d-2"}')
        refused = [each["error"] for each in answers(core, 3)]
    assert digits == {
        "classifier_tf_no_container": 7, "classifier_tf_container": 7, "classifier_neo": 4,
    }  # fmt: skip
    assert all(each.startswith("image is missing") for each in refused)


def answers(core: EmbeddedCore, count: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for _ in range(count):
        answer = core.next_answer(ANSWER_TIMEOUT)
        assert answer is not None, f"{len(found)} of {count} functions answered"
        assert answer.topic == OUT
        found.append(json.loads(answer.payload))
    return found


def test_the_code_is_of_the_platforms_python() -> None:
    """Python 3.7 reads it: a newer syntax would stop a core at the start of the function."""
    fleet = load(SPEC)
    [platform] = fleet.used_platforms()
    folders = {source for function in fleet.functions.values() for source in function.sources}
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert len(files) >= 4 + 6
    for file in files:
        ast.parse(file.read_text(), feature_version=platform.python_version)
