"""YAML text as a tree of nodes with positions. The home of YAML parsing.

The tree is read instead of Python values because YAML would change what people wrote: `3.10`
becomes 3.1, `on` becomes true, an account number loses its leading zeros. A node keeps the text.
"""

from __future__ import annotations

import yaml

from ggfleet.model import Place
from ggfleet.spec.problems import Problems

# The C loader is ten times as fast and gives the same marks; not every PyYAML is built with it.
_LOADER: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# "value" is what YAML 1.1 makes of a `=` that stands alone; here it is a text like any other.
_EXPECTED_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in (
    "str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value",
))  # fmt: skip


def parse(text: str, problems: Problems) -> yaml.MappingNode | None:
    """The top mapping of a YAML document, or None with the reason among the problems."""
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        problems.error("", *_syntax(error), place=_error_place(error, problems))
        return None
    except yaml.YAMLError as error:
        said = " ".join(str(error).split())  # it comes in two lines
        problems.error("", f"is not YAML: {said}", "remove the character that it names")
        return None
    if not isinstance(node, yaml.MappingNode):
        problems.error("", "is not a mapping", "write `key: value` lines; `ggfleet init` shows how")
        return None
    return node


def place_of(node: yaml.Node, file: str) -> Place:
    """Where a node begins."""
    return Place(file, node.start_mark.line + 1, node.start_mark.column + 1)


def has_foreign_tag(node: yaml.Node) -> bool:
    """Whether a node carries a tag such as `!vault` or `!!python/object`."""
    return node.tag not in _EXPECTED_TAGS


def is_null(node: yaml.Node) -> bool:
    """Whether nothing was written, or `null`, or `~`."""
    return node.tag == "tag:yaml.org,2002:null"


def is_merge(key: yaml.Node) -> bool:
    """Whether a key is `<<`, by which YAML 1.1 takes in the keys of another mapping."""
    return key.tag == "tag:yaml.org,2002:merge"


def _syntax(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    said = " ".join(part for part in (error.context, error.problem) if part)
    if "'\\t'" in said:
        return f"YAML cannot be read: {said}", "indent with spaces, not with tabs"
    if "expected a single document" in said:
        return "holds more than one YAML document", "keep one; remove the `---` lines between them"
    return f"YAML cannot be read: {said}", "look at this line and the one before it"


def _error_place(error: yaml.MarkedYAMLError, problems: Problems) -> Place:
    mark = error.problem_mark or error.context_mark
    return Place(problems.file, mark.line + 1, mark.column + 1) if mark else problems.place("")
