"""`ggfleet bundle --explain` and `--whole`: what is in an archive, and what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.digits_sample import ROOT, trained_model
from functional.ggfleet_command import ggfleet
from ggfleet.bundle.strip import TOOLS
from unit.elfmaker import X86_64, make_elf
from unit.wheelmaker import make_wheel

SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: line-bucket}
platforms:
  pc: {architecture: x86_64, python: "3.11", glibc: "2.31"}
cores: {inventory: hosts.json, groups: {pc: pc}}
libraries:
  numbers: {requirements: r.txt, install: ml-resource, destination: /ml/numbers}
functions:
  echo: {source: fn, handler: fn.handler, isolation: none, libraries: [numbers]}
"""
MODELS = "[numbers], models: [digits]}"
TAG = "cp311-cp311-manylinux_2_17_x86_64"
CORE: dict[str, str | bytes] = {
    "numpy/_core/_multiarray_umath.so": make_elf(X86_64),
    "numpy/__init__.py": "x = 1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A library of one package with a stub, from a folder of wheels."""
    (tmp_path / "fleet.yml").write_text(SPEC)
    group = {"pc": {"hosts": {"line-1": None}}}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"children": group}}))
    (tmp_path / "r.txt").write_text("--no-index\n--find-links wheels\nnumpy==1.0\n")
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn/fn.py").write_text("def handler(event, context): ...\n")
    make_wheel(tmp_path / "wheels", "numpy", tag=TAG, files={**CORE, "numpy/x.pyi": "x: int\n"})
    return tmp_path


def bundle(project: Path, *options: str) -> str:
    cache = f"--cache={project / 'cache'}"
    done = ggfleet("bundle", "fleet.yml", "--out=out", cache, *options, cwd=project)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_explain_shows_packages_and_reasons(project: Path) -> None:
    """Also of archives that are there already, and for programs."""
    for _ in ("built", "unchanged"):
        said = bundle(project, "--explain")
        assert "libraries numbers for pc" in said
        assert "numpy 1.0" in said
        assert (
            "left out of numpy 1.0: type stubs, 1 file, 7 B: for type checkers and editors; "
            "Python reads none" in said
        )
    told = json.loads(bundle(project, "--explain", "--json"))
    [library] = [each for each in told["archives"] if each["part"] == "libraries"]
    [share] = library["contents"]
    assert share["origin"] == "numpy 1.0"
    assert share["left_out"][0]["size"] == 7
    assert "contents" not in json.loads(bundle(project, "--json"))["archives"][0]


def test_whole_leaves_nothing_out(project: Path) -> None:
    """And back: both archives are there, and the manifest names the one asked for."""
    lean = json.loads(bundle(project, "--json"))
    whole = json.loads(bundle(project, "--whole", "--json"))
    again = json.loads(bundle(project, "--json"))
    assert lean == again
    sizes = [
        next(each["unpacked_size"] for each in told["archives"] if each["part"] == "libraries")
        for told in (lean, whole)
    ]
    assert sizes[1] == sizes[0] + 7


def test_wheel_that_does_not_fit_stops_the_build_with_the_symbol(project: Path) -> None:
    """Exit code 2, what is wrong, what to do, no archive of it."""
    new = make_elf(X86_64, versions={"libc.so.6": [("GLIBC_2.34", "dlopen")]})
    files = {**CORE, "numpy/_core/_multiarray_umath.so": new}
    make_wheel(project / "wheels", "numpy", tag=TAG, files=files)
    done = ggfleet("bundle", "fleet.yml", "--out=out", f"--cache={project / 'cache'}", cwd=project)
    assert done.returncode == 2
    assert (
        "error: wheels that platform pc (x86_64, glibc 2.31) cannot load:\n"
        "  numpy 1.0: numpy/_core/_multiarray_umath.so needs dlopen of GLIBC_2.34 (libc.so.6); the "
        "platform has glibc 2.31; its tag promises glibc 2.17\n"
        "  fix: take another version" in done.stderr
    )
    assert not list((project / "out").rglob("*.zip"))


def test_missing_strip_program_is_told_with_its_package(project: Path) -> None:
    """Nothing is stripped, and the build goes on."""
    files = {"ai_edge_litert/_pywrap.so": make_elf(X86_64)}
    make_wheel(project / "wheels", "ai_edge_litert", tag=TAG, files=files)
    (project / "r.txt").write_text("--no-index\n--find-links wheels\nai-edge-litert==1.0\n")
    done = ggfleet(
        "bundle",
        "fleet.yml",
        "--out=out",
        f"--cache={project / 'cache'}",
        cwd=project,
        PATH="/none",
    )
    assert done.returncode == 0, done.stderr
    name, package = TOOLS["x86_64"]
    assert f"no {name} on this machine (apt install {package})" in " ".join(done.stderr.split())


def test_explain_offers_the_edge_runtime_where_tensorflow_serves_a_saved_model(
    project: Path,
) -> None:
    """Figures of both for people and programs; without a wheel the reason, and the build is well."""
    elf = make_elf(X86_64)
    files: dict[str, str | bytes] = {"tensorflow/libtensorflow_cc.so.2": elf}
    make_wheel(project / "wheels", "tensorflow", tag=TAG, files=files)
    (project / "r.txt").write_text("--no-index\n--find-links wheels\ntensorflow==1.0\n")
    (project / "saved").mkdir()
    (project / "saved/saved_model.pb").write_text("graph")
    model = "models:\n  digits: {source: saved, version: 1.0.0, destination: /ml/digits}\n"
    text = SPEC.replace("functions:", f"{model}functions:").replace("[numbers]}", MODELS)
    (project / "fleet.yml").write_text(text)

    said = bundle(project, "--explain")
    assert "no figure for ai-edge-litert on pc: no set of wheels for platform pc: " in said
    assert "ai-edge-litert was not found in the provided package locations" in said

    make_wheel(
        project / "wheels", "ai_edge_litert", tag=TAG, files={"ai_edge_litert/_pywrap.so": elf}
    )
    said = bundle(project, "--explain")
    assert "an offer: an edge runtime" in said
    assert "no figure" not in said
    told = json.loads(bundle(project, "--explain", "--json"))
    [offer] = told["offers"]
    [library] = [each for each in told["archives"] if each["part"] == "libraries"]
    assert offer["now"]["size"] == library["size"]
    assert offer["runtime"]["packages"] == ["ai-edge-litert 1.0"]
    assert offer["models"] == {"digits": "saved-model"}
    assert not [each for each in told["archives"] if each["name"] == "ai-edge-litert"]
    assert "offers" not in json.loads(bundle(project, "--json"))


@pytest.mark.ml
def test_the_sample_is_offered_the_runtime_that_its_third_function_has(tmp_path: Path) -> None:
    """Both functions with TensorFlow, in the pinned version, and at a fraction of the bytes."""
    trained_model()
    asked = ("--platform=pi", "--explain", "--json", f"--out={tmp_path}")
    done = ggfleet("bundle", "fleet.yml", *asked, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    offers = json.loads(done.stdout)["offers"]
    assert [each["function"] for each in offers] == ["digits-container", "digits-process"]
    pinned = (ROOT / "lambda/requirements/edge-runtime.txt").read_text()
    for offer in offers:
        [runtime] = offer["runtime"]["packages"]
        assert runtime.replace(" ", "==") in pinned
        for figure in ("size", "unpacked_size", "files"):
            assert offer["runtime"][figure] < offer["now"][figure] / 5
