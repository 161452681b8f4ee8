"""The command line: exit codes, messages, JSON, and no traceback for a user's mistake."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from functional.ggfleet_command import ROOT, SAMPLE, ggfleet
from ggfleet.spec import json_schema
from ggfleet.spec.schema import FILE


def test_the_sample_passes_the_check() -> None:
    done = ggfleet("check", SAMPLE)
    assert done.returncode == 0
    assert "is fine: 4 cores, 3 platforms, 3 functions, 3 libraries, 2 models" in done.stdout


def planted(folder: Path) -> Path:
    """The sample with ten mistakes; its paths lead to the sample's own files."""
    text = SAMPLE.read_text()
    for right, wrong in (
        ("account: \"123456789012\"", "account: 1234"),
        ("architecture: aarch64, python: \"3.10\"", "architecture: arm64, python: \"3.10\""),
        ("inventory: inventory/sample", f"inventory: {ROOT}/inventory/sample"),
        ("jetson: orin", "jetsom: orin"),
        ("install: ml-resource ", "install: ml_resource "),
        ("bucket: line-vision-greengrass", "bucket: line.vision"),
        ("memory: 256 MiB", "memroy: 256 MiB"),
        ("handler: function.function_handler\n    pinned: true\n    timeout", "handler: function\n    pinned: true\n    timeout"),
        ("    isolation: none", "    isolation: process"),
        ("{from: cloud, topic: digits/request, to: digits-edge}", "{from: cloud, topic: digits/request, to: digit-edge}"),
        ("level: INFO, to: file, space: 10 MiB}\n\n", "level: INFO, to: disk, space: 10 MiB}\n\n"),
    ):  # fmt: skip
        assert text.count(right) >= 1, right
        text = text.replace(right, wrong, 1)
    path = folder / "fleet.yml"
    path.write_text(text.replace("lambda/", f"{ROOT}/lambda/"))
    return path


def test_ten_planted_mistakes_are_all_named_with_their_line(tmp_path: Path) -> None:
    done = ggfleet("check", planted(tmp_path), "--json")
    told = json.loads(done.stdout)
    lines = planted(tmp_path).read_text().splitlines()
    errors = [p for p in told["problems"] if p["severity"] == "error"]
    wanted = {"account: 1234", "arm64", "jetsom", "ml_resource", "line.vision", "memroy", "handler: function",
              "isolation: process", "to: digit-edge", "to: disk"}  # fmt: skip
    named = {word for word in wanted for p in errors if word in lines[p["line"] - 1]}
    assert named == wanted
    assert done.returncode == 2
    assert told["errors"] == len(errors)


def test_errors_read_as_places_that_editors_follow(tmp_path: Path) -> None:
    done = ggfleet("check", planted(tmp_path))
    assert done.returncode == 2
    assert f"{tmp_path}/fleet.yml:7:3: error aws.account: cannot be '1234'" in done.stderr
    assert "fix: did you mean memory?" in done.stderr
    assert "Traceback" not in done.stderr


def test_strict_makes_warnings_fail(tmp_path: Path) -> None:
    ggfleet("init", tmp_path / "new")
    spec = tmp_path / "new/fleet.yml"
    spec.write_text(
        spec.read_text().replace(
            "\nfunctions:",
            "\nmodels:\n  m: {source: m, version: 1.0.0, destination: /m}\n\nfunctions:",
        )
    )
    relaxed, strict = ggfleet("check", spec), ggfleet("check", spec, "--strict")
    assert (relaxed.returncode, strict.returncode) == (0, 2)
    assert "0 errors, 2 warnings" in relaxed.stderr
    assert "is fine" in relaxed.stdout
    assert "is fine" not in strict.stdout


def test_init_writes_a_fleet_that_passes_the_check(tmp_path: Path) -> None:
    made = ggfleet("init", tmp_path / "my fleet", "--json")
    assert json.loads(made.stdout)["files"][0] == "fleet.yml"
    checked = ggfleet("check", tmp_path / "my fleet/fleet.yml", "--strict", "--json")
    told = json.loads(checked.stdout)
    assert (checked.returncode, told["errors"], told["warnings"]) == (0, 0, 0)
    # Two facts on V1, which a fleet of today's systems should know: its Python and its cgroups.
    assert [p["rule"] for p in told["problems"]] == ["platform-runtime", "platform-cgroup"]
    assert json.loads((tmp_path / "my fleet" / FILE).read_text()) == json_schema()
    assert "fleet: my-fleet\n" in (tmp_path / "my fleet/fleet.yml").read_text()


def test_schema_is_printed_or_written(tmp_path: Path) -> None:
    """Both are the same bytes."""
    printed = ggfleet("schema").stdout
    assert json.loads(printed) == json_schema()
    assert ggfleet("schema", "--out", tmp_path / "made/schema.json").returncode == 0
    assert (tmp_path / "made/schema.json").read_text() == printed


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--region", "Moon", "aws.region cannot be 'Moon'"),
        ("--account", "abc", "aws.account cannot be 'abc'"),
        ("--bucket", "a.b", "aws.bucket cannot be 'a.b'"),
        ("--name", 'a"b: {', "these options make no spec"),
    ],
)
def test_init_refuses_options_that_make_no_spec(
    tmp_path: Path, option: str, value: str, said: str
) -> None:
    done = ggfleet("init", tmp_path / "new", option, value)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "new").exists()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/hosts.yml").write_text("mine")
    done = ggfleet("init", tmp_path)
    assert done.returncode == 2
    assert "hosts.yml exists already" in done.stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["hosts.yml"]


def test_init_writes_an_inventory_that_ansible_reads(tmp_path: Path) -> None:
    ggfleet("init", tmp_path / "new")
    listed = subprocess.run(
        [Path(sys.executable).parent / "ansible-inventory", "-i", tmp_path / "new/inventory", "--list"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(listed.stdout)["raspberry_pi"]["hosts"] == ["pi-01"]


def test_render_names_every_value_that_is_pending_and_writes_nothing(tmp_path: Path) -> None:
    ggfleet("init", tmp_path / "new")
    done = ggfleet("render", "--out", tmp_path / "out", cwd=tmp_path / "new")
    assert done.returncode == 2
    assert "certificate ARN of the core pi-01" in done.stderr
    assert "ggfleet bundle fleet.yml --platform" in done.stderr
    assert not (tmp_path / "out").exists()
    done = ggfleet("render", "new/fleet.yml", "--out", "out", cwd=tmp_path)
    assert "ggfleet bundle new/fleet.yml --platform" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "nowhere.yml"], "cannot read nowhere.yml: no such file or directory"),
        (["chekc"], "No such command 'chekc'"),
        (
            ["render", "fleet.yml", "--out", "x", "--target", "group-v9"],
            "'group-v9' is not one of 'group-v1'",
        ),
        (["bundle", "fleet.yml", "--platform", "pie"], "did you mean pi?"),
    ],
)
def test_mistakes_in_arguments_are_told_without_traceback(arguments: list[str], said: str) -> None:
    done = ggfleet(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_offers_the_verbs(shell: str) -> None:
    assert "_GGFLEET_COMPLETE" in ggfleet("completion", shell).stdout
    offered = ggfleet(_GGFLEET_COMPLETE="bash_complete", COMP_WORDS="ggfleet ", COMP_CWORD="1")
    assert "plain,compare" in offered.stdout


def test_help_names_every_verb_within_80_columns() -> None:
    done = ggfleet("--help")
    for verb in ("init", "check", "bundle", "render", "publish", "run", "compare", "schema"):
        assert f"  {verb} " in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["init", "fleet.yml/x"], "fleet.yml/x"),
        (["bundle", "fleet.yml", "--platform", "gateway", "--out", "fleet.yml/x"], "fleet.yml/x"),
        (["publish", "fleet.yml", "--bundles", "fleet.yml"], "is a file"),
        (["run", "fleet.yml", "--root", "/proc/x", "--messages", "/dev/null"], "/proc/x"),
        (["run", "fleet.yml", "--platform", "nope"], "--platform nope is no platform"),
    ],
)
def test_a_path_that_cannot_be_is_told_without_traceback(arguments: list[str], said: str) -> None:
    done = ggfleet(*arguments)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr.lower()
    assert "Traceback" not in done.stderr
