"""Layers: one set of libraries in several archives, so that what changes moves alone."""

from __future__ import annotations

from dataclasses import dataclass

REST = "rest"
"""The layer of all packages that no other one names."""

AUTO = "auto"
"""What a spec writes for layers by the size of packages."""


@dataclass(frozen=True)
class Layer:
    """A share of a set of libraries: the packages that it names, or wheels of some size.

    `packages` are normalised names or patterns of them (`nvidia-*`); `least` is the size in bytes
    of the smallest wheel that it takes. A package goes into the first layer that takes it; one that
    has neither takes all.
    """

    name: str
    packages: tuple[str, ...] = ()
    least: int = 0


BY_SIZE = (Layer("large", least=32_000_000), Layer("medium", least=1_000_000), Layer("small"))
"""`layers: auto`. Frameworks weigh hundreds of megabytes and move some times a year; native
packages such as NumPy weigh a few; what moves most often is pure Python and weighs next to
nothing."""
