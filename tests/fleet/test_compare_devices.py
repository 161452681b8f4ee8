"""Both strategies measured on real hosts, from an empty folder to an empty folder."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fleet.file_server import FileServer
from fleet.fleet import Fleet
from fleet.four_steps import take_step
from fleet.libraries import WEIGHT, Libraries, make_libraries
from fleet.play import play
from fleet.traces import inventory
from functional.ggfleet_command import ggfleet

pytestmark = pytest.mark.fleet

INFERENCE = """\
import pathlib, sys
import heavy, light
print(light.version, (pathlib.Path(sys.argv[1]) / "light.py").read_text())
"""


def strategies(old: Libraries, new: Libraries) -> list[dict[str, object]]:
    """Return both strategies as the role's input, the small set with an update."""
    return [
        {
            "strategy": "os-pip", "source": old.url, "requirements": str(old.lock),
            "updated": {"source": new.url, "requirements": str(new.lock)},
        },
        {"strategy": "ml-resource", **archive(old), "updated": archive(new)},
    ]  # fmt: skip


def archive(libraries: Libraries) -> dict[str, str]:
    """Return where an archive lies, and its digest."""
    inputs = libraries.ml_resource()
    prefix = "greengrass_ml_libraries_"
    return {name: inputs[f"{prefix}{name}"] for name in ("source", "sha256")}


def test_both_strategies_are_measured_on_two_hosts_and_shown(fleet: Fleet, tmp_path: Path) -> None:
    """Four lines, figures that follow from what was moved, hosts as they were found, and the table."""
    if shutil.which("mksquashfs") is None:
        pytest.skip("needs mksquashfs (package squashfs-tools)")
    hosts = fleet.boot("compared-1", "compared-2")
    found = [inventory(host) for host in hosts]
    folder = fleet.folder / "compared"
    folder.mkdir()
    (tmp_path / "infer.py").write_text(INFERENCE)
    server = FileServer(fleet.network, folder)
    try:
        old, new = (
            make_libraries(server, name, f"version = '{name}'\n") for name in ("old", "new")
        )
        inputs = {
            "greengrass_compare_strategies": strategies(old, new),
            "greengrass_compare_model": archive(old),
            "greengrass_compare_updated_model": archive(new),
            "greengrass_compare_inference": str(tmp_path / "infer.py"),
            "greengrass_compare_imports": ["heavy", "light"],
            "greengrass_compare_results": str(tmp_path / "runs.jsonl"),
        }
        refused = play(fleet, "compare.yml", {hosts[0]: inputs}).must_fail()
        consented = {host: {**inputs, "greengrass_compare_consent": True} for host in hosts}
        checked = [take_step(fleet, "compare.yml", consented, "--check")]
        play(fleet, "compare.yml", consented).must_pass()
        checked.append(take_step(fleet, "compare.yml", consented, "--check"))
    finally:
        server.close()
    assert "set greengrass_compare_consent to true" in " ".join(refused.output.split())
    for step in checked:
        assert "A run would measure os-pip, ml-resource" in " ".join(step.result.output.split())
        assert set(step.changed.values()) == {0}
        assert set(step.traces.values()) == {""}
    runs = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert sorted((run["host"], run["strategy"]) for run in runs) == [
        (host.name, strategy) for host in hosts for strategy in ("ml-resource", "os-pip")
    ]
    for run in runs:
        # Libraries and model are of one weight here; the model moves again, and of the libraries
        # what the strategy cannot keep. Ansible's own traffic comes on top.
        assert 2 * WEIGHT < run["install_bytes"] < 2 * WEIGHT + 4_000_000
        assert run["repeat_bytes"] < 1_000_000
        assert WEIGHT < run["update_bytes"] < WEIGHT + 2_000_000
        again = run["library_update_bytes"] > WEIGHT
        assert again is (run["strategy"] == "ml-resource")
        assert run["disk_bytes"] > 2 * WEIGHT
        assert 0 < run["first_inference_seconds"] < 60
    assert [inventory(host) for host in hosts] == found
    shown = ggfleet("compare", "--from", tmp_path / "runs.jsonl")
    assert shown.stdout.startswith("4 runs on 2 hosts (compared-1, compared-2):"), shown.stderr
    assert "library update: bytes over the link" in shown.stdout
