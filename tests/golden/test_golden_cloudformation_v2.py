"""Golden pairs of `cloudformation` for V2, made and rewritten like those of `group-v1`.

A case that has no `fleet.yml` takes the input of the case in `deployment_v2/` with the same name.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.bundle.manifest import read_manifest
from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Manifest, Rendering
from ggfleet.render import Generation, render
from ggfleet.spec import load
from golden.test_golden_cloudformation import assert_expected
from golden.test_golden_group_v1 import REWRITE, read_hosts, told

CASES = Path(__file__).parent / "cloudformation_v2"
BORROWED = Path(__file__).parent / "deployment_v2"
GOOD = sorted(path.name for path in CASES.iterdir() if not path.name.startswith("error_"))
BAD = sorted(path.name for path in CASES.iterdir() if path.name.startswith("error_"))


def test_there_are_cases() -> None:
    """A listing that finds nothing would pass every test below."""
    assert {"everything", "plain", "every_setting", "left_out"} <= set(GOOD)
    assert BAD


@pytest.mark.parametrize("case", GOOD)
def test_templates_are_as_expected(case: str) -> None:
    """Every template and every note, byte by byte, and no other file."""
    assert_expected(CASES / case / "expected", render_case(case))


@pytest.mark.parametrize("case", BAD)
def test_messages_are_as_expected(case: str) -> None:
    """What only a stack or a certificate does not take is said, with its fix, in one known text."""
    fleet, manifest = case_input(case)
    render(fleet, manifest, "deployment-v2")
    with pytest.raises(GgfleetError) as caught:
        render_case(case)
    text = told(caught.value)
    if REWRITE:
        (CASES / case / "expected.txt").write_text(text)
    assert text == (CASES / case / "expected.txt").read_text()


def case_input(case: str) -> tuple[Fleet, Manifest]:
    """The fleet and the manifest of a case."""
    folder = CASES / case
    if not (folder / "fleet.yml").exists():
        folder = BORROWED / case
    return load(folder / "fleet.yml", read_hosts), read_manifest(folder / "manifest.json")


def render_case(case: str) -> Rendering:
    return render(*case_input(case), "cloudformation", generations=(Generation.V2,))
