"""Advisories in the OSV format: which versions they hold against."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from ggfleet.bundle.supply.advisories import read_advisories
from ggfleet.bundle.supply.package import Package
from ggfleet.errors import BundleError
from ggfleet.model import Json


def package(version: str, name: str = "numpy") -> Package:
    return Package(name, version, f"{name}.whl", "00" * 32, 1)


def advisory(name: str = "X-1", **affected: Json) -> dict[str, Json]:
    """An advisory about numpy with these keys under `affected`."""
    about: dict[str, Json] = {"package": {"ecosystem": "PyPI", "name": "NumPy"}, **affected}
    return {"id": name, "aliases": [f"CVE-{name}"], "summary": "bad", "affected": [about]}


def ranges(*events: dict[str, str], kind: str = "ECOSYSTEM") -> Json:
    return [{"type": kind, "events": list(events)}]


def held(folder: Path, content: Json, *versions: str) -> list[str]:
    """Those versions of numpy that an advisory file holds against."""
    path = folder / "advisory.json"
    path.write_text(json.dumps(content))
    known = read_advisories(path)
    return [each for each in versions if known.findings([package(each)])]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (({"introduced": "0"}, {"fixed": "1.10"}), ["1.2", "1.10rc1"]),
        (({"introduced": "1.9"}, {"fixed": "2"}), ["1.10", "1.10rc1", "1.10.post1"]),
        (({"introduced": "1.2"}, {"last_affected": "1.10"}), ["1.2", "1.10", "1.10rc1"]),
        (({"introduced": "0"}, {"fixed": "1.3"}, {"introduced": "2"}), ["1.2", "2.0"]),
        (({"introduced": "0"},), ["1.2", "1.10", "1.10rc1", "1.10.post1", "2.0"]),
        (({"introduced": "none of PEP 440"}, {"fixed": "9"}), []),
    ],
)
def test_ranges_go_by_versions_not_by_letters(
    tmp_path: Path, events: tuple[dict[str, str], ...], expected: list[str]
) -> None:
    """From the introducing version to before the fixing one, or up to the last affected."""
    versions = ("1.2", "1.10", "1.10rc1", "1.10.post1", "2.0")
    assert held(tmp_path, advisory(ranges=ranges(*events)), *versions) == expected


def test_listed_versions_count_too(tmp_path: Path) -> None:
    content = advisory(versions=["1.5"], ranges=ranges({"introduced": "3"}))
    assert held(tmp_path, content, "1.5", "1.6", "3.1") == ["1.5", "3.1"]


def test_others_are_left_alone(tmp_path: Path) -> None:
    """Another ecosystem, commits, what was withdrawn, another package."""
    every = ranges({"introduced": "0"})
    foreign = advisory(ranges=every)
    foreign["affected"] = [{"package": {"ecosystem": "npm", "name": "numpy"}, "ranges": every}]
    commits = advisory(ranges=ranges({"introduced": "0"}, kind="GIT"))
    withdrawn = {**advisory(ranges=every), "withdrawn": "2026-01-01T00:00:00Z"}
    assert held(tmp_path, [foreign, commits, withdrawn], "1.0") == []
    path = tmp_path / "one.json"
    path.write_text(json.dumps(advisory(ranges=every)))
    assert read_advisories(path).findings([package("1.0", "pandas")]) == ()


def test_a_finding_tells_what_fixes_it(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps(advisory(ranges=ranges({"introduced": "0"}, {"fixed": "1.3"}))))
    (finding,) = read_advisories(path).findings([package("1.2")])
    found = finding.affected
    assert (found.advisory, found.aliases, found.summary) == ("X-1", ("CVE-X-1",), "bad")
    assert found.fixed == ("1.3",)


def test_folders_and_zips_are_read(tmp_path: Path) -> None:
    """As databases are offered for download."""
    folder = tmp_path / "all"
    (folder / "deep").mkdir(parents=True)
    for place, name in (("", "X-1"), ("deep/", "X-2")):
        content = advisory(name, ranges=ranges({"introduced": "0"}))
        (folder / f"{place}{name}.json").write_text(json.dumps(content))
    (folder / "README.md").write_text("not an advisory")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder))
    for path in (folder, tmp_path / "all.zip"):
        found = read_advisories(path).findings([package("1.0")])
        assert [each.affected.advisory for each in found] == ["X-1", "X-2"], path


@pytest.mark.parametrize("text", ["", "3", "{}", '[{"id": "X", "affected": [{}, 3]}]', "\x00"])
def test_what_is_no_advisory_is_refused(tmp_path: Path, text: str) -> None:
    """With its name: an unread file would look like a clean bill."""
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(BundleError, match=r"odd\.json is no advisory"):
        read_advisories(path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"holds no \.json file"):
        read_advisories(tmp_path)
