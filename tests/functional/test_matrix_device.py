"""What the device's programs do with parts, against the controller's server on loopback."""

from __future__ import annotations

import hashlib
import importlib
import random
import sys
import tarfile
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ggfleet.compare.matrix import device_programs
from ggfleet.compare.matrix.server import GoodsServer

WEIGHT = random.Random(1).randbytes(400_000)


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module as the device imports it: beside the program, not as a package of ours."""
    monkeypatch.syspath_prepend(str(Path(device_programs.__file__).parent))
    return importlib.import_module("compared_parts")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "goods"
    with GoodsServer(folder) as server:
        yield folder, f"http://127.0.0.1:{server.port}"


def offered(folder: Path, version: str, form: str = "zip") -> dict[str, Any]:
    """Put an archive with two files on the server; the step that places it."""
    (folder / version).write_text(version)
    (folder / "weight").write_bytes(WEIGHT)
    path = folder / f"{version}.{form}"
    if form == "zip":
        with zipfile.ZipFile(path, "w") as zipped:
            zipped.write(folder / version, "which")
            zipped.write(folder / "weight", "deep/weight")
    else:
        with tarfile.open(path, "w:gz") as tar:
            tar.add(folder / version, "which")
            tar.add(folder / "weight", "deep/weight")
    content = path.read_bytes()
    return {
        "do": "place", "slot": "libraries", "version": version, "form": form, "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(), "path": path.name,
    }  # fmt: skip


def at(url: str, step: dict[str, Any], drop_mb: float = 0) -> dict[str, Any]:
    return {**step, "url": f"{url}/{drop_mb:g}/1/{step['path']}"}


def serving(base: Path) -> str:
    return (base / "slots/libraries/current/which").read_text()


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_versions_come_go_and_come_back(
    parts: Any, served: tuple[Path, str], tmp_path: Path, form: str
) -> None:
    """Two are kept; to go back fetches nothing; the tree is exactly what it was."""
    folder, url = served
    base = tmp_path / "device"
    digests = {}
    for version in ("one", "two", "three"):
        step = at(url, offered(folder, version, form))
        parts.place(base, step)
        parts.switch(base, step)
        digests[version] = parts.digest(base, [])
        (folder / step["path"]).unlink()
    assert serving(base) == "three"
    assert {p.name for p in (base / "slots/libraries").iterdir()} == {"current", "previous", "two", "three"}  # fmt: skip
    parts.place(base, {**step, "version": "two"})
    parts.switch(base, {**step, "version": "two"})
    assert serving(base) == "two"
    assert parts.digest(base, []) == digests["two"] != digests["three"]
    assert not (base / "incoming").exists()
    parts.remove(base, {})
    assert not base.exists()


def test_a_download_goes_on_where_the_connection_broke(
    parts: Any, served: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = served
    base = tmp_path / "device"
    step = at(url, offered(folder, "one"), drop_mb=0.05)
    parts.place(base, step)
    parts.switch(base, step)
    assert (base / "slots/libraries/current/deep/weight").read_bytes() == WEIGHT


def test_what_has_another_digest_is_refused_and_leaves_what_served(
    parts: Any, served: tuple[Path, str], tmp_path: Path
) -> None:
    folder, url = served
    base = tmp_path / "device"
    step = at(url, offered(folder, "one"))
    parts.place(base, step)
    parts.switch(base, step)
    with pytest.raises(ValueError, match="its SHA-256 is"):
        parts.place(base, {**at(url, offered(folder, "two")), "sha256": "0" * 64})
    assert serving(base) == "one"
    assert list((base / "incoming").iterdir()) == []


def test_a_server_that_has_nothing_ends_it(
    parts: Any, served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = served
    step = at(url, offered(folder, "one"))
    (folder / "one.zip").unlink()
    monkeypatch.setattr(parts, "FRUITLESS", 1)
    with pytest.raises(ConnectionError, match="HTTP 404"):
        parts.place(tmp_path / "device", step)


def get(url: str, **headers: str) -> tuple[int, bytes]:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.status, answer.read()


def test_the_server_knows_ranges_and_lists_folders(served: tuple[Path, str]) -> None:
    folder, url = served
    (folder / "wheels").mkdir()
    (folder / "wheels/a-1.whl").write_bytes(b"0123456789")
    assert get(f"{url}/0/1/wheels/a-1.whl") == (200, b"0123456789")
    assert get(f"{url}/0/1/wheels/a-1.whl", Range="bytes=7-") == (206, b"789")
    assert get(f"{url}/0/1/wheels/a-1.whl", Range="bytes=2-3") == (206, b"23")
    assert b'<a href="a-1.whl">' in get(f"{url}/0/1/wheels/")[1]


@pytest.mark.parametrize(
    "path", ["0/1/nothing", "wheels/a-1.whl", "0/1/../secret", "0/1/%2e%2e/secret"]
)
def test_the_server_shows_nothing_else(served: tuple[Path, str], path: str) -> None:
    folder, url = served
    (folder.parent / "secret").write_text("s")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{url}/{path}")


def test_programs_keep_to_python_3_8() -> None:
    """Devices with Ubuntu 20.04 run them: ast reads them as that version does."""
    ast = importlib.import_module("ast")
    for path in Path(device_programs.__file__).parent.glob("*.py"):
        ast.parse(path.read_text(), feature_version=(3, 8))
        assert (
            "from __future__ import annotations" in path.read_text() or path.name == "__init__.py"
        )
    assert sys.version_info >= (3, 11)
