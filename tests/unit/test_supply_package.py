"""What a wheel says of itself: name, licence, requirements."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ggfleet.bundle.supply.package import Package, package_of
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.errors import BundleError
from unit.factories import make_platform
from unit.wheelmaker import make_wheel

PI = make_platform("pi", architecture="aarch64", python="3.11")
CLASSIFIED = "Classifier: License :: OSI Approved :: "


def described(folder: Path, metadata: str) -> Package:
    """The package of a wheel with these lines in its METADATA."""
    made = make_wheel(folder, "Tiny.Lib", metadata=metadata)
    with OpenWheel(made, folder / made.filename) as opened:
        return package_of(opened, 1234, PI)


def test_a_package_has_the_wheels_name_version_and_digest(tmp_path: Path) -> None:
    made = described(tmp_path, "")
    assert (made.name, made.version, made.wheel) == (
        "tiny-lib",
        "1.0",
        "Tiny.Lib-1.0-py3-none-any.whl",
    )
    assert (len(made.sha256), made.size) == (64, 1234)


@pytest.mark.parametrize(
    ("metadata", "licence"),
    [
        ("License-Expression: Apache-2.0 OR MIT\nLicense: other\n", "Apache-2.0 OR MIT"),
        ("License: Apache 2.0\n", "Apache-2.0"),
        ("License: BSD 3-Clause\n" + CLASSIFIED + "BSD License\n", "BSD-3-Clause"),
        (f"License: BSD\n{CLASSIFIED}MIT License\n", "MIT"),
        (f"License: BSD\n{CLASSIFIED}BSD License\n", "BSD"),
        (f"{CLASSIFIED}BSD License\n", "BSD License"),
        (f"License: {'long text ' * 20}\n{CLASSIFIED}BSD License\n", "BSD License"),
        (f"{CLASSIFIED}MIT License\n{CLASSIFIED}BSD License\n", "MIT License AND BSD License"),
        ("", ""),
    ],
)
def test_the_licence_is_the_most_exact_that_is_told(
    tmp_path: Path, metadata: str, licence: str
) -> None:
    """An expression, then a spelling or classifier of one licence, then whatever is said."""
    assert described(tmp_path, metadata).licence == licence


def test_requirements_are_those_of_the_platform(tmp_path: Path) -> None:
    """Neither those of extras, nor of other machines, nor what is no requirement."""
    lines = (
        "numpy>=1.26",
        "My_Helper",
        "tpu; platform_machine == 'x86_64'",
        "back; python_version < '3.11'",
        "test; extra == 'test'",
        "not a requirement at all (",
    )
    metadata = "".join(f"Requires-Dist: {line}\n" for line in lines)
    assert described(tmp_path, metadata).requires == ("my-helper", "numpy")


def test_a_wheel_without_metadata_is_refused(tmp_path: Path) -> None:
    made = make_wheel(tmp_path)
    path = tmp_path / made.filename
    with zipfile.ZipFile(path) as before:
        kept = {name: before.read(name) for name in before.namelist() if "METADATA" not in name}
    with zipfile.ZipFile(path, "w") as after:
        for name, data in kept.items():
            after.writestr(name, data)
    with OpenWheel(made, path) as opened, pytest.raises(BundleError, match="not a sound wheel"):
        package_of(opened, 1, PI)
