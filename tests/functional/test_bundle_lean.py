"""Archives without what no device needs: the libraries still import, and the sample still predicts."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from functional.digits_sample import ROOT, samples, trained_model
from ggfleet.bundle import host_platform
from ggfleet.bundle.build import build
from ggfleet.bundle.contents import read_contents
from ggfleet.model import Archive, Platform
from unit.factories import make_fleet, make_library
from unit.wheelmaker import Listener

pytestmark = pytest.mark.ml

CACHE = Path.home() / ".cache/ggfleet"
HOST = host_platform("host")

ALWAYS = """\
import json, sys
sys.path[:0] = [sys.argv[1]]
sys.dont_write_bytecode = True
import importlib.metadata, numpy as np, numpy.testing
numpy.testing.assert_allclose(np.linalg.inv(np.eye(3)) @ np.fft.ifft(np.fft.fft(np.ones(3))), 1)
np.random.default_rng(1).normal(size=9)
images = np.array([json.loads(line)["payload"]["image"] for line in sys.stdin], np.float32)
"""
LITERT = """\
from ai_edge_litert import interpreter
model = interpreter.Interpreter(model_path=sys.argv[2] + "/digits.tflite")
run = model.get_signature_runner("serving_default")
scores = [run(image=image[None])["probabilities"][0] for image in images]
"""
TENSORFLOW = """\
import h5py, keras, tensorflow as tf
assert importlib.metadata.version("libclang")
model = tf.saved_model.load(sys.argv[2] + "/saved_model")
scores = model.signatures["serving_default"](image=tf.constant(images))["probabilities"].numpy()
layers = [keras.layers.Reshape((8, 8, 1)), keras.layers.Conv2D(4, 3), keras.layers.Flatten(),
          keras.layers.Dense(10, activation="softmax")]
small = keras.Sequential([keras.Input((8, 8)), *layers])
small.compile("adam", "sparse_categorical_crossentropy")
small.fit(images[:64], np.arange(64) % 10, verbose=0)
small.save(sys.argv[3] + "/small.keras")
assert keras.models.load_model(sys.argv[3] + "/small.keras").predict(images, verbose=0).shape[1] == 10
written = tf.lite.TFLiteConverter.from_keras_model(small).convert()
assert len(written) > 1000
"""
TELL = """\
print(json.dumps([int(np.argmax(row)) for row in scores]))
"""
PROGRAMS = {"edge-runtime": ALWAYS + LITERT + TELL, "tensorflow": ALWAYS + TENSORFLOW + TELL}


def bundled(name: str, folder: Path, target: Platform = HOST) -> tuple[Archive, Path]:
    """The archive of a library of the sample for a platform, and where it is unpacked."""
    library = make_library(name, requirements=ROOT / f"lambda/requirements/{name}.txt")
    fleet = make_fleet(platforms=[target], libraries=[library])
    manifest = build(fleet, [target], folder / "out", cache=CACHE, progress=Listener())
    [archive] = manifest.archives
    with zipfile.ZipFile(folder / "out" / archive.file) as opened:
        opened.extractall(folder / "tree")
    return archive, folder / "tree"


def share_right(
    name: str, python: Sequence[str | Path], tree: Path, digits: Sequence[Mapping[str, Any]]
) -> float:
    """How many of the digits an interpreter tells right with the libraries of a tree."""
    done = subprocess.run(
        [*python, "-I", "-c", PROGRAMS[name], tree, trained_model(), tree.parent],
        input="".join(json.dumps(digit) + "\n" for digit in digits),
        capture_output=True, text=True, check=False, timeout=3600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout.splitlines()[-1])
    right: int = sum(
        answer == digit["label"] for answer, digit in zip(answers, digits, strict=True)
    )
    return right / len(digits)


@pytest.mark.parametrize("name", PROGRAMS)
def test_lean_libraries_predict_as_the_model_should(name: str, tmp_path: Path) -> None:
    """Nearly all digits are right, nothing is written into the tree, and less is in it."""
    archive, tree = bundled(name, tmp_path)
    before = set(tree.rglob("*"))
    assert share_right(name, [sys.executable], tree, samples()) >= 0.95
    assert set(tree.rglob("*")) == before
    assert list(tree.rglob("*.pyc"))
    left_out = [
        each for share in read_contents(tmp_path / "out", archive) for each in share.left_out
    ]
    assert sum(each.size for each in left_out) > 5e6
