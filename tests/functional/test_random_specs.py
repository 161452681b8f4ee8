"""Random valid specs: all targets render them, alike each time, and every validator takes the result.

`GGFLEET_EXAMPLES=50 pytest tests/functional/test_random_specs.py` tries fifty times as many, and others
than the last time.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from functional.cloudformation_judges import lint_problems
from functional.random_fleet import FILES
from functional.random_judges import problems_of, random_manifest
from functional.random_specs import Random, specs
from functional.spec_text import reordered, written
from functional.v1_sample import digest
from functional.v1_service import documents_of
from ggfleet.errors import GgfleetError
from ggfleet.lint import check
from ggfleet.model import Fleet, Manifest, Severity
from ggfleet.render import TARGETS, render
from ggfleet.spec.schema import sections
from ggfleet.spec.tables import Spec
from unit.test_spec_schema import complaints, keys_in

TESTS = Path(__file__).parents[1]
SEEDS = st.integers(0, 2**16)


def few(count: int) -> settings:
    """So many examples where the profile has a hundred."""
    return settings(max_examples=count * settings.default.max_examples // 100)  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file that a random spec names."""
    made = tmp_path_factory.mktemp("random")
    for name, text in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(text)
    return made


def read(folder: Path, found: Random, text: str) -> tuple[Fleet, Manifest]:
    """The fleet of a text, in which nothing may be wrong, and archives that nobody built."""
    (folder / "fleet.yml").write_text(text)
    checked = check(folder / "fleet.yml", lambda _: found.inventory)
    errors = [p for p in checked.problems if p.severity is Severity.ERROR]
    assert checked.fleet is not None, f"{errors}\n{text}"
    return checked.fleet, random_manifest(checked.fleet, alike=found.alike)


def as_written(folder: Path, found: Random, seed: int) -> tuple[Fleet, Manifest]:
    return read(folder, found, written(found.tree, random.Random(seed)))


def in_other_words(folder: Path, found: Random, seed: int) -> tuple[Fleet, Manifest]:
    """The same spec with its keys in another order, quoted and broken into lines otherwise."""
    chooser = random.Random(seed)
    return read(folder, found, written(reordered(Spec, found.tree, chooser), chooser))


def digests(fleet: Fleet, manifest: Manifest) -> dict[str, str]:
    return {target: digest(render(fleet, manifest, target)) for target in TARGETS}


def test_every_target_takes_a_random_spec(folder: Path) -> None:
    """Checked without an error, rendered for every target, accepted by each one's validators."""

    @few(60)
    @given(specs(portable=True), SEEDS)
    def property_of(found: Random, seed: int) -> None:
        fleet, manifest = as_written(folder, found, seed)
        for target in TARGETS:
            rendering = render(fleet, manifest, target)
            assert problems_of(fleet, manifest, target, rendering) == [], target

    property_of()


def test_what_only_v1_has_is_rendered_or_refused(folder: Path) -> None:
    """V1 takes other languages and training jobs; V2 renders them rightly or says what to do."""

    @few(40)
    @given(specs(portable=False), SEEDS)
    def property_of(found: Random, seed: int) -> None:
        fleet, manifest = as_written(folder, found, seed)
        for target in TARGETS:
            assert why_not(fleet, manifest, target) == [], target

    property_of()


def why_not(fleet: Fleet, manifest: Manifest, target: str) -> list[str]:
    """What speaks against a rendering, or against a refusal."""
    try:
        rendering = render(fleet, manifest, target)
    except GgfleetError as error:
        fine = is_for_v2(fleet, target) and is_of_v1_alone(fleet) and bool(error.fix)
        return [] if fine else [error.message]
    return problems_of(fleet, manifest, target, rendering)


def is_for_v2(fleet: Fleet, target: str) -> bool:
    """Stacks may be V2's where the spec says how functions become components."""
    return target.endswith("-v2") or (target == "cloudformation" and fleet.components.wanted)


def is_of_v1_alone(fleet: Fleet) -> bool:
    """Whether the spec has something that V2 may refuse."""
    sources = (each.source for model in fleet.models.values() for each in model.each())
    languages = (function.in_python for function in fleet.functions.values())
    return not all(languages) or any(source.startswith("arn:") for source in sources)


def test_the_order_of_keys_says_nothing(folder: Path) -> None:
    """The same spec in other words gives the same bytes for every target."""

    @few(60)
    @given(specs(portable=True), SEEDS)
    def property_of(found: Random, seed: int) -> None:
        first = digests(*as_written(folder, found, seed))
        assert digests(*in_other_words(folder, found, seed)) == first

    property_of()


def test_another_process_renders_the_same_bytes(folder: Path) -> None:
    """With another seed for the hashes of texts, on which the order of sets depends."""
    wanted: list[Mapping[str, str]] = []
    specs_dir = folder / "others"
    specs_dir.mkdir()

    @few(15)
    @given(specs(portable=True), SEEDS)
    def keep(found: Random, seed: int) -> None:
        wanted.append(digests(*as_written(folder, found, seed)))
        kept = {"text": (folder / "fleet.yml").read_text(), "found": vars(found)}
        (specs_dir / f"{len(wanted)}.json").write_text(json.dumps(kept))

    keep()
    assert rendered_elsewhere(folder, len(wanted)) == wanted


def rendered_elsewhere(folder: Path, count: int) -> list[Mapping[str, str]]:
    program = (
        "import sys; from pathlib import Path; from functional.test_random_specs import retell;"
        f"retell(Path({str(folder)!r}), {count})"
    )
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent / "generator")])
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "4711"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told: list[Mapping[str, str]] = json.loads(done.stdout)
    return told


def retell(folder: Path, count: int) -> None:
    """Print the digests of the specs that another process kept."""
    told = []
    for number in range(1, count + 1):
        kept = json.loads((folder / f"others/{number}.json").read_text())
        told.append(digests(*read(folder, Random(**kept["found"]), kept["text"])))
    print(json.dumps(told))


def test_the_schema_takes_what_the_reader_takes(folder: Path) -> None:
    """An editor marks nothing in a spec that is right; and every key of the tables was drawn."""
    drawn: set[tuple[str, str]] = set()

    @few(120)
    @given(specs(portable=False), SEEDS)
    def property_of(found: Random, seed: int) -> None:
        text = written(found.tree, random.Random(seed))
        assert complaints(text) == [], text
        drawn.update(keys_in(Spec, found.tree))

    property_of()
    declared = {(table.__name__, key.name) for table in sections(Spec) for key in table.keys}
    assert declared - drawn == set()


def test_cfn_lint_takes_a_sample(folder: Path) -> None:
    """It takes its time for each template, so it judges few."""

    @few(3)
    @given(specs(portable=True), SEEDS)
    def property_of(found: Random, seed: int) -> None:
        fleet, manifest = as_written(folder, found, seed)
        for path, template in documents_of(render(fleet, manifest, "cloudformation")).items():
            assert lint_problems(template, fleet.aws.region) == [], path

    property_of()
