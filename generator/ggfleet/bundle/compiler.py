"""Compile the Python files of a wheel; a program for any CPython since 3.7, ours or another.

    python -S -c <this text> WHEEL OUT < paths, a line each

OUT becomes a zip of .pyc files that are believed without a look at their source (PEP 552,
unchecked): a tree on a read-only disk starts without writing, and without reading sources. Files
that are no Python of this version are left out, as `compileall` does.
"""

from __future__ import annotations

import importlib.util
import marshal
import sys
import warnings
import zipfile

UNCHECKED = 0b01  # "hash-based", without "check_source"


def main(wheel: str, out: str, paths: list[str]) -> None:
    """Write OUT."""
    warnings.simplefilter("ignore")  # invalid escapes in somebody else's strings
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(out, "w") as target:
        for path in paths:
            text = source.read(path)
            try:
                code = compile(text, path, "exec", dont_inherit=True, optimize=0)
            except (SyntaxError, ValueError, RecursionError, UnicodeDecodeError):
                continue
            head = importlib.util.MAGIC_NUMBER + UNCHECKED.to_bytes(4, "little")
            content = head + importlib.util.source_hash(text) + marshal.dumps(code)
            # a time of its own would make two builds differ
            target.writestr(zipfile.ZipInfo(path), content)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.stdin.read().splitlines())
