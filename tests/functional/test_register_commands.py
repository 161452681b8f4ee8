"""The commands `register` and `unregister`, as a user calls them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from functional.ggfleet_command import ROOT, ggfleet
from functional.registrations import key_of_request, request_of
from ggfleet.cloud import Leave
from ggfleet.cloud.plan import Outcome
from ggfleet.cloud.requests import key_of
from ggfleet.lint import load
from ggfleet.model import Registration
from iot_support import Iot


def run(iot: Iot, *arguments: str | Path, stdin: str = "") -> Any:
    return ggfleet(*arguments, cwd=ROOT, stdin=stdin, **iot.environment)


def test_the_command_reads_requests_and_writes_certificates(
    two_cores: Path, iot: Iot, tmp_path: Path
) -> None:
    """From a folder or stdin; --check changes nothing; exit code 1 when a core failed."""
    name = load(two_cores).cores[0].name
    folder = tmp_path / "requests"
    folder.mkdir()
    request = request_of(name)
    (folder / f"{name}.csr").write_text(request)
    common = ("register", two_cores, "--requests", folder, "--out", tmp_path / "out")
    checked = run(iot, *common, "--check")
    assert checked.returncode == 0, checked.stderr
    assert f"{name}: would sign the request of {name}" in checked.stdout
    assert not (tmp_path / "out").exists()
    done = run(iot, *common)
    assert done.returncode == 0, done.stderr
    assert f"{name}: sign the request of {name}" in done.stdout
    assert key_of((tmp_path / f"out/{name}.pem").read_text()) == key_of_request(request)
    again = run(
        iot, "register", two_cores, "--requests", "-", "--json", stdin=json.dumps({name: request})
    )
    told_json = json.loads(again.stdout)
    assert (again.returncode, told_json["changed"]) == (0, False)
    assert (
        told_json["cores"][name]["certificate"]["pem"] == (tmp_path / f"out/{name}.pem").read_text()
    )
    assert told_json["role_alias"] == f"{load(two_cores).name}-token-exchange"
    broken = run(
        iot, "register", two_cores, "--requests", "-", "--json", stdin=json.dumps({name: "no"})
    )
    assert broken.returncode == 1
    assert "not a PEM CSR" in json.loads(broken.stdout)["cores"][name]["error"]["message"]
    gone = run(iot, "unregister", two_cores, "--core", name, "--json")
    assert json.loads(gone.stdout)["cores"][name]["changed"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("register", "--core", "nobody"), "nobody is no core of the spec"),
        (("register", "--requests", "-"), "stdin is no JSON"),
        (("register", "--requests", "/nowhere"), "holds no <core>.csr"),
        (("unregister", "--core", "nobody"), "nobody is no core of the spec"),
        (("unregister",), "--core"),
        (("unregister", "--core", "x", "--keep", "1", "--certificate", "2"), "exclude each other"),
    ],
)
def test_mistakes_are_told_without_traceback(
    two_cores: Path, iot: Iot, arguments: tuple[str, ...], said: str
) -> None:
    verb, *others = arguments
    done = run(iot, verb, two_cores, *others)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_silent_endpoint_is_told(two_cores: Path) -> None:
    done = ggfleet("register", two_cores, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x",
                   AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")  # fmt: skip
    assert done.returncode == 2
    assert "no answer" in done.stderr


def test_outcomes_are_plain_values() -> None:
    """A plan can be kept and compared, as data can."""
    assert all(dataclasses.is_dataclass(each) for each in (Outcome, Leave, Registration))
