"""Recipe variables, filled in as nucleus lite does it, but for one thing.

Every `{` of a script or of `Setenv` begins a variable. Where nucleus lite meets one that it cannot
resolve it cuts the script off there, runs what is left and reports success; here it is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ggfleet.errors import CoreError
from ggfleet.localcore.v2.configuration import MISSING, look_up, pointer
from ggfleet.localcore.v2.layout import ComponentLayout

VARIABLE = re.compile(r"\{([^{}]*)\}?")
SPECIAL = re.compile(r'(["\\$`])')
FIX = "write $NAME for a shell variable; braces and awk programs belong into a file of the artifact"


@dataclass(frozen=True)
class Variables:
    """What one component's variables stand for. Paths end in a slash, as on nucleus lite."""

    component: str
    version: str
    layout: ComponentLayout
    thing_name: str
    configuration: Mapping[str, Any]

    def script(self, text: str) -> str:
        """A script; values of the configuration are escaped to stand between double quotes."""
        return VARIABLE.sub(lambda found: self._value(found, text, escape=True), text)

    def setting(self, text: str) -> str:
        """A value of `Setenv` or `Timeout`."""
        return VARIABLE.sub(lambda found: self._value(found, text, escape=False), text)

    def _value(self, found: re.Match[str], text: str, *, escape: bool) -> str:
        name = found[1]
        fixed = {
            "artifacts:path": self.layout.artifacts(self.component, self.version),
            "artifacts:decompressedPath": self.layout.unarchived(self.component, self.version),
            "work:path": self.layout.work(self.component),
            "kernel:rootPath": self.layout.root,
        }
        if not found[0].endswith("}"):
            self._refuse("a { without its }", text)
        if name in fixed:
            return f"{fixed[name]}/"
        if name == "iot:thingName":
            return self.thing_name
        if not name.startswith("configuration:"):
            self._refuse(f"{found[0]} is no recipe variable of nucleus lite", text)
        value = look_up(self.configuration, pointer(name.removeprefix("configuration:")))
        if value is MISSING:
            self._refuse(f"{found[0]} names nothing in the configuration", text)
        plain = value if isinstance(value, str) else json.dumps(value)
        return SPECIAL.sub(r"\\\1", plain) if escape else plain

    def _refuse(self, problem: str, text: str) -> None:
        line = text if len(text) <= 80 else f"{text[:80]}..."  # noqa: PLR2004
        raise CoreError(f"{self.component}: {problem}, in: {line}", fix=FIX)
