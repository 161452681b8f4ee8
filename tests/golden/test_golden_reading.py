"""What the reader says of texts that are no spec, word by word, in one file to be read by eye.

Each way of saying something is there once, with the first mistake that meets it; rules have a file of
their own (`test_golden_rules`). `GGFLEET_REWRITE_GOLDEN=1` writes what is said now: look at the
difference before you keep it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import READING, Problem
from ggfleet.spec import check
from golden.test_golden_group_v1 import REWRITE
from unit.spoilt_specs import BROKEN, CASES, INVENTORY, SPEC
from unit.table_mutations import table_mutations
from unit.test_spec_mutations import WHOLE, check_text

EXPECTED = Path(__file__).parent / "reading/expected.txt"

RELATIONS = (
    ("connector: SerialStream", "connector: arn:aws:greengrass:eu-west-1::/connectors/SerialStream/versions/3"),
    ("    version: 3\n", ""),
    ("  port:\n    connector", "  classify:\n    connector"),
    ("  button:\n    cores", "  native:\n    cores"),
    ('BaudRate: "9600"', "SerialPort-ResourceId: x"),
    ("executable: native", "executable: native\n    handler: function.handler"),
    ("executable: native", "executable: native\n    runtime: python3.8"),
    ("executable: native", "executable: native\n    encoding: json"),
    ("    run_as:\n      uid: 1001\n      gid: 1001", "    run_as: {}"),
    ("device: /dev/ttyS0", "device: /dev/ttyS0\n    destination: /x"),
    ("staging_labels: [AWSPREVIOUS]", "owner: video"),
    ("device: /dev/ttyS0", "device: []"),
    ("device: /dev/ttyS0", "device: {}"),
    ("device: /dev/ttyS0", "device: {pi: /dev/ttyS0}"),
    ("device: /dev/ttyS0", "device: serial"),
    ("camera: [/dev/video0]", "camera: [dev/video0]"),
    ("pi: line-pi", "pi: line pi"),
    ("aws.greengrass.Nucleus: 2.15.0", "aws.greengrass.Nucleus: 2.15"),
    ("aws.greengrass.Nucleus: 2.15.0", "aws greengrass: 2.15.0"),
    ("libraries: [numpy, small]", "libraries: [[numpy], small]"),
    ("layout: image", "layout: zip"),
    ("fleet: line", "fleet: line\n[a]: b"),
    ("inventory: hosts.yml", "inventory: nowhere.yml"),
    ("preset: jetson-orin", "python: \"3.8\""),
    ("packages: [Small_Thing]", "packages: [small thing]"),
    ("example.org/simple", "example.org/simple\n        packages: [small.thing]"),
    ("https://packages.example.org", "https://me:secret@packages.example.org"),
)  # fmt: skip
"""What to replace in `whole.yml`, and what by: mistakes between keys, which no key's table tells."""


def test_messages_are_as_expected(tmp_path: Path) -> None:
    """In the order of the keys that they are about."""
    told: dict[tuple[str, str], str] = {}
    for problem in problems(tmp_path):
        text = f"{problem.path or '(file)'}: {problem.message}\n    fix: {problem.fix}"
        told.setdefault((alike(problem.message), alike(problem.fix)), text)
    text = "\n".join(told.values()) + "\n"
    if REWRITE:
        EXPECTED.write_text(text)
    assert text == EXPECTED.read_text()


def alike(text: str) -> str:
    """A text without what it says of one value or key: quoted parts, names and numbers."""
    text = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d+", "_", text)
    text = re.sub(r"(did you mean|known here:|write it like) .*", r"\1", text)
    return re.sub(r"(names|platform|group) \S+", r"\1", text)


def problems(folder: Path) -> Iterator[Problem]:
    """What reading alone finds, for every spoilt spec of the unit tests."""
    whole = WHOLE.read_text()
    for index, mutation in enumerate(table_mutations(whole)):
        if mutation.kind == "key misspelt" and index:
            continue  # all are told alike
        yield from _of_reading(check_text(folder, mutation.text).problems)
    for right, wrong in RELATIONS:
        assert right in whole, right
        yield from _of_reading(check_text(folder, whole.replace(right, wrong, 1)).problems)
    for text in (*(SPEC.replace(right, wrong, 1) for right, wrong, *_ in CASES.values()), *BROKEN):
        (folder / "fleet.yml").write_text(text)
        yield from _of_reading(check(folder / "fleet.yml", lambda _: INVENTORY).problems)


def _of_reading(found: tuple[Problem, ...]) -> Iterator[Problem]:
    return (problem for problem in found if problem.rule == READING)
