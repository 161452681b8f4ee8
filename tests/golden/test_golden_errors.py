"""What `bundle` and the embedded cores refuse, word by word.

A case is two files below `errors/`: `<case>.yml` says what is wrong, in the words of the call that
`error_calls.py` has for its folder, and `<case>.txt` what is said of it, with the fix.
`GGFLEET_REWRITE_GOLDEN=1` writes what is said now: look at the difference before you keep it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

import ggfleet
from ggfleet.errors import GgfleetError
from golden.error_calls import CALLS
from golden.test_golden_group_v1 import REWRITE, told

FOLDER = Path(__file__).parent / "errors"
CASES = sorted(file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*.yml"))

SOURCES = Path(str(ggfleet.__file__)).parent
ELSEWHERE = {
    "bundle/bytecode.py": "starts another Python",
    "bundle/fit/": "reads native code; has tests of its own",
    "bundle/host.py": "is about the machine that this runs on",
    "bundle/strip.py": "asks a program of binutils",
    "bundle/supply/": "has keys and advisories; has tests of its own",
    "localcore/core.py": "a running core",
    "localcore/endpoint.py": "starts a server",
    "localcore/resources.py": "a file of V2 that is replaced between two looks",
    "localcore/running.py": "a running core",
    "localcore/v2/core.py": "a running core",
    "bundle/resolve.py": "asks uv",
    "bundle/sources.py": "a folder that root cannot read",
    "bundle/wheels.py": "a wheel without METADATA, read a second time",
}
"""Where messages are that no case has (one of a file, or all below a folder), and why."""


def refused(case: str, folder: Path) -> GgfleetError:
    with pytest.raises(GgfleetError) as caught:
        CALLS[str(Path(case).parent)](folder, yaml.safe_load((FOLDER / case).read_text()) or {})
    return caught.value


@pytest.mark.parametrize("case", CASES)
def test_messages_are_as_expected(tmp_path: Path, case: str) -> None:
    """Paths of the machine are `DIR` in them, and digests `SHA-256`: a compressor may change."""
    text = told(refused(case, tmp_path)).replace(str(tmp_path), "DIR")
    text = re.sub("[0-9a-f]{64}", "SHA-256", text)
    expected = (FOLDER / case).with_suffix(".txt")
    if REWRITE:
        expected.write_text(text)
    assert text == expected.read_text()


def test_every_case_is_two_files() -> None:
    texts = {file.relative_to(FOLDER).as_posix() for file in FOLDER.rglob("*.txt")}
    assert texts == {str(Path(case).with_suffix(".txt")) for case in CASES}
    assert {str(Path(case).parent) for case in CASES} == {*CALLS}


def test_every_message_has_a_case_or_a_reason(tmp_path: Path) -> None:
    """So a message that is new is written down, and read by somebody."""
    seen = set()
    for number, case in enumerate(CASES):
        (tmp_path / str(number)).mkdir()
        seen |= {*places(refused(case, tmp_path / str(number)))}
    missing = {file for file, line in raising() if (file, line) not in seen}
    without = {file for file in missing if not any(map(file.startswith, ELSEWHERE))}
    assert without == set()
    assert not [each for each in ELSEWHERE if not any(file.startswith(each) for file in missing)]


def raising() -> Iterator[tuple[str, int]]:
    """The file and line of everything in `bundle` and `localcore` that refuses something."""
    for file in (*SOURCES.glob("bundle/**/*.py"), *SOURCES.glob("localcore/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Raise | ast.Call) and refuses(node):
                yield file.relative_to(SOURCES).as_posix(), node.lineno


def refuses(node: ast.Raise | ast.Call) -> bool:
    """`raise CoreError(...)` and the like, and `node.fail(...)` of a document that is read."""
    if isinstance(node, ast.Raise):
        made = node.exc.func if isinstance(node.exc, ast.Call) else None
        return isinstance(made, ast.Name) and made.id in {"BundleError", "CoreError"}
    return isinstance(node.func, ast.Attribute) and node.func.attr == "fail"


def places(error: BaseException | None) -> Iterator[tuple[str, int]]:
    """The files and lines that an exception and its causes came through."""
    while error is not None:
        trace = error.__traceback__
        while trace is not None:
            file = Path(trace.tb_frame.f_code.co_filename)
            if file.is_relative_to(SOURCES):
                yield file.relative_to(SOURCES).as_posix(), trace.tb_lineno
            trace = trace.tb_next
        error = error.__cause__
