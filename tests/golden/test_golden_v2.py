"""Golden pairs of `recipes-v2` and `deployment-v2`, made and rewritten like those of `group-v1`."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.errors import GgfleetError
from golden.test_golden_group_v1 import REWRITE, files_of, read_tree, render_case, rewrite, told

FOLDERS = {
    "recipes-v2": Path(__file__).parent / "recipes_v2",
    "deployment-v2": Path(__file__).parent / "deployment_v2",
}
CASES = [(target, path) for target, folder in FOLDERS.items() for path in sorted(folder.iterdir())]
GOOD = [case for case in CASES if not case[1].name.startswith("error_")]
BAD = [case for case in CASES if case[1].name.startswith("error_")]
NAMES = [path.name for _, path in GOOD]


def test_there_are_cases() -> None:
    """A listing that finds nothing would pass every test below."""
    assert {target for target, _ in GOOD} == {target for target, _ in BAD} == FOLDERS.keys()


@pytest.mark.parametrize(("target", "case"), GOOD, ids=NAMES)
def test_documents_are_as_expected(target: str, case: Path) -> None:
    """Every document and every note, byte by byte, and no other file."""
    rendered = files_of(render_case(case, target))
    if REWRITE:
        rewrite(case / "expected", rendered)
    assert rendered == read_tree(case / "expected")


@pytest.mark.parametrize(("target", "case"), BAD, ids=[path.name for _, path in BAD])
def test_messages_are_as_expected(target: str, case: Path) -> None:
    """What cannot be rendered is said, with its fix, in one known text."""
    with pytest.raises(GgfleetError) as caught:
        render_case(case, target)
    text = told(caught.value)
    if REWRITE:
        (case / "expected.txt").write_text(text)
    assert text == (case / "expected.txt").read_text()
