"""Goods of made-up sizes, for tests of strategies that move nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ggfleet.compare.matrix.strategy import (
    FIRST,
    MINOR,
    PATCH,
    DeltaParcel,
    Parcel,
    Release,
    WheelFile,
)

SIZES = {FIRST: 1000, PATCH: 1001, MINOR: 1002}


class MadeGoods:
    """Three packages; `patch` replaces one, `minor` another. Digests are readable names."""

    def libraries(self, release: Release, form: str) -> Parcel:
        return parcel(f"libraries-{release.libraries}", SIZES[release.libraries], form)

    def layers(self, release: Release) -> Mapping[str, Parcel]:
        small = "same" if release.libraries == FIRST else "new"
        return {
            "heavy": parcel(f"heavy-{release.libraries == MINOR}", 900),
            "rest": parcel(f"rest-{small}", 100),
        }

    def delta(self, before: Release, to: Release) -> DeltaParcel | None:
        if (before.libraries, to.libraries) != (FIRST, PATCH):
            return None
        return DeltaParcel(parcel("delta", 10, "ggdelta"), "tree", 50)

    def model(self, release: Release) -> Parcel:
        return parcel(f"model-{release.model}", 100)

    def function(self, release: Release, *, with_libraries: bool = False) -> Parcel:
        inside = f"-{release.libraries}" if with_libraries else ""
        size = 10 + (SIZES[release.libraries] if with_libraries else 0)
        return parcel(f"function-{release.function}{inside}", size)

    def wheels(self, release: Release) -> Sequence[WheelFile]:
        numbers = {FIRST: (1, 1, 1), PATCH: (1, 2, 1), MINOR: (1, 2, 2)}[release.libraries]
        return [
            WheelFile(name, f"{n}.0", f"{name}-{n}", size, 3 * size, 5)
            for name, n, size in zip("abc", numbers, (700, 200, 100), strict=True)
        ]

    def url(self, path: str) -> str:
        return f"http://there:1/0/7/{path}"


def parcel(name: str, size: int, form: str = "zip") -> Parcel:
    return Parcel(f"{name}.{form}", name, size, 3 * size, 5, form)
