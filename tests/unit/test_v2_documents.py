"""Recipes and deployments: what is read from them, and what is refused with its place."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components_support import Components
from ggfleet.errors import CoreError
from ggfleet.localcore.v2 import load_components


def one(**options: Any) -> Components:
    components = Components()
    components.component("c", **options)
    return components


def manifest(components: Components) -> dict[str, Any]:
    found: dict[str, Any] = components.recipes["c-1.0.0"]["Manifests"][0]
    return found


def test_a_recipe_is_read_with_its_steps_artifacts_and_defaults(tmp_path: Path) -> None:
    components = one(
        steps={
            "Setenv": {"A": "1", "B": "1"},
            "install": "true",
            "run": {"Script": "exec sleep 1", "Timeout": 5, "Setenv": {"B": "2"}},
        },
        configuration={"x": 1},
    )
    digest = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    manifest(components)["Artifacts"] = [
        components.artifact("a.zip", b"x", Digest=digest, Algorithm="SHA-256"),
        components.artifact("b.bin", b"x"),
    ]
    (recipe,) = components.load(tmp_path).components
    assert recipe.steps["run"].script == "exec sleep 1"
    assert recipe.steps["run"].timeout == "5"
    assert recipe.steps["run"].variables == {"A": "1", "B": "2"}
    assert recipe.steps["install"].variables == {"A": "1", "B": "1"}
    assert [(a.place, a.unarchive) for a in recipe.artifacts] == [("a", True), ("b.bin", False)]
    assert recipe.artifacts[0].sha256 == hashlib.sha256(b"x").hexdigest()
    assert recipe.defaults == {"x": 1}


def test_the_first_manifest_that_fits_is_taken(tmp_path: Path) -> None:
    components = one()
    platforms = [{"os": "windows", "runtime": "*"}, {"os": "linux"}, None]
    platforms += [{"os": "linux", "runtime": "*", "architecture": a} for a in ("arm", "amd64", "*")]
    own = manifest(components)
    components.recipes["c-1.0.0"]["Manifests"] = [
        {**own, "Platform": p, "Lifecycle": {"run": f"{n}"}} for n, p in enumerate(platforms)
    ]
    components.write(tmp_path)
    (recipe,) = load_components(tmp_path, "t", machine="amd64").components
    assert recipe.steps["run"].script == "4"
    (recipe,) = load_components(tmp_path, "t", machine="riscv64").components
    assert recipe.steps["run"].script == "5"


def test_the_global_lifecycle_serves_a_manifest_without_its_own(tmp_path: Path) -> None:
    components = one()
    del manifest(components)["Lifecycle"]
    components.recipes["c-1.0.0"]["Lifecycle"] = {"all": {"run": "a"}, "linux": {"run": "l"}}
    assert components.load(tmp_path).components[0].steps["run"].script == "a"
    manifest(components)["Selections"] = ["linux"]
    assert components.load(tmp_path).components[0].steps["run"].script == "l"


def change(key: str, value: Any) -> Callable[[Components], None]:
    return lambda components: manifest(components).update({key: value})


def renamed(name: str) -> Callable[[Components], None]:
    """The recipe and the deployment name the component so; the file keeps its name."""

    def spoil(components: Components) -> None:
        components.recipes["c-1.0.0"]["ComponentName"] = name
        components.deployed[name] = components.deployed.pop("c")

    return spoil


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (change("Platform", {"os": "linux"}), "runtime is missing"),
        (change("Platform", {"os": "/linux/", "runtime": "*"}), "os is /linux/"),
        (change("Platform", None), "Platform is missing"),
        (change("Lifecycle", {}), "has no step"),
        (change("Lifecycle", {"Run": "true"}), "has no step"),
        (change("Lifecycle", {"run": {"script": "true"}}), "Script is missing"),
        (
            change("Lifecycle", {"run": {"Script": "true", "Setenv": {"A": 1}}}),
            "string is expected",
        ),
        (change("Artifacts", None), "Artifacts is missing"),
        (change("Artifacts", [{"URI": "s3://b/k"}]), "Uri is missing"),
        (change("Artifacts", [{"Uri": "docker:x"}]), "fetches from S3 alone"),
        (change("Artifacts", [{"Uri": "s3://b/k.tar", "Unarchive": "TAR"}]), "NONE and ZIP"),
        (change("Artifacts", [{"Uri": "s3://b/k", "Digest": "?"}]), "not base64"),
        (change("Artifacts", [{"Uri": "s3://b/k"}, {"Uri": "s3://c/k"}]), "two artifacts"),
        (change("Artifacts", [{"Uri": "s3://b/k/.."}]), "names no file"),
        (change("Artifacts", [{"Uri": "s3://b/k/"}]), "names no file"),
        (renamed("../c"), "a name has up to"),
        (renamed(".."), "a name has up to"),
        (lambda c: c.deployed.update(c={"componentVersion": "2.0.0"}), "no recipe of c is 2.0.0"),
        (lambda c: c.deployed.update(d={"componentVersion": "1.0.0"}), "no recipe of d"),
        (lambda c: c.deployed.update(c={}), "componentVersion is missing"),
    ],
)
def test_what_a_device_would_refuse_or_pass_over_is_named(
    tmp_path: Path, spoil: Callable[[Components], None], problem: str
) -> None:
    components = one()
    spoil(components)
    with pytest.raises(CoreError, match=problem):
        components.load(tmp_path)


def test_what_is_ignored_is_noted(tmp_path: Path) -> None:
    components = one(
        steps={
            "bootstrap": "true",
            "install": {"Script": "{work:path}x", "Skipif": "onpath x", "RequiresPrivilege": True},
            "shutdown": "true",
        }
    )
    notes = "\n".join(components.load(tmp_path).notes)
    for part in (
        "bootstrap is left out",
        "Skipif",
        "asks for root",
        "only an install",
        "shutdown",
        "has no slash",
    ):
        assert part in notes


def test_components_start_after_what_they_depend_on_in_the_newest_fitting_version(
    tmp_path: Path,
) -> None:
    components = Components()
    components.component("app", dependencies={"lib": {"VersionRequirement": "^1.0.0"}})
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0"):
        components.component("lib", version=version, root=False)
    components.component(
        "tool",
        dependencies={
            "lib": {"VersionRequirement": "<1.10.0", "DependencyType": "SOFT"},
            "aws.greengrass.Nucleus": {"VersionRequirement": "*"},
            "aws.greengrass.TokenExchangeService": {"VersionRequirement": "*"},
        },
    )
    deployment = components.load(tmp_path)
    found = [(r.name, r.version) for r in deployment.components]
    assert found[0] == ("lib", "1.9.0")
    assert {name for name, _ in found[1:]} == {"app", "tool"}
    assert any("no AWS credentials" in note for note in deployment.notes)


@pytest.mark.parametrize(
    ("steps", "kind", "noted"),
    [
        ({"startup": "true"}, "HARD", True),
        ({"install": "true"}, "HARD", True),
        ({"startup": "true"}, "SOFT", False),
        ({"run": "exec sleep infinity"}, "HARD", False),
    ],
)
def test_a_dependency_that_nucleus_lite_answers_by_killing_is_noted(
    tmp_path: Path, steps: dict[str, str], kind: str, noted: bool
) -> None:
    """Measured on nucleus lite: the deployment still reports success."""
    components = Components()
    components.component("lib", steps, root=False)
    components.component("app", dependencies={"lib": {"DependencyType": kind}})
    assert any("app: nucleus lite stops it" in n for n in components.load(tmp_path).notes) is noted


def test_components_of_aws_are_not_run_and_that_is_said(tmp_path: Path) -> None:
    """Neither a deployed one nor one that is depended on; one with a recipe here is."""
    components = one(dependencies={"aws.greengrass.SecretManager": {}})
    components.component("aws.greengrass.Mine", root=False)
    for name in ("clientdevices.Auth", "SNS", "Mine", "Nucleus"):
        version = "1.0.0" if name == "Mine" else "2.5.2"
        components.deployed[f"aws.greengrass.{name}"] = {"componentVersion": version}
    deployment = components.load(tmp_path)
    assert {each.name for each in deployment.components} == {"c", "aws.greengrass.Mine"}
    told = "is AWS's, and the embedded core does not run it"
    found = {note.partition(":")[0] for note in deployment.notes if told in note}
    own = ("clientdevices.Auth", "SNS", "SecretManager")
    assert found == {f"aws.greengrass.{name}" for name in own}
    assert any("client devices cannot connect" in note for note in deployment.notes)
    assert "aws.greengrass.Nucleus: its settings are not applied here" in deployment.notes


def test_a_cycle_is_named(tmp_path: Path) -> None:
    components = Components()
    components.component("a", dependencies={"b": {}})
    components.component("b", dependencies={"a": {}})
    with pytest.raises(CoreError, match="depend on each other: "):
        components.load(tmp_path)


def test_the_merge_is_an_object_or_its_text(tmp_path: Path) -> None:
    components = one()
    for merge in ({"x": 1}, json.dumps({"x": 1})):
        components.deployed["c"]["configurationUpdate"] = {"merge": merge, "reset": ["/y"]}
        update = components.load(tmp_path).updates["c"]
        assert (update.merge, update.reset) == ({"x": 1}, ("/y",))
    for wrong in ("{", "[]", 1):
        components.deployed["c"]["configurationUpdate"] = {"merge": wrong}
        with pytest.raises(CoreError, match="merge"):
            components.load(tmp_path)
