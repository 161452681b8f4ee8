"""Which wheel of a lock is taken, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ggfleet.bundle.resolve import Lock, Wheel, resolve
from ggfleet.errors import BundleError
from ggfleet.model import Platform
from unit.factories import make_platform
from unit.wheelmaker import PI, PURE, lock_of, make_wheel

TARGET = make_platform("pi", architecture="aarch64")


def choose(tmp_path: Path, lock: str, requirements: str = "tiny\n") -> tuple[Wheel, ...]:
    """Resolve with a lock that uv might have written."""
    file = tmp_path / "r.txt"
    file.write_text(requirements)
    return resolve([file], TARGET, cache=tmp_path, lock=lambda *_: Lock(lock, tmp_path / "lock"))


def test_the_best_tag_wins_whatever_the_order(tmp_path: Path) -> None:
    """Native before pure, newer glibc before older; the lock's order does not matter."""
    wheels = [
        make_wheel(tmp_path, tag=PURE),
        make_wheel(tmp_path, tag="cp311-cp311-manylinux_2_28_aarch64"),
        make_wheel(tmp_path, tag=PI),
        make_wheel(tmp_path, tag="cp311-cp311-manylinux_2_38_aarch64"),
        make_wheel(tmp_path, tag="cp311-cp311-manylinux_2_28_x86_64"),
    ]
    for order in (wheels, wheels[::-1]):
        assert choose(tmp_path, lock_of(*order)) == (wheels[1],)


def test_wheels_come_sorted_by_name(tmp_path: Path) -> None:
    """The set has one order."""
    wheels = [make_wheel(tmp_path, name) for name in ("zeta", "alpha")]
    assert [wheel.name for wheel in choose(tmp_path, lock_of(*wheels))] == ["alpha", "zeta"]


def test_no_fitting_wheel_names_package_platform_and_way_out(tmp_path: Path) -> None:
    """The three things a reader needs."""
    lock = lock_of(make_wheel(tmp_path, tag="cp311-cp311-manylinux_2_38_aarch64"))
    with pytest.raises(BundleError, match=r"tiny 1\.0 has no wheel for platform pi") as caught:
        choose(tmp_path, lock)
    assert "aarch64, Python 3.11, glibc 2.36" in caught.value.message
    assert "--find-links" in caught.value.fix


def test_a_source_distribution_is_refused(tmp_path: Path) -> None:
    """Nothing is built from source."""
    lock = (
        '[[packages]]\nname = "tiny"\nversion = "1.0"\n'
        'sdist = { url = "https://example.org/tiny-1.0.tar.gz", hashes = { sha256 = "00" } }\n'
    )
    with pytest.raises(BundleError, match=r"tiny 1\.0 comes without any wheel") as caught:
        choose(tmp_path, lock)
    assert "another version" in caught.value.fix


def test_a_hash_in_the_requirements_must_match(tmp_path: Path) -> None:
    """uv resolves past it; ggfleet must not."""
    wheel = make_wheel(tmp_path)
    right = f"tiny==1.0 --hash=sha256:{wheel.sha256}\n"
    assert choose(tmp_path, lock_of(wheel), right) == (wheel,)
    with pytest.raises(BundleError, match="hash that the requirements file allows"):
        choose(tmp_path, lock_of(wheel), f"tiny==1.0 --hash=sha256:{'0' * 64}\n")


def test_hashes_choose_among_fitting_wheels(tmp_path: Path) -> None:
    """A file may allow only the lesser wheel."""
    best, lesser = make_wheel(tmp_path, tag=PI), make_wheel(tmp_path, tag=PURE)
    requirements = f"tiny==1.0 --hash=sha256:{lesser.sha256}\n"
    assert choose(tmp_path, lock_of(best, lesser), requirements) == (lesser,)


def test_hashes_are_for_all_or_for_none(tmp_path: Path) -> None:
    """A dependency that slipped in without a hash is named."""
    one, two = make_wheel(tmp_path, "one"), make_wheel(tmp_path, "two")
    requirements = f"one==1.0 --hash=sha256:{one.sha256}\n"
    with pytest.raises(BundleError, match=r"two 1\.0 has no SHA-256 in the requirements file"):
        choose(tmp_path, lock_of(one, two), requirements)


def test_a_wheel_without_digest_is_refused(tmp_path: Path) -> None:
    """Nothing enters a bundle unverified."""
    lock = (
        '[[packages]]\nname = "tiny"\nversion = "1.0"\n'
        'wheels = [{ url = "https://example.org/tiny-1.0-py3-none-any.whl" }]\n'
    )
    with pytest.raises(BundleError, match="has no SHA-256"):
        choose(tmp_path, lock)


def test_a_wheel_named_by_path_is_taken(tmp_path: Path) -> None:
    """`./wheels/tiny-1.0-py3-none-any.whl` in the requirements file comes as an archive."""
    wheel = make_wheel(tmp_path)
    lock = (
        '[[packages]]\nname = "tiny"\nversion = "1.0"\n'
        f'archive = {{ path = "../{wheel.filename}", '
        f'hashes = {{ sha256 = "{wheel.sha256}" }} }}\n'
    )
    assert choose(tmp_path, lock) == (replace(wheel, size=0),)


def test_uv_is_not_asked_for_an_unsupported_platform(tmp_path: Path) -> None:
    """The refusal comes before the work."""

    def never(*_: object) -> Lock:
        raise AssertionError("resolved")

    old = Platform("old", "armv7l", "3.11", "2.36")
    with pytest.raises(BundleError, match="armv7l"):
        resolve([tmp_path / "r.txt"], old, cache=tmp_path, lock=never)
