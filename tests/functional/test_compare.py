"""`ggfleet compare`: both strategies done for real, on a fleet small enough to check by hand."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from functional.ggfleet_command import ggfleet
from functional.small_fleet import lines, small_fleet
from ggfleet.compare.link import CountedLink
from ggfleet.compare.wheelhouse import Wheelhouse


@dataclass(frozen=True)
class Compared:
    """A folder in which both strategies were compared once, and the medians by strategy."""

    folder: Path
    found: dict[str, dict[str, float]]

    def archive_size(self, part: str) -> int:
        manifest = json.loads((self.folder / "build/bundles/manifest.json").read_text())
        (archive,) = [a for a in manifest["archives"] if a["part"] == part]
        return int(archive["size"])


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    """What is printed is what is written, too."""
    folder = tmp_path_factory.mktemp("compared")
    small_fleet(folder)
    (folder / "messages.jsonl").write_text(lines({"n": 1}))
    done = ggfleet("compare", "--messages", "messages.jsonl", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document == json.loads((folder / "build/compare/comparison.json").read_text())
    return Compared(folder, {run["strategy"]: run for run in document["medians"]})


def test_bytes_are_those_of_what_each_strategy_moves(compared: Compared) -> None:
    """The ML resource moves three archives, pip the wheel instead of one of them; headers are small."""
    found = compared.found
    function, model = (compared.archive_size(part) for part in ("functions", "models"))
    resource = function + model + compared.archive_size("libraries")
    (wheel,) = (compared.folder / "wheels").iterdir()
    pip = function + model + wheel.stat().st_size
    assert resource < found["ml-resource"]["install_bytes"] < resource + 10_000
    assert pip < found["os-pip"]["install_bytes"] < pip + 10_000


def test_a_model_update_moves_the_model_alone(compared: Compared) -> None:
    for run in compared.found.values():
        assert compared.archive_size("models") < run["update_bytes"] < 5_000
        assert run["updated_inference_seconds"] > 0


def test_every_run_is_kept_and_the_table_has_medians(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    (tmp_path / "messages.jsonl").write_text(lines({"n": 1}))
    done = ggfleet("compare", "--messages", "messages.jsonl", "--runs", "2", cwd=tmp_path)
    assert "2 runs of each" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    document = json.loads((tmp_path / "build/compare/comparison.json").read_text())
    assert [run["strategy"] for run in document["runs"]] == ["os-pip", "ml-resource"] * 2
    assert document["machine"]["pip"]


def test_a_message_that_the_function_does_not_answer_is_told(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    (tmp_path / "messages.jsonl").write_text(lines({"divide": 0}))
    done = ggfleet("compare", "--messages", "messages.jsonl", cwd=tmp_path)
    assert done.returncode == 2
    assert "division by zero" in done.stderr


def test_a_function_without_library_or_model_cannot_be_compared(tmp_path: Path) -> None:
    small_fleet(tmp_path)
    (tmp_path / "messages.jsonl").write_text(lines({}))
    done = ggfleet("compare", "--messages", "messages.jsonl", "--function", "nf", cwd=tmp_path)
    assert done.returncode == 2
    assert "those that have: fn" in done.stderr


def test_a_counted_link_counts_what_comes_through(tmp_path: Path) -> None:
    """The bytes at the link are those of the file and of the answer's head."""
    (tmp_path / "w.whl").write_bytes(b"x" * 100_000)
    with (
        Wheelhouse([("w.whl", tmp_path / "w.whl")], tmp_path / "served") as house,
        CountedLink(house.url) as link,
    ):
        for fetched in (1, 2):
            with urllib.request.urlopen(f"{link.url}/w.whl") as answer:
                assert answer.read() == b"x" * 100_000
            assert fetched * 100_000 < link.received < fetched * 100_500
