"""The shape of a SARIF 2.1.0 log, as far as code hosts read it.

Written from the standard (OASIS, SARIF 2.1.0, sections 3.13 to 3.59). Nothing else than these
properties may appear: what is not listed here would not have been judged.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string", "minLength": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


MESSAGE = _object({"text": TEXT}, {"markdown": TEXT})
POSITION = {"type": "integer", "minimum": 1}
PLACE = _object({
    "artifactLocation": _object({"uri": {**TEXT, "format": "uri-reference"}}),
    "region": _object({"startLine": POSITION, "startColumn": POSITION}),
})  # fmt: skip
LOCATION = _object(
    {"physicalLocation": PLACE},
    {"logicalLocations": _list(_object({"fullyQualifiedName": TEXT}))},
)
RESULT = _object(
    {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": _list(LOCATION),
        "partialFingerprints": {"type": "object", "additionalProperties": TEXT},
    },
    {
        "suppressions": _list(
            _object({"kind": {"enum": ["inSource", "external"]}, "justification": TEXT})
        )
    },
)
RULE = _object({
    "id": TEXT,
    "shortDescription": MESSAGE,
    "fullDescription": MESSAGE,
    "help": MESSAGE,
    "defaultConfiguration": _object({"level": LEVEL}),
    "properties": _object({"tags": {**_list(TEXT), "uniqueItems": True}}),
})  # fmt: skip
DRIVER = _object({"name": TEXT, "version": TEXT, "rules": {**_list(RULE), "uniqueItems": True}})
RUN = _object({
    "tool": _object({"driver": DRIVER}),
    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    "results": _list(RESULT),
})  # fmt: skip
LOG = _object({
    "$schema": {**TEXT, "format": "uri"},
    "version": {"const": "2.1.0"},
    "runs": {**_list(RUN), "minItems": 1},
})  # fmt: skip
