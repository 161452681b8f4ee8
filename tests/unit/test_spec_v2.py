"""The keys of the spec that V2 brought: their values, their defaults, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.model import Broker, Components, Deployment, Layout, Nucleus
from ggfleet.spec import Checked, check
from unit.spoilt_specs import INVENTORY, SPEC
from unit.test_spec_check import folder, told

__all__ = ["folder"]

KEYS = """\
components:
  prefix: com.example
  publisher: Line Ltd
  adapter: code
  adapter_requirements: libraries.txt
  user: line_user:line_group
"""
SETTINGS = """\
  timeout: 90 min
  update: notify
  update_timeout: 2 min
  validation_timeout: 45 s
  thing_groups: {pi: LinePis}
  components: {aws.greengrass.Nucleus: 2.15.0}
  nuclei: {pi: lite}
  broker: emqx
"""


def checked(folder: Path, text: str) -> Checked:
    (folder / "fleet.yml").write_text(text)
    return check(folder / "fleet.yml", lambda _: INVENTORY)


def test_every_key_is_read(folder: Path) -> None:
    text = (SPEC + SETTINGS + KEYS).replace("/mllibs}", "/mllibs, layout: self-unpack}")
    fleet = checked(folder, text.replace("pinned: true", "credentials: true")).fleet
    assert fleet is not None
    assert fleet.components == Components(
        wanted=True,
        prefix="com.example",
        publisher="Line Ltd",
        adapter=(folder / "code",),
        adapter_requirements=folder / "libraries.txt",
        user="line_user:line_group",
    )
    assert fleet.libraries["numpy"].layout is Layout.SELF_UNPACK
    assert fleet.functions["classify"].credentials
    settings = fleet.deployment
    assert (settings.timeout, settings.update_timeout, settings.validation_timeout) == (
        5400,
        120,
        45,
    )
    assert (settings.update, settings.thing_groups, settings.components) == (
        "notify",
        {"pi": "LinePis"},
        {"aws.greengrass.Nucleus": "2.15.0"},
    )
    assert settings.broker is Broker.EMQX
    assert settings.nucleus_of("pi") is Nucleus.LITE
    assert settings.nucleus_of("other") is Nucleus.CLASSIC


def test_without_them_nothing_is_said(folder: Path) -> None:
    fleet = checked(folder, SPEC[: SPEC.index("deployment:")]).fleet
    assert fleet is not None
    assert (fleet.components, fleet.deployment) == (Components(), Deployment())
    assert fleet.libraries["numpy"].layout is None
    assert not fleet.functions["classify"].credentials


@pytest.mark.parametrize(
    ("right", "wrong", "path"),
    [
        ("prefix: com.example", "prefix: aws.greengrass.x", "components.prefix"),
        ("prefix: com.example", "prefix: com..example", "components.prefix"),
        ("publisher: Line Ltd", "publishers: Line Ltd", "components.publishers"),
        ("adapter: code", "adapter: nowhere", "components.adapter"),
        ("adapter_requirements: libraries.txt", "adapter_requirements: no.txt",
         "components.adapter_requirements"),
        ("user: line_user:line_group", "user: '1001:1001'", "components.user"),
        ("nuclei: {pi: lite}", "nuclei: {pi: small}", "deployment.nuclei.pi"),
        ("nuclei: {pi: lite}", "nuclei: {pie: lite}", "deployment.nuclei.pie"),
        ("broker: emqx", "broker: mosquitto", "deployment.broker"),
        ("update: notify", "update: never", "deployment.update"),
        ("{pi: LinePis}", "{pie: LinePis}", "deployment.thing_groups.pie"),
        ("{pi: LinePis}", "{pi: Line Pis}", "deployment.thing_groups.pi"),
        ("Nucleus: 2.15.0", "Nucleus: ^2.15.0", "deployment.components.aws.greengrass.Nucleus"),
        ("Nucleus: 2.15.0", "Nucleus: 02.15.0", "deployment.components.aws.greengrass.Nucleus"),
        ("Nucleus: 2.15.0", "Nucleus: 2.15.00", "deployment.components.aws.greengrass.Nucleus"),
        ("timeout: 90 min", "timeout: 90", "deployment.timeout"),
        ("/mllibs}", "/mllibs, layout: folder}", "libraries.numpy.layout"),
        ("install: ml-resource, destination: /mllibs}", "install: os-pip, layout: zip}",
         "libraries.numpy.layout"),
    ],
)  # fmt: skip
def test_wrong_values_are_named_at_their_line(
    folder: Path, right: str, wrong: str, path: str
) -> None:
    text = SPEC + SETTINGS + KEYS
    assert text.count(right) == 1
    found = told(checked(folder, text.replace(right, wrong)))
    line = text[: text.index(right)].count("\n") + 1
    assert found == [(line, path)]
