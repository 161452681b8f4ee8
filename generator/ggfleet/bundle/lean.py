"""What of a wheel no device needs. Data: patterns of paths for each package, with a reason each.

A package is listed once a test shows that it still imports and predicts without these files
(tests/functional/test_bundle_lean.py). What looks like rubbish may not be: h5py imports its tests,
numpy.testing a file of numpy's tests, scikit-image reads type stubs when it starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from packaging.utils import canonicalize_name

from ggfleet.bundle.tree import Entry


@dataclass(frozen=True)
class Rule:
    """A kind of files that stays out; `but` are patterns of files that stay in all the same."""

    what: str
    reason: str
    patterns: tuple[str, ...]
    but: tuple[str, ...] = ()

    def fits(self, path: str) -> bool:
        """Whether it leaves a file out; `*` also stands for `/`."""
        fits = any(fnmatchcase(path, pattern) for pattern in self.patterns)
        return fits and not any(fnmatchcase(path, pattern) for pattern in self.but)


@dataclass(frozen=True)
class LeftOut:
    """What a rule has kept out of a bundle; `size` in bytes, unpacked."""

    what: str
    reason: str
    files: int
    size: int


STUBS = Rule("type stubs", "for type checkers and editors; Python reads none", ("*.pyi",))

TENSORFLOW = (
    Rule(
        "headers",
        "for compiling operators of one's own against TensorFlow; a device compiles nothing",
        ("tensorflow/include/*",),
    ),
    Rule("tests", "the package's tests of itself", ("tensorflow/*/tests/*",)),
    STUBS,
)

RULES = {
    "libclang": (
        Rule(
            "everything",
            "TensorFlow requires it for building itself from source, and imports it nowhere",
            ("clang/*",),
        ),
    ),
    "numpy": (
        Rule(
            "headers and static libraries",
            "for compiling against NumPy; a device compiles nothing",
            ("numpy/*core/include/*", "*.a", "numpy/*.pxd"),
        ),
        Rule(
            "tests",
            "the package's tests of itself; numpy.testing needs two of their files",
            ("numpy/tests/*", "numpy/*/tests/*"),
            but=("*/tests/__init__.py", "*/tests/_natype.py"),
        ),
        STUBS,
    ),
    "tensorflow": TENSORFLOW,
    "tensorflow-cpu": TENSORFLOW,
}
"""By normalised package name; the first rule that fits a file counts."""


def split(package: str, entries: Sequence[Entry]) -> tuple[list[Entry], tuple[LeftOut, ...]]:
    """The entries of a package that a device needs, and a summary of the others."""
    rules = RULES.get(canonicalize_name(package), ())
    kept: list[Entry] = []
    out: dict[Rule, list[Entry]] = {}
    for entry in entries:
        rule = next((rule for rule in rules if rule.fits(entry.path)), None)
        (kept if rule is None else out.setdefault(rule, [])).append(entry)
    return kept, tuple(
        LeftOut(rule.what, rule.reason, len(found), sum(entry.size for entry in found))
        for rule, found in out.items()
    )
