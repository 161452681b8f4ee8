"""`ggfleet rules`, `ggfleet explain` and the formats of `ggfleet check`."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from functional.ggfleet_command import ROOT, SAMPLE, ggfleet
from functional.sarif_shape import LOG
from ggfleet.spec import RULES


def suppressed_spec(folder: Path) -> Path:
    """The sample in another folder, with a mistake and with one finding silenced."""
    text = SAMPLE.read_text().replace("lambda/", f"{ROOT}/lambda/")
    text = text.replace("inventory/sample", f"{ROOT}/inventory/sample")
    text = text.replace("    timeout: 30 s", "    timeuot: 30 s", 1)
    reason = "the devices of this line run V2"
    entry = f'suppress:\n  - {{rule: platform-runtime, reason: "{reason}"}}\n'
    (folder / "fleet.yml").write_text(text + entry)
    return folder / "fleet.yml"


def test_rules_lists_every_rule_and_a_theme() -> None:
    told = json.loads(ggfleet("rules", "--json").stdout)
    assert [rule["id"] for rule in told] == list(RULES)
    topics = json.loads(ggfleet("rules", "topic", "--json").stdout)
    assert {rule["theme"] for rule in topics} == {"topic"}
    assert len(topics) > 3
    table = ggfleet("rules", "secret", COLUMNS="160").stdout
    assert "secret-lite" in table
    assert "Nucleus lite has no secret manager." in table


def test_the_list_of_rules_reads_well_in_80_columns() -> None:
    """Two lines for each rule: no id is cut, no line is longer, nothing is left out."""
    told = ggfleet("rules", COLUMNS="80").stdout.splitlines()
    assert max(map(len, told)) <= 80
    heads = [line.split() for line in told if not line.startswith(" ")]
    assert [head[0] for head in heads] == list(RULES)
    text = " ".join(" ".join(told).split())
    assert all(rule.summary in text for rule in RULES.values())


def test_explain_tells_a_rule() -> None:
    """Reason, fix, source, the example and how to suppress it, within 80 columns of text."""
    told = ggfleet("explain", "secret-policy").stdout
    for head in ("why:", "fix:", "source:", "breaks it, in fleet.yml:", "to suppress it:"):
        assert head in told
    assert json.loads(ggfleet("explain", "secret-policy", "--json").stdout)["id"] == "secret-policy"
    assert "cannot be suppressed" in ggfleet("explain", "name-undefined").stdout


@pytest.mark.parametrize(("verb", "form"), [("check", "sarif"), ("rules", "markdown")])
def test_two_formats_are_one_too_many(verb: str, form: str) -> None:
    """--json is short for --format json, which may stand beside it, and no other may."""
    done = ggfleet(verb, "--format", form, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--json and --format {form} exclude each other" in done.stderr
    assert json.loads(ggfleet("rules", "--format", "json", "--json").stdout)


def test_explain_keeps_ids_whole() -> None:
    """The names of a guide's pages hold hyphens, and are looked for."""
    told = ggfleet("explain", "component-connector").stdout
    assert "move-from-v1" in told
    assert max(map(len, told.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        (["explain", "secret-polici"], "did you mean secret-policy?"),
        (["explain", "zzz"], "`ggfleet rules` lists"),
        (["rules", "topics"], "did you mean topic?"),
    ],
)
def test_an_unknown_rule_is_told(arguments: list[str], fix: str) -> None:
    done = ggfleet(*arguments)
    assert done.returncode == 2
    assert fix in done.stderr
    assert "Traceback" not in done.stderr


def test_ids_are_completed() -> None:
    offered = ggfleet(
        _GGFLEET_COMPLETE="bash_complete", COMP_WORDS="ggfleet explain secret-p", COMP_CWORD="2"
    ).stdout
    assert offered.split() == ["plain,secret-policy", "plain,secret-permission"]


def test_the_page_of_rules_is_the_registry() -> None:
    """docs/rules.md is what `ggfleet rules --format markdown` prints; write it again when it is not."""
    printed = ggfleet("rules", "--format", "markdown").stdout
    assert (ROOT / "docs/rules.md").read_text() == printed


def test_each_finding_tells_its_rule_and_targets(tmp_path: Path) -> None:
    done = ggfleet("check", suppressed_spec(tmp_path), "--format", "json")
    told = json.loads(done.stdout)
    assert done.returncode == 2
    rules = {p["rule"]: p for p in told["problems"]}
    assert rules["spec-form"]["path"] == "functions.digits-container.timeuot"
    assert rules["platform-cgroup"]["targets"] == ["V1", "classic"]
    assert "platform-runtime" not in rules
    assert [p["rule"] for p in told["suppressed"]] == ["platform-runtime"]
    text = ggfleet("check", suppressed_spec(tmp_path)).stderr
    assert "[spec-form]" in text
    assert "[platform-cgroup; V1, classic]" in text


def test_sarif_is_well_formed_and_complete(tmp_path: Path) -> None:
    """Shape, levels, rule ids that are there, lines, and the suppressed finding with its reason."""
    spec = suppressed_spec(tmp_path)
    done = ggfleet("check", "fleet.yml", "--format", "sarif", cwd=tmp_path)
    log = json.loads(done.stdout)
    judge = jsonschema.Draft202012Validator(LOG, format_checker=jsonschema.FormatChecker())
    assert [error.message for error in judge.iter_errors(log)] == []
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "fleet.yml"
    (typo,) = [r for r in run["results"] if r["ruleId"] == "spec-form"]
    region = typo["locations"][0]["physicalLocation"]["region"]
    assert "timeuot" in spec.read_text().splitlines()[region["startLine"] - 1]
    (silent,) = [r for r in run["results"] if "suppressions" in r]
    assert silent["suppressions"][0]["justification"] == "the devices of this line run V2"
    assert len({r["partialFingerprints"]["ruleAndPath/v1"] for r in run["results"]}) == len(
        run["results"]
    )
    assert done.returncode == 2


def test_sarif_names_a_file_elsewhere_by_its_uri(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    log = json.loads(ggfleet("check", suppressed_spec(folder), "--format", "sarif").stdout)
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == (folder / "fleet.yml").as_uri()
