"""The file that says how a fleet is connected."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.errors import GgfleetError
from ggfleet.simulate.links import Link, World, read_world

WHOLE = """\
egress_per_gb = 0.05
[links.office]
share = 2
mbit_s = 100
[links.field]
share = 1
mbit_s = 4.5
spread = 0.5
drop_mb = 300
price_per_gb = 4
[work_mb_s]
os-pip = 6
"""


def read(folder: Path, text: str) -> World:
    path = folder / "links.toml"
    path.write_text(text)
    return read_world(path)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE) == World(
        (Link("office", 2, 100), Link("field", 1, 4.5, 0.5, 300, 4)), 0.05, (("os-pip", 6),)
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("mbit_s = 100", "mbits = 100", "links.office.mbits is unknown"),
        ("share = 2\n", "", "links.office lacks share"),
        ("share = 2", "share = 0", "links.office.share is 0"),
        ("mbit_s = 100", 'mbit_s = "100"', "links.office.mbit_s is no number"),
        ("mbit_s = 100", "mbit_s = true", "links.office.mbit_s is no number"),
        ("drop_mb = 300", "drop_mb = -1", "links.field.drop_mb is -1"),
        ("egress_per_gb", "egress", "egress is unknown"),
        ("os-pip = 6", "os-pip = 0", "work_mb_s.os-pip is 0"),
        ("[links.office]", "[links.office", "is no TOML"),
        (WHOLE, "links = 3", "links is no table"),
        (WHOLE, "", "names no links"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, before: str, after: str, said: str) -> None:
    with pytest.raises(GgfleetError) as raised:
        read(tmp_path, WHOLE.replace(before, after))
    assert said in raised.value.message
    assert raised.value.fix
