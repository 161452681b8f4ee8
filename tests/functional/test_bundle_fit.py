"""A real wheel whose tag promises more than its binaries keep: LiteRT 2.3.0 for aarch64."""

from __future__ import annotations

import pytest

from ggfleet.bundle.fetch import WheelCache
from ggfleet.bundle.fit import prove
from ggfleet.bundle.resolve import Wheel, resolve
from ggfleet.errors import BundleError
from unit.factories import make_platform
from unit.wheelmaker import Listener

JETPACK_5 = make_platform("jetpack5", architecture="aarch64", python="3.10", glibc="2.31")
JETPACK_6 = make_platform("jetpack6", architecture="aarch64", python="3.10", glibc="2.35")


@pytest.fixture(scope="module")
def litert(tmp_path_factory: pytest.TempPathFactory) -> tuple[Wheel, WheelCache]:
    """The wheel that the resolver finds for JetPack 5, by its tag, and the cache that holds it."""
    folder = tmp_path_factory.mktemp("litert")
    requirements = folder / "requirements.txt"
    requirements.write_text("ai-edge-litert==2.3.0\n")
    found = resolve([requirements], JETPACK_5, cache=folder)
    [wheel] = [wheel for wheel in found if wheel.name == "ai-edge-litert"]
    cache = WheelCache(folder / "wheels", Listener())
    cache.fetch([wheel])
    return wheel, cache


def test_symbols_that_jetpack_5_lacks_are_named(litert: tuple[Wheel, WheelCache]) -> None:
    """The tag says glibc 2.27; the library calls what glibc 2.34 and GCC 12 brought."""
    wheel, cache = litert
    assert "manylinux_2_27_aarch64" in wheel.filename
    with pytest.raises(BundleError) as error:
        prove([wheel], cache.path, JETPACK_5)
    said = error.value.message
    assert "ai_edge_litert/libLiteRt.so needs dlclose of GLIBC_2.34 (libc.so.6)" in said
    assert "of GLIBCXX_3.4.30 (libstdc++.so.6)" in said
    assert "the platform has glibc 2.31; its tag promises glibc 2.27" in said


def test_on_jetpack_6_it_fits_with_a_note(litert: tuple[Wheel, WheelCache]) -> None:
    """The plug-ins for accelerators, whose vendors bring their libraries, are excused."""
    wheel, cache = litert
    assert prove([wheel], cache.path, JETPACK_6) == (
        "ai-edge-litert 2.3.0 needs GLIBC_2.34, and its tag promises glibc 2.27: it fits here, "
        "not everywhere that the tag says",
    )
