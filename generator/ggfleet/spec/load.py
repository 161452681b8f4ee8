"""From a spec file to a fleet, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ggfleet.errors import GgfleetError, SpecError
from ggfleet.model import CLOUD, SHADOW, Drafter, Fleet, Problem, Severity
from ggfleet.spec import functions, parts, tables, wiring
from ggfleet.spec.document import parse
from ggfleet.spec.inventory import ReadInventory, ansible_inventory, read_cores
from ggfleet.spec.problems import Problems
from ggfleet.spec.resources import read_resources
from ggfleet.spec.rules import RULES, Finding, Rule, document_findings, findings
from ggfleet.spec.section import Section
from ggfleet.spec.suppress import Suppression, read_suppressions, silenced, tell_idle


@dataclass(frozen=True)
class Checked:
    """What was read: the fleet, when no problem is an error, and all problems.

    `suppressed` are the findings that the spec silences, each with the entry that does so.
    """

    fleet: Fleet | None
    problems: tuple[Problem, ...]
    suppressed: tuple[tuple[Problem, Suppression], ...] = ()


def load(
    path: Path, read_inventory: ReadInventory = ansible_inventory, drafter: Drafter | None = None
) -> Fleet:
    """The fleet that a spec describes.

    Raises `SpecError` with every problem when at least one is an error.
    """
    checked = check(path, read_inventory, drafter)
    if checked.fleet is None:
        raise SpecError([p for p in checked.problems if p.severity is Severity.ERROR])
    return checked.fleet


def check(
    path: Path, read_inventory: ReadInventory = ansible_inventory, drafter: Drafter | None = None
) -> Checked:
    """Read a spec to its end, whatever is wrong with it.

    Rules on documents are asked when `drafter` makes some, and no error is in the way of that.
    """
    problems = Problems(str(path))
    node = parse(_text(path), problems)
    fleet = None
    covered: list[tuple[Problem, Suppression]] = []
    if node is not None:
        top = tables.Spec.open(Section(node, "", problems))
        folder = path.resolve().parent
        fleet = _read(top, folder, read_inventory)
        covered = _judge(fleet, folder, read_suppressions(top), problems, drafter)
    found = problems.sorted()
    return Checked(None if _has_error(found) else fleet, tuple(found), tuple(covered))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise GgfleetError(f"{path} is not UTF-8 text", fix="save it as UTF-8") from error
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        fix = "name the spec, or write one with `ggfleet init`"
        raise GgfleetError(f"cannot read {path}: {why}", fix=fix) from error


def _read(top: Section, folder: Path, read_inventory: ReadInventory) -> Fleet:
    platforms = parts.read_platforms(top)
    cores = read_cores(top, folder, platforms, read_inventory)
    defaults = functions.read_function_defaults(top)
    own = functions.read_functions(top, folder, defaults)
    devices = wiring.read_client_devices(top, cores, [CLOUD, SHADOW, *own])
    return Fleet(
        name=tables.Spec.fleet.read(top),
        aws=parts.read_aws(top),
        platforms=platforms,
        cores=cores,
        libraries=parts.read_libraries(top, folder, platforms),
        models=parts.read_models(top, folder, platforms),
        resources=read_resources(top, platforms),
        functions=own,
        subscriptions=wiring.read_subscriptions(top),
        loggers=wiring.read_loggers(top),
        deployment=wiring.read_deployment(top, platforms),
        components=parts.read_components(top, folder),
        client_devices=devices,
        connectors=wiring.read_connectors(top, [CLOUD, SHADOW, *own, *devices]),
        function_defaults=defaults,
        system_functions=functions.read_system_functions(top),
    )


def _judge(
    fleet: Fleet,
    folder: Path,
    suppressions: tuple[Suppression, ...],
    problems: Problems,
    drafter: Drafter | None,
) -> list[tuple[Problem, Suppression]]:
    """Apply the rules, but only where reading found nothing wrong. Returns what is suppressed."""
    remaining, covered = _sorted_out(findings(fleet, folder), suppressions, problems)
    asked = suppressions
    if drafter is not None and not _has_error([*problems.found, *remaining]):
        told = document_findings(fleet, drafter(fleet))
        more, also = _sorted_out(told, suppressions, problems)
        remaining, covered = remaining + more, covered + also
    else:
        asked = tuple(each for each in asked if RULES[each.rule].draft_check is None)
    problems.found += remaining
    tell_idle(asked, [by for _, by in covered], problems)
    return covered


def _sorted_out(
    told: Iterable[tuple[Rule, Finding]],
    suppressions: tuple[Suppression, ...],
    problems: Problems,
) -> tuple[list[Problem], list[tuple[Problem, Suppression]]]:
    """The findings that remain, and those that the spec silences."""
    judged = [rule.problem(problems, finding) for rule, finding in told]
    untouched = [problem for problem in judged if not problems.touches(problem.path)]
    return silenced(untouched, suppressions)


def _has_error(problems: Iterable[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)
