"""V2 documents that are too much for Greengrass: told by `check`, and never written by `render`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.ggfleet_command import ggfleet
from ggfleet.spec import RULES
from unit.rule_examples import fresh, laid_over


def example(folder: Path, name: str) -> Path:
    """The files of a rule's example, with an inventory that Ansible reads."""
    fresh(folder)
    for path, text in RULES[name].example.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(laid_over(text) if path == "fleet.yml" else text)
    return folder


@pytest.mark.parametrize("target", ["recipes-v2", "deployment-v2", "group-v1"])
def test_no_target_is_written_of_a_fleet_with_a_recipe_that_is_too_long(
    target: str, tmp_path: Path
) -> None:
    """Exit code 2, the line of what makes it long, and no folder."""
    folder = example(tmp_path / "spec", "document-recipe")
    done = ggfleet("render", "fleet.yml", "--target", target, "--out", "out", cwd=folder)
    assert done.returncode == 2
    assert "subscriptions[0]" in done.stderr
    assert "[document-recipe; classic, lite]" in " ".join(done.stderr.split())
    assert not (folder / "out").exists()


def test_check_judges_what_would_be_rendered(tmp_path: Path) -> None:
    """With no archive built."""
    folder = example(tmp_path / "spec", "document-recipe")
    done = ggfleet("check", "--json", cwd=folder)
    assert done.returncode == 2
    told = [each for each in json.loads(done.stdout)["problems"] if each["severity"] == "error"]
    assert [(each["rule"], each["path"]) for each in told] == [
        ("document-recipe", "subscriptions[0]")
    ]
    lines = (folder / "fleet.yml").read_text().splitlines()
    assert "plant/hall-1/line-0" in "".join(lines[told[0]["line"] - 1 :][:2])


def test_check_takes_the_archives_that_are_built(tmp_path: Path) -> None:
    """Their sizes are judged only when a folder is named; a wrong folder is refused."""
    folder = example(tmp_path / "spec", "document-artifacts")
    without = ggfleet("check", "--json", cwd=folder)
    assert without.returncode == 0, without.stdout
    done = ggfleet("check", "--json", "--bundles", "build/bundles", cwd=folder)
    assert done.returncode == 2
    rules = {each["rule"] for each in json.loads(done.stdout)["problems"]}
    assert "document-artifacts" in rules
    manifest = folder / "build/bundles/manifest.json"
    manifest.write_text(manifest.read_text().replace("ggfleet/line/", "ggfleet/other/"))
    done = ggfleet("check", "--bundles", "build/bundles", cwd=folder)
    assert done.returncode == 2
    assert "archives of another fleet" in done.stderr


def test_render_judges_the_archives_that_it_names(tmp_path: Path) -> None:
    folder = example(tmp_path / "spec", "document-artifacts")
    done = ggfleet("render", "--target", "recipes-v2", "--out", "out", cwd=folder)
    assert done.returncode == 2
    assert "document-artifacts" in done.stderr
    assert not (folder / "out").exists()
