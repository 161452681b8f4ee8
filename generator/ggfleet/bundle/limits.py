"""What Lambda takes: a V1 core gets its functions through the Lambda service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ggfleet.bundle.tree import Entry
from ggfleet.errors import BundleError

MIB = 1 << 20

UNPACKED = 250 * MIB
"""Bytes. Lambda's page of quotas says 250 MB; the service refuses with `Unzipped size must be
smaller than 262144000 bytes`, which is 250 times 1024 times 1024."""

DIRECT_UPLOAD = 50 * MIB
"""Bytes of a zip that CreateFunction and UpdateFunctionCode take in the request itself. The same
page sends bigger ones through S3, from where ggfleet's documents always take them: no error, but
worth knowing."""

BIGGEST = 3


def check_unpacked(function: str, entries: Sequence[Entry]) -> None:
    """Refuse a function package that Lambda would refuse."""
    size = sum(entry.size for entry in entries)
    if size < UNPACKED:
        return
    raise BundleError(
        f"function {function}: the package is {_mib(size)} unpacked, and Lambda takes less than "
        f"{_mib(UNPACKED)}; biggest: {_biggest(entries)}",
        fix="ship the big libraries as an ML resource (`install: ml-resource`) or with the system "
        "(`install: os-pip`), or use an edge runtime",
    )


def upload_note(function: str, size: int) -> str:
    """What to tell about a zip that cannot be uploaded by hand; empty when it can."""
    if size <= DIRECT_UPLOAD:
        return ""
    return (
        f"function {function}: {_mib(size)} zipped is over the {_mib(DIRECT_UPLOAD)} that Lambda "
        "takes directly; it has to come from S3, as the rendered documents say"
    )


def _biggest(entries: Sequence[Entry]) -> str:
    sizes: Counter[str] = Counter()
    for entry in entries:
        sizes[entry.origin] += entry.size
    return ", ".join(f"{origin} {_mib(size)}" for origin, size in sizes.most_common(BIGGEST))


def _mib(size: int) -> str:
    return f"{size / MIB:.1f} MiB"
