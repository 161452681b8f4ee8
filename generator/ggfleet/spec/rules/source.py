"""The functions' own source code, as rules ask for it: calls, texts, imports.

Only what is written out is seen: a topic that the code composes is not known here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from ggfleet.model import Fleet, Function
from ggfleet.spec.rules.parts import python_files
from ggfleet.spec.rules.registry import Finding

SDK = "greengrasssdk"
V1_ALONE = frozenset({"GROUP_ID", "AWS_IOT_THING_ARN", "AWS_GREENGRASS_GROUP_NAME"})
"""Variables of a V1 core that Lambda components of V2 do not get."""
PREFIX = "AWS_GG_RESOURCE_PREFIX"
SEEN = ast.Module | ast.Call | ast.Constant | ast.Import | ast.ImportFrom
"""The nodes of a file that a rule may ask for."""

CLIENT = 'import greengrasssdk\n\nclient = greengrasssdk.client("iot-data")\n\n\n'
HANDLER = "def handler(event, context):\n"

Place = tuple[Function, Path, ast.AST]
Found = Iterator[Place]


def calling(body: str) -> dict[str, str]:
    """A file whose handler has one more line; `client` is the SDK's."""
    return {"code/function.py": f"{CLIENT}{HANDLER}    {body}\n"}


def nodes(fleet: Fleet) -> Found:
    """What is seen of every Python file of every function."""
    for function in fleet.functions.values():
        for folder in function.sources:
            for file in python_files(folder):
                for node in _parsed(file, file.stat().st_mtime_ns):
                    yield function, file, node


@lru_cache(maxsize=256)
def _parsed(file: Path, changed: int) -> tuple[ast.AST, ...]:  # noqa: ARG001 - part of the key
    """What is seen of a file; none for one that is not Python of this version.

    Several rules ask for the same file; `changed` is part of the key, so each sees it as it is.
    """
    try:
        text = file.read_text(encoding="utf-8")
        return _walked(text) if SDK in text or PREFIX in text or _names(text) else ()
    except (OSError, UnicodeDecodeError):
        return ()


def _names(text: str) -> bool:
    return any(name in text for name in V1_ALONE)


def _walked(text: str) -> tuple[ast.AST, ...]:
    try:
        found = ast.walk(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(node for node in found if isinstance(node, SEEN))


def place(function: Function, file: Path, node: ast.AST, root: Path) -> tuple[str, str]:
    """The path in the spec, and the file and line that a message names."""
    told = file.relative_to(root) if file.is_relative_to(root) else file
    return f"functions.{function.name}.source", f"{told}:{getattr(node, 'lineno', 0)}"


def tell(found: Iterable[Place], root: Path, message: str, fix: str) -> Iterator[Finding]:
    """A finding for each place; `{where}` in the message is its file and line."""
    for function, file, node in found:
        at, where = place(function, file, node, root)
        yield at, message.format(where=where, function=function.name), fix


def clients(fleet: Fleet, service: str = "") -> Iterator[tuple[Function, Path, ast.Call]]:
    """The calls `client("<service>")` of the SDK; without a service all of them."""
    for function, file, node in nodes(fleet):
        if isinstance(node, ast.Call) and is_client(node, service):
            yield function, file, node


def is_client(node: ast.AST, service: str = "") -> bool:
    """Whether a node is such a call."""
    if not (isinstance(node, ast.Call) and called(node) == "client" and node.args):
        return False
    named = node.args[0]
    right = not service or (isinstance(named, ast.Constant) and named.value == service)
    return right and _of_sdk(node)


def streams(fleet: Fleet) -> Found:
    """Where a file takes the client for the stream manager, by either of its two names."""
    for function, file, node in nodes(fleet):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module.startswith(f"{SDK}.stream_manager") or is_client(node, "streammanager"):
            yield function, file, node


def _of_sdk(node: ast.Call) -> bool:
    """Whether a call is the SDK's own, and not one of boto3, which has clients of these names."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id == SDK


def called(node: ast.Call) -> str:
    """The method that is called, or an empty string."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""
