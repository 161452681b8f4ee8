"""Spoilt specs: each is told at its line with a fix, and none ends in a traceback."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from ggfleet.lint import Checked, check
from ggfleet.model import Severity
from ggfleet.spec.schema import sections
from ggfleet.spec.tables import Spec
from unit.mutations import KINDS, Mutation, mutations
from unit.rule_examples import read_hosts
from unit.table_mutations import table_mutations
from unit.test_spec_schema import keys_in
from yaml_values import editor_value

ROOT = Path(__file__).resolve().parents[2]
COUNT = 200
SEED = 20
HOSTS = """\
raspberry_pi: {hosts: {pi-01: {}, pi-02: {}}}
jetson: {hosts: {orin-01: {}}}
gateway: {hosts: {gateway-01: {}}}
"""
WHOLE = Path(__file__).with_name("whole.yml")
FILES = {
    "inventory/sample": HOSTS,
    "hosts.yml": HOSTS,
    "code/function.py": "",
    "code/native": "",
    "libraries.txt": "",
    "digits/model": "",
}


def sample() -> str:
    """The sample's text, with paths that lead to its own files from elsewhere."""
    return (ROOT / "fleet.yml").read_text().replace("lambda/", f"{ROOT}/lambda/")


def check_text(folder: Path, text: str) -> Checked:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    (folder / "fleet.yml").write_text(text)
    return check(folder / "fleet.yml", read_hosts)


def told(checked: Checked) -> Counter[tuple[str, str]]:
    return Counter((p.path, p.message) for p in checked.problems)


def shortcoming(folder: Path, mutation: Mutation, before: Counter[tuple[str, str]]) -> str:
    """Why a mutation is not told well, or an empty string."""
    try:
        checked = check_text(folder, mutation.text)
    except Exception as error:  # noqa: BLE001 - whatever it is, it would be a traceback
        return f"{type(error).__name__}: {error}"
    new = [p for p in checked.problems if (p.path, p.message) not in before]
    if not any(p.severity is Severity.ERROR for p in new):
        return "no error is told"
    if not any(p.place.line in mutation.lines for p in new):
        return f"told at {sorted({p.place.line for p in new})}, not at {sorted(mutation.lines)}"
    return "" if all(p.fix and p.rule for p in new) else "a finding has no fix or no rule"


def test_200_spoilt_specs_are_told_at_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The figure is printed; `pytest -s` shows it."""
    text = sample()
    before = told(check_text(tmp_path, text))
    chosen = mutations(text, COUNT, SEED)
    assert len({each.text for each in chosen}) == COUNT
    missed = [(m.kind, m.what, why) for m in chosen if (why := shortcoming(tmp_path, m, before))]
    kinds = Counter(each.kind for each in chosen)
    with capsys.disabled():
        print(f"\n{COUNT - len(missed)} of {COUNT} spoilt specs told at their line: {dict(kinds)}")
    assert missed == []
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 10


def test_the_whole_spec_has_every_key_and_no_error(tmp_path: Path) -> None:
    """What the test below spoils; `whole.yml` wants a line for a key that is new."""
    used = set(keys_in(Spec, editor_value(WHOLE.read_text())))
    declared = {(table.__name__, key.name) for table in sections(Spec) for key in table.keys}
    assert declared - used == set()
    assert check_text(tmp_path, WHOLE.read_text()).fleet is not None


def test_every_key_spoilt_is_told_at_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each key that the tables declare, in each way that is known. The figure is printed."""
    text = WHOLE.read_text()
    before = told(check_text(tmp_path, text))
    chosen = list({each.text: each for each in table_mutations(text)}.values())
    missed = [(m.kind, m.what, why) for m in chosen if (why := shortcoming(tmp_path, m, before))]
    kinds = Counter(each.kind for each in chosen)
    with capsys.disabled():
        print(f"\n{len(chosen) - len(missed)} of {len(chosen)} spoilt keys told: {dict(kinds)}")
    assert missed == []
    assert set(kinds) == {*KINDS, "value refused"}
    assert len(chosen) >= COUNT
