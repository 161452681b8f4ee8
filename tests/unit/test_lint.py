"""Documents that are judged before they are written: stand-ins, suppression, specs that are broken."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ggfleet import lint, spec
from ggfleet.bundle import read_manifest
from ggfleet.errors import GgfleetError, SpecError
from ggfleet.lint.draft import draft
from ggfleet.model import Draft, Manifest
from golden.test_golden_group_v1 import read_hosts as read_golden_hosts
from unit.rule_examples import check_changed, check_example, found, fresh, laid_over, read_hosts

GOLDEN = Path(__file__).parents[1] / "golden/recipes_v2"
CASES = sorted(path.name for path in GOLDEN.iterdir() if not path.name.startswith("error_"))
V2 = "components: {prefix: com.example}\n"
LITE = "deployment: {nuclei: {pi: lite}}\n"
LONG = V2 + LITE + f"functions: {{classify: {{environment: {{TABLE: {'x' * 6500}}}}}}}\n"


def lengths(of: Draft) -> dict[str, int]:
    """Bytes of each recipe; its version is of another length each time."""
    return {
        recipe.name: len(json.dumps({**recipe.content, "ComponentVersion": ""}))
        for recipe in of.recipes
        if not recipe.local
    }


@pytest.mark.parametrize("case", CASES)
def test_drafts_are_what_is_rendered(case: str) -> None:
    """With the archives of a case the draft is the very recipes that lie beside it."""
    folder = GOLDEN / case
    fleet = lint.load(folder / "fleet.yml", read_golden_hosts)
    made = draft(fleet, read_manifest(folder / "manifest.json"))
    written = [json.loads(path.read_text()) for path in (folder / "expected/recipes").iterdir()]
    drafted = {recipe.name: recipe.content for recipe in made.recipes if not recipe.local}
    assert drafted == {recipe["ComponentName"]: recipe for recipe in written}


def test_stand_ins_are_as_long_as_archives() -> None:
    """No archive is built: names, and so recipes, have the same length as with small ones."""
    folder = GOLDEN / "one_platform"
    fleet = lint.load(folder / "fleet.yml", read_golden_hosts)
    made = draft(fleet, read_manifest(folder / "manifest.json"))
    assert lengths(made)
    for name, length in lengths(draft(fleet, Manifest())).items():
        # dependencies name versions of up to 15 characters, of at least 5
        assert abs(length - lengths(made)[name]) < 100


def test_parts_are_found_again() -> None:
    """A recipe for each platform or one for all: both belong to their part of the spec."""
    folder = GOLDEN / "same_architecture"
    fleet = lint.load(folder / "fleet.yml", read_golden_hosts)
    parts = {recipe.part for recipe in draft(fleet, Manifest()).recipes}
    assert {part.partition(".")[0] for part in parts} <= {"libraries", "models", "functions"}
    assert {f"functions.{name}" for name in fleet.functions} <= parts


def test_what_v2_refuses_is_told_by_a_rule_and_not_judged(tmp_path: Path) -> None:
    """A native function: no draft, no traceback, and a reason."""
    native = "functions: {native: {source: code, executable: function.py, memory: 64 MiB}}\n"
    checked = check_changed(tmp_path / "spec", V2 + native)
    assert checked.fleet is not None
    assert "component-language" in found(checked)
    assert not draft(checked.fleet, Manifest()).recipes


def test_broken_specs_have_no_documents_to_judge(tmp_path: Path) -> None:
    checked = check_changed(tmp_path / "spec", LONG + "models: {digits: {source: digits}}\n")
    assert "spec-form" in found(checked)
    assert not any(rule.startswith("document-") for rule in found(checked))


def test_a_finding_on_a_document_can_be_suppressed(tmp_path: Path) -> None:
    """By commands that judge documents and by those that do not: neither calls the entry idle."""
    entry = 'suppress: [{rule: document-local-lite, reason: "we deploy through AWS"}]\n'
    assert "document-local-lite" in found(check_changed(tmp_path / "loud", LONG))
    checked = check_changed(tmp_path / "quiet", LONG + entry)
    assert [problem.rule for problem, _ in checked.suppressed] == ["document-local-lite"]
    assert "suppress-unused" not in found(checked)
    assert "suppress-unused" not in found(spec.check(tmp_path / "quiet/fleet.yml", read_hosts))
    idle = check_changed(tmp_path / "idle", V2 + LITE + entry)
    assert "suppress-unused" in found(idle)


def test_loading_refuses_a_document_that_is_too_long(tmp_path: Path) -> None:
    """So every command stops, and says where."""
    folder = fresh(tmp_path / "spec")
    (folder / "fleet.yml").write_text(laid_over(LONG.replace("x" * 6500, "x" * 17000)))
    assert spec.load(folder / "fleet.yml", read_hosts).components.wanted
    with pytest.raises(SpecError) as caught:
        lint.load(folder / "fleet.yml", read_hosts)
    assert "functions.classify.environment" in str(caught.value.problems)


def test_an_error_in_the_archives_is_not_hidden(tmp_path: Path) -> None:
    """A manifest that cannot be read is told; a renderer's refusal is what is passed over."""

    def damaged(_: object) -> Manifest:
        raise GgfleetError("manifest.json is damaged")

    folder = fresh(tmp_path / "spec")
    (folder / "fleet.yml").write_text(laid_over(V2))
    with pytest.raises(GgfleetError, match="is damaged"):
        lint.check(folder / "fleet.yml", read_hosts, damaged)


def test_archives_count_with_their_real_size(tmp_path: Path) -> None:
    """The example of a rule that is told with archives alone is quiet without them."""
    example = dict(spec.RULES["document-artifacts"].example)
    assert "document-artifacts" in found(check_example(tmp_path / "built", example))
    del example["build/bundles/manifest.json"]
    assert "document-artifacts" not in found(check_example(tmp_path / "not", example))


def test_a_spec_for_v1_imports_no_renderer(tmp_path: Path) -> None:
    """`check` starts as fast as before for those who do not want V2."""
    folder = fresh(tmp_path / "spec")
    program = (
        "import sys; from pathlib import Path; from ggfleet.lint import check;"
        "check(Path('fleet.yml'), lambda _: {});"
        "sys.exit(any(name.startswith(('ggfleet.render', 'ggfleet.bundle')) for name in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
