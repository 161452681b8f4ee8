"""Findings as a SARIF 2.1.0 log, which code hosts show beside the lines of a change."""

from __future__ import annotations

import hashlib
import os
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from ggfleet.cli.rulebook import markdown
from ggfleet.model import Json, Problem
from ggfleet.spec import RULES, Checked, Rule

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

_INDEX = {name: index for index, name in enumerate(RULES)}


def sarif_log(checked: Checked) -> dict[str, Json]:
    """A log with one run: every rule with its help, and every finding.

    A suppressed finding is there too, with its reason; code hosts show it as dismissed.
    """
    results: list[Json] = [_result(problem) for problem in checked.problems]
    for problem, by in checked.suppressed:
        told: Json = [{"kind": "inSource", "justification": by.reason}]
        results.append({**_result(problem), "suppressions": told})
    rules: list[Json] = [_rule(rule) for rule in RULES.values()]
    driver: dict[str, Json] = {"name": "ggfleet", "version": version("ggfleet"), "rules": rules}
    run: Json = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Json]:
    # A theme may have a target's name, and SARIF wants each tag once.
    tags: list[Json] = [*dict.fromkeys([rule.theme, *map(str, rule.targets)])]
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.reason},
        "help": {
            "text": f"{rule.reason}\n\nFix: {rule.fix}\n\nSource: {rule.source}",
            "markdown": markdown(rule),
        },
        "defaultConfiguration": {"level": str(rule.severity)},
        "properties": {"tags": tags},
    }


def _result(problem: Problem) -> dict[str, Json]:
    """The levels of SARIF are called as the severities here are."""
    path = f"{problem.path}: " if problem.path else ""
    text = f"{path}{problem.message}. Fix: {problem.fix}"
    region: Json = {"startLine": problem.place.line, "startColumn": problem.place.column}
    location: dict[str, Json] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(problem.place.file)},
            "region": region,
        }
    }
    if problem.path:
        location["logicalLocations"] = [{"fullyQualifiedName": problem.path}]
    return {
        "ruleId": problem.rule,
        "ruleIndex": _INDEX[problem.rule],
        "level": str(problem.severity),
        "message": {"text": text},
        "locations": [location],
        "partialFingerprints": {"ruleAndPath/v1": _fingerprint(problem)},
    }


def _fingerprint(problem: Problem) -> str:
    """The same for the same finding after lines were moved."""
    parts = (problem.rule, problem.path, problem.message)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _uri(file: str) -> str:
    """Relative to the folder of the call, as code hosts want it; else the whole URI."""
    path = Path(os.path.abspath(file))  # noqa: PTH100 - links stay as they were named
    here = Path.cwd()
    if path.is_relative_to(here):
        return quote(path.relative_to(here).as_posix())
    return path.as_uri()
