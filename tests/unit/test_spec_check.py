"""The spec reader: every problem at once, each with its line, and no value changed by YAML."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ggfleet.errors import GgfleetError, SpecError, ToolError
from ggfleet.model import Abort, Access, Pending, Resolved, Rollout, Severity
from ggfleet.spec import Checked, check, load
from unit.spoilt_specs import BROKEN, CASES, CERTIFICATE, INVENTORY, SPEC

CheckText = Callable[..., Checked]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which every file that the spec names exists."""
    (tmp_path / "hosts.yml").write_text("")
    (tmp_path / "libraries.txt").write_text("numpy\n")
    (tmp_path / "digits").mkdir()
    (tmp_path / "code").mkdir()
    (tmp_path / "code/function.py").write_text("")
    return tmp_path


@pytest.fixture
def check_text(folder: Path) -> CheckText:
    def checker(text: str, inventory: dict[str, Any] | None = None) -> Checked:
        (folder / "fleet.yml").write_text(text)
        return check(folder / "fleet.yml", lambda _: inventory or INVENTORY)

    return checker


def told(checked: Checked) -> list[tuple[int, str]]:
    """Lines and paths of errors and warnings; notes on targets are tested elsewhere."""
    return [(p.place.line, p.path) for p in checked.problems if p.severity is not Severity.NOTE]


def test_reads_every_part_of_a_spec(check_text: CheckText, folder: Path) -> None:
    fleet = check_text(SPEC).fleet
    assert fleet is not None
    function = fleet.functions["classify"]
    assert (function.memory, function.timeout, function.contained) == (1048576, 30, True)
    assert function.sources == (folder / "code",)
    assert function.resources == {"camera": Access.WRITE, "frames": Access.READ}
    assert fleet.libraries["numpy"].requirements == folder / "libraries.txt"
    assert fleet.loggers[0].space == 10240
    assert fleet.deployment.rollout == Rollout(start=10, factor=1.5, after=10)
    assert fleet.deployment.abort == Abort(percent=10.0, after=5)


def test_yaml_changes_no_text(check_text: CheckText) -> None:
    """3.10 stays 3.10, a leading zero stays, `on` and 0.80 stay as written."""
    fleet = check_text(SPEC).fleet
    assert fleet is not None
    assert fleet.platforms["pi"].python == "3.10"
    assert fleet.aws.account == "012345678901"
    assert fleet.functions["classify"].environment == {"CONFIDENCE": "0.80", "PLAIN": "on"}


def test_cores_come_from_the_inventory(check_text: CheckText) -> None:
    fleet = check_text(SPEC).fleet
    assert fleet is not None
    first, second = fleet.cores
    assert (first.name, first.thing, first.certificate_arn) == (
        "pi-01",
        "thing-1",
        Resolved(CERTIFICATE),
    )
    assert second.thing == "pi-02"
    assert isinstance(second.certificate_arn, Pending)
    assert "greengrass_certificate_arn for pi-02" in second.certificate_arn.fix


def test_ten_mistakes_are_named_with_their_lines(check_text: CheckText) -> None:
    """Ten mistakes of ten kinds, planted in one file, come out together and nothing else does."""
    planted = {
        2: ("account: \"012345678901\"", "account: 12345", "aws.account"),
        4: ("architecture: aarch64", "architecture: arm64", "platforms.pi.architecture"),
        7: ("raspberry_pi: pi", "raspbery_pi: pi", "cores.groups.raspbery_pi"),
        9: ("install: ml-resource", "install: ml-resourse", "libraries.numpy.install"),
        11: ("version: 1.0.0", "version: latest", "models.digits.version"),
        13: ("device: /dev/video0", "device: /video0", "resources.camera.device"),
        20: ("memory: 1 GiB", "memroy: 1 GiB", "functions.classify.memroy"),
        21: ("timeout: 30 s", "timeout: 30", "functions.classify.timeout"),
        23: ("models: [digits]", "models: [digit]", "functions.classify.models"),
        27: ("topic: digits/request", "topic: digits/#/request", "subscriptions[0].topic"),
    }  # fmt: skip
    text = SPEC.splitlines()
    for line, (right, wrong, _) in planted.items():
        assert right in text[line - 1]
        text[line - 1] = text[line - 1].replace(right, wrong)
    checked = check_text("\n".join(text))
    wanted = [(line, path) for line, (_, _, path) in planted.items()]
    # The misspelt memory leaves a container without one: a consequence worth its own line.
    assert told(checked) == sorted([*wanted, (16, "functions.classify.memory")])
    fixes = {problem.path: problem.fix for problem in checked.problems}
    assert fixes["functions.classify.memroy"] == "did you mean memory?"
    assert fixes["platforms.pi.architecture"] == "did you mean aarch64?"
    assert fixes["cores.groups.raspbery_pi"] == "did you mean raspberry_pi?"
    assert fixes["functions.classify.models"] == "did you mean digits?"
    assert checked.fleet is None


def test_a_merge_key_is_told_once_and_an_alias_is_read(check_text: CheckText) -> None:
    """`<<` has a message of its own, and what it would have brought is not told as missing."""
    line = SPEC.splitlines()[3]
    named = line.replace("pi: {", "pi: &pi {")
    checked = check_text(SPEC.replace(line, f"{named}\n  two: {{<<: *pi}}"))
    assert told(checked) == [(5, "platforms.two")]
    problem = next(p for p in checked.problems if p.path == "platforms.two")
    assert "merge key" in problem.message
    assert "alias" in problem.fix
    assert problem.place.column == 9
    assert check_text(SPEC.replace(line, f"{named}\n  two: *pi")).fleet is not None
    quoted = check_text(SPEC.replace("{CONFIDENCE: 0.80", '{"<<": x, CONFIDENCE: 0.80'))
    assert [p.message for p in quoted.problems if "<<" in p.path] == [
        "'<<' cannot be the name of a variable"
    ]


@pytest.mark.parametrize(("right", "wrong", "line", "path", "message"), CASES.values(), ids=CASES)
def test_names_place_and_reason(
    check_text: CheckText, right: str, wrong: str, line: int, path: str, message: str
) -> None:
    assert right in SPEC
    checked = check_text(SPEC.replace(right, wrong, 1))
    errors = [p for p in checked.problems if p.severity is Severity.ERROR]
    assert [(p.place.line, p.path) for p in errors if message in p.message] == [(line, path)]
    assert all(problem.fix for problem in errors)
    assert checked.fleet is None


@pytest.mark.parametrize("text", BROKEN)
def test_broken_yaml_is_placed(check_text: CheckText, text: str) -> None:
    line, message = BROKEN[text]
    found = check_text(text).problems
    assert any(p.place.line == line and message in p.message for p in found), found


def test_a_missing_model_is_a_warning(check_text: CheckText, folder: Path) -> None:
    """Models come out of trainings, which may run later; the fleet is good without them."""
    (folder / "digits").rmdir()
    checked = check_text(SPEC)
    assert checked.fleet is not None
    assert told(checked) == [(11, "models.digits.source")]


def test_memory_without_container_is_a_warning(check_text: CheckText) -> None:
    text = SPEC.replace("    timeout: 30 s", "    isolation: none")
    text = text.replace("    resources: {camera: rw, frames: ro}\n", "")
    checked = check_text(text)
    assert (20, "functions.classify.memory") in told(checked)
    assert checked.fleet is not None


def test_an_owner_group_must_be_attached_wholly(check_text: CheckText) -> None:
    """Two ML resources of one owner group, of which a function has only one: V1 refuses that."""
    text = SPEC.replace("    timeout: 30 s", "    isolation: none").replace(
        "    resources: {camera: rw, frames: ro}\n", ""
    )
    other = "  other: {source: code, handler: function.f, isolation: none, models: [digits]}\n"
    checked = check_text(text.replace("functions:\n", "functions:\n" + other))
    assert (16, "functions.other.models") in told(checked)
    apart = text.replace("destination: /mllibs", "destination: /mllibs, owner: ggc_libs")
    assert check_text(apart.replace("functions:\n", "functions:\n" + other)).fleet is not None


def test_an_unreadable_inventory_is_a_problem_of_the_spec(folder: Path) -> None:
    def broken(_: Path) -> dict[str, Any]:
        raise ToolError("ansible-inventory failed with exit code 1:\nno such plugin")

    (folder / "fleet.yml").write_text(SPEC)
    checked = check(folder / "fleet.yml", broken)
    assert told(checked) == [(6, "cores.inventory")]
    assert any("no such plugin" in problem.message for problem in checked.problems)


def test_a_template_in_the_inventory_is_refused(check_text: CheckText) -> None:
    inventory = {
        **INVENTORY,
        "_meta": {"hostvars": {"pi-01": {"greengrass_thing_name": "{{ x }}"}}},
    }
    assert any("is a template" in p.message for p in check_text(SPEC, inventory).problems)


def test_load_raises_all_errors_and_no_warning(folder: Path) -> None:
    (folder / "digits").rmdir()
    (folder / "fleet.yml").write_text(SPEC.replace("1 GiB", "1").replace("30 s", "30"))
    with pytest.raises(SpecError, match="2 problems in the spec"):
        load(folder / "fleet.yml", lambda _: INVENTORY)


@pytest.mark.parametrize(
    ("content", "message"), [(None, "no such file"), (b"fleet: \xff\n", "not UTF-8")]
)
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "fleet.yml").write_bytes(content)
    with pytest.raises(GgfleetError, match=message):
        check(tmp_path / "fleet.yml")
