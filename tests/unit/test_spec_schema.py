"""The JSON Schema agrees with the reader: both come from the same tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ggfleet.spec import check, json_schema, spec_reference, starter
from ggfleet.spec.keys import Table
from ggfleet.spec.schema import FILE, sections
from ggfleet.spec.tables import Spec
from unit.spoilt_specs import CASES, INVENTORY, SPEC
from yaml_values import editor_value

ROOT = Path(__file__).parents[2]
VALIDATOR = Draft202012Validator(json_schema())

RELATIONS = {
    "duplicate key", "no handler file", "no source folder", "no requirements", "group twice",
    "unknown platform", "unknown end", "cloud to cloud", "no memory", "device without container",
    "climbing destination", "destination with a colon", "digits of another script", "empty topic",
    "model beside the spec", "no platform for a group", "reserved platform", "nested destinations", "unknown resource", "long Lambda name", "tag",
    "model in S3 that is no archive", "ARN of something else", "repeated logger",
    "repeated subscription", "half a second", "endless size",
}  # fmt: skip
"""Mistakes that the schema cannot see: they are between parts, in files, or in YAML itself."""


def complaints(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(editor_value(text))]


def specs() -> list[Path]:
    golden = sorted((ROOT / "tests/golden").glob("*/*/fleet.yml"))
    return [ROOT / "fleet.yml", *golden]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("spec", specs(), ids=lambda path: path.parent.name)
def test_every_spec_that_is_kept_validates(spec: Path) -> None:
    """Those of the `error_` cases too: what is wrong with them is no matter of structure."""
    assert complaints(spec.read_text()) == []


def test_the_starter_validates_with_the_schema_beside_it() -> None:
    texts = starter(name="line", region="eu-west-1", account="012345678901", bucket="line-bucket")
    assert texts["fleet.yml"].startswith(f"# yaml-language-server: $schema={FILE}\n")
    assert editor_value(texts[FILE]) == json_schema()
    assert complaints(texts["fleet.yml"]) == []


def test_the_spec_of_the_other_tests_validates() -> None:
    """It has a `3.10` without quotes, `on` and 0.80: what the reader takes, editors must not mark."""
    assert complaints(SPEC) == []


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_of_structure_is_refused_by_both(case: str) -> None:
    """Each of these is refused by the reader (test_spec_check); the schema sees all but relations."""
    right, wrong, *_ = CASES[case]
    found = complaints(SPEC.replace(right, wrong, 1))
    assert (found == []) == (case in RELATIONS), found


VALID = {
    "quoted truth": ("pinned: true", 'pinned: "true"'),
    "quoted number": ("python: 3.10", 'python: "3.10"'),
    "number for a text": ("requirements: libraries.txt", "requirements: 12"),
    "truth for a name": ("fleet: line", "fleet: on"),
    "number with a unit and no space": ("memory: 1 GiB", "memory: 0.5GiB"),
    "a list of sources": ("source: code", "source: [code, code]"),
    "a group by number": ("destination: /mllibs", "destination: /mllibs, owner: 999"),
    "a factor in quotes": ("factor: 1.5", 'factor: "1.5"'),
    "an empty section": ("resources:\n", "resources:\n  # nothing else\n"),
}


@pytest.mark.parametrize("case", VALID)
def test_what_the_reader_takes_validates(case: str, tmp_path: Path) -> None:
    """Ways of writing that are unusual and right."""
    right, wrong = VALID[case]
    assert right in SPEC
    text = SPEC.replace(right, wrong, 1)
    for name in ("libraries.txt", "12", "hosts.yml", "code/function.py", "digits/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "fleet.yml").write_text(text)
    assert check(tmp_path / "fleet.yml", lambda _: INVENTORY).fleet is not None
    assert complaints(text) == []


def test_every_key_says_what_it_is_for() -> None:
    """An editor shows the text when the key is pointed at; it is a sentence."""
    keys = [(table, key) for table in sections(Spec) for key in table.keys]
    assert len(keys) > 50
    for table, key in keys:
        assert key.about[:1].isupper() or key.about[:1] == "`", (table, key.name)
        assert key.about.endswith("."), (table, key.name)


def test_every_key_has_a_golden_case() -> None:
    """What each key becomes in a target is pinned by some spec there, or noted as left out."""
    used: set[tuple[str, str]] = set()
    for spec in specs():
        used |= set(keys_in(Spec, editor_value(spec.read_text())))
    declared = {(table.__name__, key.name) for table in sections(Spec) for key in table.keys}
    assert declared - used == set()


def keys_in(table: type[Table], value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The keys that a document uses, with the tables they are declared in."""
    for key in (key for key in table.keys if key.name in value):
        yield table.__name__, key.name
        held = value[key.name]
        parts = held if isinstance(held, list) else [held]
        if key.kind == "named sections":
            parts = list(held.values())
        for inner in key.tables:
            for part in (each for each in parts if isinstance(each, dict)):
                yield from keys_in(inner, part)


def test_every_table_is_reached_from_the_top() -> None:
    """A table that nothing holds would be in no document."""
    assert set(sections(Spec)) == set(_below(Table))


def _below(table: type[Table]) -> list[Any]:
    return [each for child in table.__subclasses__() for each in (child, *_below(child))]


def test_the_page_is_what_the_tables_say() -> None:
    """`scripts/spec_reference.py` writes it."""
    assert (ROOT / "docs/spec.md").read_text() == spec_reference()
