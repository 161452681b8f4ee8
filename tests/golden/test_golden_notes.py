"""The table that ends `ggfleet render`, at 80 columns, as a person reads it.

`GGFLEET_REWRITE_GOLDEN=1` writes what is printed now: look at the difference before you keep it.
"""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from ggfleet.cli.notes import table_of
from golden.test_golden_group_v1 import REWRITE, render_case

GOLDEN = Path(__file__).parent
CASES = {
    "group-v1": GOLDEN / "group_v1/sources",
    "cloudformation": GOLDEN / "group_v1/functions",
    "recipes-v2": GOLDEN / "recipes_v2/left_out",
    "deployment-v2": GOLDEN / "deployment_v2/left_out",
}


@pytest.mark.parametrize("target", CASES)
def test_tables_are_as_expected(target: str) -> None:
    """Letter by letter, for a spec that the target leaves much out of."""
    stream = io.StringIO()
    console = Console(file=stream, width=80, soft_wrap=True)
    console.print(table_of(render_case(CASES[target], target).notes))
    text = "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())
    expected = GOLDEN / f"notes/{target}.txt"
    if REWRITE:
        expected.write_text(text)
    assert max(map(len, text.splitlines())) <= 80
    assert text == expected.read_text()
