"""Names, versions and platforms of components. All follow from the spec and from content."""

from __future__ import annotations

import hashlib
import json

from ggfleet.model import Fleet, Json

ARCHITECTURES = {"aarch64": "aarch64", "x86_64": "amd64", "armv7l": "arm"}
"""What nuclei call what `uname -m` prints."""

SCHEME = 1
"""The first number of every version: the way in which the other two follow from the content."""
RANGE = 1_000_000
"""Greengrass takes numbers up to 999999."""


def component_name(fleet: Fleet, kind: str, name: str) -> str:
    """`com.example.line-vision.library.tensorflow`."""
    words = [fleet.components.prefix, fleet.name, kind, name]
    return ".".join(word for word in words if word)


def version_of(content: Json) -> str:
    """A version that follows from content alone: the same content has the same version.

    Two numbers of six digits make 10**12 versions. Among the 5000 that a component may have, two
    contents share one in 1 of 80,000 cases, and the service then refuses the second.
    """
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    return f"{SCHEME}.{number % RANGE}.{number // RANGE % RANGE}"
