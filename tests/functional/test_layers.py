"""The sample with TensorFlow in layers: it is told on either Greengrass as well as in one piece."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.digits_sample import ROOT, samples, trained_model
from functional.ggfleet_command import ggfleet

pytestmark = pytest.mark.ml

BY_NAME = '{heavy: ["tensorflow*"], numeric: [numpy, h5py, ml-dtypes]}'
WAYS = {
    "v1, by name": ([], BY_NAME, ["heavy", "numeric", "rest"]),
    "v2, by size": (["--v2"], "auto", ["large", "medium", "small"]),
}
FUNCTIONS = ("digits-container", "digits-process", "digits-edge")
COUNT = 60
"""Digits, of 450: what is asked here is whether everything imports and computes at all."""


def sample_in_layers(folder: Path, layers: str, names: list[str]) -> Path:
    """The sample's spec with layers, beside links to what it names."""
    (folder / "build").mkdir()
    (folder / "build/models").symlink_to(trained_model().parent)
    for name in ("lambda", "inventory", "ansible.cfg"):
        (folder / name).symlink_to(ROOT / name)
    text = (ROOT / "fleet.yml").read_text()
    whole = "    destination: /mllibs\n"
    assert text.count(whole) == 1
    text = text.replace(whole, f"{whole}    layers: {layers}\n")
    places = ":".join(f"/mllibs/{name}" for name in names)
    assert text.count("LIBRARIES: /mllibs,") == 1
    text = text.replace("LIBRARIES: /mllibs,", f"LIBRARIES: '{places}',")
    (folder / "fleet.yml").write_text(text)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_functions_find_tensorflow_in_layers(tmp_path: Path, way: str) -> None:
    """In a container, without one, and as components; the digits are those of training."""
    options, layers, names = WAYS[way]
    folder = sample_in_layers(tmp_path, layers, names)
    digits = samples()[:COUNT]
    lines = "".join(json.dumps({k: d[k] for k in ("topic", "payload")}) + "\n" for d in digits)
    done = ggfleet("run", *options, "--platform", "gateway", cwd=folder, stdin=lines)
    assert done.returncode == 0, done.stderr[-4000:]
    answers = [json.loads(line)["payload"] for line in done.stdout.splitlines()]
    labels = {digit["payload"]["id"]: digit["label"] for digit in digits}
    for function in FUNCTIONS:
        own = {each["id"]: each["digit"] for each in answers if each["function"] == function}
        assert own.keys() == labels.keys()
        assert sum(own[key] == labels[key] for key in labels) >= 0.95 * COUNT
    manifest = json.loads((folder / "build/bundles/manifest.json").read_text())
    built = [each["name"] for each in manifest["archives"] if each["part"] == "libraries"]
    assert built == [f"tensorflow-{name}" for name in names]
    assert f"/mllibs/{names[0]}/tensorflow" in done.stderr.replace("\n", "")
