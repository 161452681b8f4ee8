"""`--json` everywhere: one option, spelt and explained alike, for every verb."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ggfleet.cli.main import VERBS
from ggfleet.model import Json
from ggfleet.spec import json_schema
from ggfleet.workbench import Message


def command(verb: str) -> click.Command:
    found = importlib.import_module(f"ggfleet.cli.{verb}").command
    assert isinstance(found, click.Command)
    return found


def printed(*arguments: str | Path) -> Json:
    """What a verb prints with `--json`, which has to be one document and nothing besides."""
    verb, *others = map(str, arguments)
    done = CliRunner().invoke(command(verb), [*others, "--json"], standalone_mode=False)
    assert done.exception is None, done.exception
    content: Json = json.loads(done.stdout)
    return content


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_it(verb: str) -> None:
    """With the same help, and as a flag that is off unless it is written."""
    (option,) = [each for each in command(verb).params if "--json" in each.opts]
    assert isinstance(option, click.Option)
    assert option.name == "as_json"
    assert option.is_flag
    assert option.help == "Print one JSON document."


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb in ("check", "rules")])
def test_a_format_and_the_flag_agree(verb: str) -> None:
    """Verbs with more forms than two have `--format` too, and `json` is one of them."""
    (option,) = [each for each in command(verb).params if "--format" in each.opts]
    assert isinstance(option.type, click.Choice)
    assert {"text", "json"} <= set(option.type.choices)


def test_the_schema_tells_where_it_was_written(tmp_path: Path) -> None:
    out = tmp_path / "schema.json"
    assert printed("schema", "--out", out) == {"out": str(out)}
    assert json.loads(out.read_text()) == json_schema() == printed("schema")


def test_a_completion_script_comes_as_text_in_json() -> None:
    told = printed("completion", "bash")
    assert isinstance(told, dict)
    assert told["shell"] == "bash"
    assert "_GGFLEET_COMPLETE" in str(told["script"])


def test_a_rule_and_all_rules() -> None:
    one, every = printed("explain", "name-unused"), printed("rules")
    assert isinstance(every, list)
    assert one in every


def test_an_answer_is_the_same_in_a_line_and_in_a_document() -> None:
    """`run` prints the one as it goes, and the other at the end."""
    answer = Message("digits/result", b'{"digit": 7}')
    assert json.loads(answer.to_line()) == answer.to_json()
    assert Message("t", b"\xff").to_json() == {"topic": "t", "payload": "\ufffd"}
