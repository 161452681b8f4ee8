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

    old = Platform("old", "riscv64", "3.11", "2.36")
    with pytest.raises(BundleError, match="riscv64"):
        resolve([tmp_path / "r.txt"], old, cache=tmp_path, lock=never)


OLD_PI = make_platform("pi32", architecture="armv7l")
ARMV7 = "cp311-cp311-manylinux_2_34_armv7l"


def test_a_lock_for_all_platforms_is_read_by_its_markers(tmp_path: Path) -> None:
    """uv knows no armv7l: its lock holds what other machines and Pythons need too."""
    wheels = [make_wheel(tmp_path, name, tag=ARMV7) for name in ("native", "elsewhere", "new")]
    markers = {"elsewhere": "platform_machine != 'armv7l'", "new": "python_full_version >= '3.12'"}
    lock = lock_of(*wheels)
    for name, marker in markers.items():
        lock = lock.replace(f'name = "{name}"\n', f'name = "{name}"\nmarker = "{marker}"\n')
    file = tmp_path / "r.txt"
    file.write_text("native\n")
    found = resolve([file], OLD_PI, cache=tmp_path, lock=lambda *_: Lock(lock, tmp_path / "lock"))
    assert found == (wheels[0],)


def test_every_package_without_a_wheel_is_told_at_once(tmp_path: Path) -> None:
    """And what Debian has of it, with the line for the spec."""
    wheels = [make_wheel(tmp_path, name, tag=PI) for name in ("numpy", "tensorflow")]
    file = tmp_path / "r.txt"
    file.write_text("tensorflow\n")
    lock = Lock(lock_of(*wheels), tmp_path / "lock")
    with pytest.raises(BundleError) as raised:
        resolve([file], OLD_PI, cache=tmp_path, lock=lambda *_: lock)
    message = raised.value.message
    assert "2 packages cannot be taken" in message
    assert "tensorflow 1.0 has no wheel for platform pi32 (armv7l" in message
    assert "`apt install python3-numpy`" in message
    assert '`provides: {numpy: "1.24.2"}` in platforms.pi32' in message
    assert "python3-tensorflow" not in message
