"""Patterns that several sections share, each also valid in JSON Schema; and packages' names."""

from __future__ import annotations

import re

VERSION = r"\d+\.\d+"
PACKAGE = r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?"
"""Of the names of Python packages (PEP 508)."""
RELEASE = r"\d+(\.\d+)*((a|b|rc)\d+)?(\.post\d+)?"
"""Versions of Python packages that were released (PEP 440)."""
GROUP_NAME = r"[a-z_][a-z0-9_-]{0,31}"
USER = rf"{GROUP_NAME}(:{GROUP_NAME})?"
GROUP = r"[a-z_][a-z0-9_-]{0,31}|\d+"
CERTIFICATE = r"arn:aws[a-z-]*:iot:[a-z0-9-]+:\d{12}:cert/[A-Za-z0-9]+"
THING = r"[a-zA-Z0-9:_-]{1,128}"
"""Of the names of things and of thing groups."""
COMPONENT = r"[A-Za-z0-9_.-]{1,128}"
EXACT_VERSION = r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}"
"""Of a component: semantic versions have no leading zeros."""
# A private component of an AWS name would shadow AWS's own.
PREFIX = r"(?!aws\.greengrass)[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*"
MAX_ID = 2**31 - 1


def normal_name(package: str) -> str:
    """A package's name as PEP 503 normalises it; `packaging` takes longer to start."""
    return re.sub(r"[-_.]+", "-", package).lower()
