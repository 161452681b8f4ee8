"""Further package indexes, on loopback: what comes from where, and who is told a password."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from functional.simple_index import SimpleIndex, serving
from ggfleet.bundle.build import build
from ggfleet.bundle.lock import lock_text
from ggfleet.bundle.resolve import Wheel, resolve
from ggfleet.errors import BundleError
from ggfleet.model import Index, Platform
from unit.factories import make_fleet, make_library, make_platform
from unit.wheelmaker import PI as PI_TAG
from unit.wheelmaker import Listener, make_wheel

PI = make_platform("pi", architecture="aarch64")


@pytest.fixture
def usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleIndex]:
    """What uv asks where nothing else is said: someone has put the newer `own` there."""
    make_wheel(tmp_path / "usual", "other", "1.0")
    make_wheel(tmp_path / "usual", "own", "9.9")
    with serving(tmp_path / "usual") as index:
        monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
        monkeypatch.setenv("HOME", str(tmp_path))
        yield index


@pytest.fixture
def private(tmp_path: Path) -> Iterator[SimpleIndex]:
    """An index of one's own, which wants a password."""
    make_wheel(tmp_path / "private", "own", "1.0", tag=PI_TAG)
    make_wheel(tmp_path / "private", "other", "0.1")
    with serving(tmp_path / "private", "robot:s3cret") as index:
        yield index


def taken(tmp_path: Path, platform: Platform, requirements: str = "own\nother\n") -> list[str]:
    return [str(wheel) for wheel in wheels(tmp_path, platform, requirements)]


def wheels(tmp_path: Path, platform: Platform, requirements: str) -> tuple[Wheel, ...]:
    file = tmp_path / "r.txt"
    file.write_text(requirements)
    return resolve([file], platform, cache=tmp_path / "cache")


def with_login(monkeypatch: pytest.MonkeyPatch, password: str = "s3cret") -> None:
    monkeypatch.setenv("UV_INDEX_MY_OWN_USERNAME", "robot")
    monkeypatch.setenv("UV_INDEX_MY_OWN_PASSWORD", password)


def test_first_index_that_has_a_package_gives_it(
    tmp_path: Path, usual: SimpleIndex, private: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer version elsewhere is not even looked for, whatever uv was told to do."""
    with_login(monkeypatch)
    monkeypatch.setenv("UV_INDEX_STRATEGY", "unsafe-best-match")
    there = replace(PI, indexes=(Index("my-own", private.url),))
    assert taken(tmp_path, there) == ["other 0.1", "own 1.0"]
    assert usual.packages() == set()
    assert taken(tmp_path, PI, "other\n") == ["other 1.0"]


def test_package_of_one_index_comes_from_no_other(
    tmp_path: Path, usual: SimpleIndex, private: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither is the index asked for anything else; one that lost the package is an error."""
    with_login(monkeypatch)
    there = replace(PI, indexes=(Index("my-own", private.url, ("own",)),))
    assert taken(tmp_path, there) == ["other 1.0", "own 1.0"]
    assert (usual.packages(), private.packages()) == ({"other"}, {"own"})
    (tmp_path / f"private/own-1.0-{PI_TAG}.whl").unlink()
    with pytest.raises(BundleError, match="own was not found"):
        resolve([tmp_path / "r.txt"], there, cache=tmp_path / "another")
    assert "own" not in usual.packages()


def test_markers_of_a_pinned_package_hold(
    tmp_path: Path, usual: SimpleIndex, private: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not fetched for a platform that does not want it."""
    with_login(monkeypatch)
    there = replace(PI, indexes=(Index("my-own", private.url, ("own",)),))
    wanted = 'own; platform_machine == "x86_64"\nother\n'
    assert taken(tmp_path, there, wanted) == ["other 1.0"]


def test_pinned_package_that_others_require_must_be_named(
    tmp_path: Path, usual: SimpleIndex, private: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv would follow it to the usual index, where anybody may have put it."""
    make_wheel(tmp_path / "usual", "user", metadata="Requires-Dist: own\n")
    there = replace(PI, indexes=(Index("my-own", private.url, ("own",)),))
    with pytest.raises(BundleError, match="own is to come from the index my-own alone") as caught:
        taken(tmp_path, there, "user\n")
    assert "write own into the requirements file" in caught.value.fix


def test_credentials_reach_their_index_alone(
    tmp_path: Path, usual: SimpleIndex, private: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment; the archive is built, and neither a lock nor the other index has them."""
    with_login(monkeypatch)
    there = replace(PI, indexes=(Index("my-own", private.url, ("own",)),))
    (tmp_path / "r.txt").write_text("own\nother\n")
    library = make_library("own", requirements=tmp_path / "r.txt")
    fleet = make_fleet(platforms=[there], libraries=[library])
    listener = Listener()
    build(fleet, [there], tmp_path / "out", cache=tmp_path / "cache", progress=listener)
    assert set(private.authorised) == {private.wanted}
    assert usual.authorised == []
    found = wheels(tmp_path, there, "own\nother\n")
    assert "s3cret" not in lock_text(found, [tmp_path / "r.txt"], there) + str(listener.said)


def test_netrc_is_read(tmp_path: Path, usual: SimpleIndex, private: SimpleIndex) -> None:
    """As curl, uv and pip do: by the host's name."""
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login robot password s3cret\n")
    netrc.chmod(0o600)
    there = replace(PI, indexes=(Index("my-own", private.url),))
    library = make_library("own", requirements=tmp_path / "r.txt")
    (tmp_path / "r.txt").write_text("own\n")
    fleet = make_fleet(platforms=[there], libraries=[library])
    manifest = build(
        fleet, [there], tmp_path / "out", cache=tmp_path / "cache", progress=Listener()
    )
    assert len(manifest.archives) == 1


def test_wrong_password_is_told_without_it(
    tmp_path: Path, usual: SimpleIndex, private: SimpleIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing is taken from elsewhere instead."""
    with_login(monkeypatch, "wr0ng")
    there = replace(PI, indexes=(Index("my-own", private.url),))
    with pytest.raises(BundleError) as caught:
        taken(tmp_path, there)
    assert "401" in caught.value.message + caught.value.fix
    assert "wr0ng" not in caught.value.message
    assert usual.packages() == set()
