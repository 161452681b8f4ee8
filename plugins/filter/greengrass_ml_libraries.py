"""Filter that picks out of a folder of wheels what a requirements file allows."""

from __future__ import annotations

import re
from collections.abc import Callable

from ansible.errors import AnsibleFilterError

_HASH = re.compile(r"--hash[=\s]sha256:([0-9a-f]{64})")
_SUM = re.compile(r"([0-9a-f]{64}) [ *](?:[.]/)?([^/\s]+[.]whl)")


def locked_wheels(
    sums: str, requirements: str, require_hashes: bool = True
) -> list[dict[str, str]]:
    """Return name and SHA-256 of the wheels that `SHA256SUMS` names and that may be installed.

    `sums` is what `sha256sum *.whl` prints, `requirements` the text of a requirements file. With
    `require_hashes` only wheels count whose digest stands there: a folder may serve many platforms.
    """
    found = []
    for line in filter(None, map(str.strip, sums.splitlines())):
        parsed = _SUM.fullmatch(line)
        if parsed is None:
            raise AnsibleFilterError(
                f"SHA256SUMS has the line {line[:100]!r}: write it anew with"
                " `sha256sum *.whl > SHA256SUMS` in the folder of wheels"
            )
        found.append({"name": parsed[2], "sha256": parsed[1]})
    allowed = set(_HASH.findall(requirements))
    fitting = [wheel for wheel in found if wheel["sha256"] in allowed or not require_hashes]
    if not fitting:
        raise AnsibleFilterError(
            f"none of the {len(found)} wheels in SHA256SUMS has a hash of the requirements file:"
            " the folder of wheels is of another lock"
        )
    return fitting


def has_hashes(requirements: str) -> bool:
    """Tell whether a requirements file holds any hash; pip then asks for one everywhere."""
    return _HASH.search(requirements) is not None


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by name."""
        return {"greengrass_locked_wheels": locked_wheels, "greengrass_has_hashes": has_hashes}
