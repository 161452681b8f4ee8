"""Golden pairs of `cloudformation`: the cases of `group-v1`, and some of its own.

A case in `cloudformation/` that has no `fleet.yml` takes the input of the case in `group_v1/` with
the same name. `GGFLEET_REWRITE_GOLDEN=1` writes what is rendered now: look at the difference before
you keep it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.bundle.manifest import read_manifest
from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Manifest, Rendering
from ggfleet.render import render
from ggfleet.spec import load
from golden import test_golden_group_v1 as group_v1
from golden.test_golden_group_v1 import REWRITE, files_of, read_hosts, read_tree, rewrite

CASES = Path(__file__).parent / "cloudformation"
OWN = sorted(path.parent.name for path in CASES.glob("*/fleet.yml"))
GOOD = sorted({*group_v1.GOOD, *(name for name in OWN if not name.startswith("error_"))})
BAD = [name for name in OWN if name.startswith("error_")]


def test_there_are_cases() -> None:
    """A listing that finds nothing would pass every test below."""
    assert len(GOOD) >= 8
    assert len(BAD) >= 2


@pytest.mark.parametrize("case", GOOD)
def test_templates_are_as_expected(case: str) -> None:
    """Every template and every note, byte by byte, and no other file."""
    assert_expected(CASES / case / "expected", render_case(case))


def assert_expected(folder: Path, rendering: Rendering) -> None:
    """The documents and notes are those of a folder, which may be rewritten first."""
    rendered = files_of(rendering)
    if REWRITE:
        rewrite(folder, rendered)
    assert rendered == read_tree(folder)


@pytest.mark.parametrize("case", BAD)
def test_messages_are_as_expected(case: str) -> None:
    """What only CloudFormation does not take is said, with its fix, in one known text."""
    render(*case_input(case), "group-v1")
    with pytest.raises(GgfleetError) as caught:
        render_case(case)
    text = f"{caught.value.message}\nfix: {caught.value.fix}\n"
    if REWRITE:
        (CASES / case / "expected.txt").write_text(text)
    assert text == (CASES / case / "expected.txt").read_text()


def case_input(case: str) -> tuple[Fleet, Manifest]:
    """The fleet and the manifest of a case."""
    folder = CASES / case if case in OWN else group_v1.CASES / case
    fleet = load(folder / "fleet.yml", read_hosts)
    return fleet, read_manifest(folder / "manifest.json")


def render_case(case: str) -> Rendering:
    return render(*case_input(case), "cloudformation")
