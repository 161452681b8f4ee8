"""The inventory plugin greengrass_cores, asked by Ansible itself: moto for IoT and V1, a server of ours for V2."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from functional.ggfleet_command import ROOT, ggfleet
from functional.greengrass_v2_server import Cores, greengrass_v2
from functional.moto_server import REGION, Endpoint, moto_endpoint

SECRET = "not-to-be-seen-anywhere"
CLASSIC = {
    "coreDeviceThingName": "pi-01", "coreVersion": "2.12.6", "platform": "linux", "architecture": "aarch64",
    "runtime": "aws_nucleus_classic", "status": "HEALTHY", "lastStatusUpdateTimestamp": 1764000000,
    "tags": {"owner": "{{ 1 + 1 }}"},
}  # fmt: skip
LITE = {
    "coreDeviceThingName": "pi-02",
    "coreVersion": "2.1.0",
    "status": "UNHEALTHY",
    "runtime": "aws_nucleus_lite",
}
ELSEWHERE = {"coreDeviceThingName": "not-in-a-group", "coreVersion": "2.12.6", "status": "HEALTHY"}


@dataclass
class Account:
    """An account with two lines: pi-01, pi-02 and new-03 in line-1, orin and pi-01 in line-2."""

    moto: Endpoint
    cores: Cores
    folder: Path

    def list(self, *options: str, env: dict[str, str] | None = None, **settings: Any) -> Any:
        """What `ansible-inventory --list` says."""
        done = self.run(*options, env=env, **settings)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout, object_hook=lambda node: node.get("__ansible_unsafe", node))

    def refusal(self, *, env: dict[str, str] | None = None, **settings: Any) -> str:
        """What it says, in one line, where it must fail."""
        done = self.run("-vvvv", env=env, **settings)
        assert done.returncode != 0, done.stdout
        said = done.stdout + done.stderr
        assert SECRET not in said
        assert "Traceback" not in said.split("Failed to parse inventory with")[0]
        return " ".join(said.split())

    def run(
        self, *options: str, env: dict[str, str] | None = None, **settings: Any
    ) -> subprocess.CompletedProcess[str]:
        """Ask for the inventory with some settings."""
        argv: list[str | Path] = [
            Path(sys.executable).with_name("ansible-inventory"),
            "-i",
            self.write(**settings),
            "--list",
            *options,
        ]
        return subprocess.run(
            argv,
            cwd=ROOT,
            env={**self.env(), **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )

    def write(self, **settings: Any) -> Path:
        """Write the settings of the plugin; `None` takes a key away."""
        whole = {
            "plugin": "greengrass_cores",
            "region": REGION,
            "thing_groups": ["line-1"],
            **settings,
        }
        path = self.folder / "cores.yml"
        path.write_text(
            yaml.safe_dump({key: value for key, value in whole.items() if value is not None})
        )
        return path

    def env(self) -> dict[str, str]:
        """An environment with credentials, and nothing of the user's."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "ANSIBLE_"))
        }
        return {
            **kept, "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            "AWS_ENDPOINT_URL_IOT": self.moto.url, "AWS_ENDPOINT_URL_GREENGRASSV2": self.cores.url,
        }  # fmt: skip


@pytest.fixture(scope="module")
def moto() -> Iterator[Endpoint]:
    with moto_endpoint() as endpoint:
        iot = endpoint.client("iot")
        for name in ("line-1", "line-2", "greengrass"):
            iot.create_thing_group(thingGroupName=name)
        for name, group in (
            ("pi-01", "line-1"),
            ("pi-02", "line-1"),
            ("new-03", "line-1"),
            ("orin", "line-2"),
        ):
            attributes = {"attributes": {"address": f"192.0.2.{len(name)}"}}
            iot.create_thing(thingName=name, attributePayload=attributes)
            iot.add_thing_to_thing_group(thingGroupName=group, thingName=name)
        iot.add_thing_to_thing_group(thingGroupName="line-2", thingName="pi-01")
        yield endpoint


@pytest.fixture
def account(moto: Endpoint, tmp_path: Path) -> Iterator[Account]:
    with greengrass_v2() as cores:
        cores.known = {
            str(core["coreDeviceThingName"]): core for core in (CLASSIC, ELSEWHERE, LITE)
        }
        yield Account(moto, cores, tmp_path)


def hosts(inventory: Any) -> Any:
    """The variables of all hosts."""
    return inventory["_meta"]["hostvars"]


def test_cores_of_thing_groups_with_health_and_software(account: Account) -> None:
    """Two groups that share a thing, and a thing that is no core."""
    inventory = account.list(thing_groups=["line-1", "line-2"])
    assert sorted(inventory["greengrass"]["children"]) == ["line_1", "line_2"]
    assert sorted(inventory["line_1"]["hosts"]) == ["new-03", "pi-01", "pi-02"]
    assert sorted(inventory["line_2"]["hosts"]) == ["orin", "pi-01"]
    pi = hosts(inventory)["pi-01"]
    assert pi["greengrass_core_device"] == {
        "status": "HEALTHY", "version": "2.12.6", "runtime": "aws_nucleus_classic", "platform": "linux",
        "architecture": "aarch64", "last_status_update": "2025-11-24T16:00:00+00:00",
        "tags": {"owner": "{{ 1 + 1 }}"},
    }  # fmt: skip
    assert pi["greengrass_thing_groups"] == ["line-1", "line-2"]
    assert pi["greengrass_thing"]["attributes"] == {"address": "192.0.2.5"}
    assert pi["greengrass_thing"]["arn"].endswith(":thing/pi-01")
    assert hosts(inventory)["pi-02"]["greengrass_core_device"]["status"] == "UNHEALTHY"
    assert "greengrass_core_device" not in hosts(inventory)["new-03"]
    assert "not-in-a-group" not in hosts(inventory)


def test_one_list_instead_of_a_request_for_each_core(account: Account) -> None:
    """Two pages of cores; version and tags are not in a list; the registry is not asked."""
    inventory = account.list(core_devices="list", attributes=False)
    assert sorted(hosts(inventory)) == ["new-03", "pi-01", "pi-02"]
    assert hosts(inventory)["pi-01"] == {
        "greengrass_thing_name": "pi-01",
        "greengrass_thing_groups": ["line-1"],
        "greengrass_core_device": {
            "status": "HEALTHY", "runtime": "aws_nucleus_classic", "platform": "linux",
            "architecture": "aarch64", "last_status_update": "2025-11-24T16:00:00+00:00",
        },
    }  # fmt: skip
    assert len(account.cores.asked) == 2
    assert "nextToken=2" in account.cores.asked[1]


def test_constructed_variables_and_groups(account: Account) -> None:
    """Addresses, groups by status and version, a group by condition."""
    inventory = account.list(
        compose={"ansible_host": "greengrass_thing.attributes.address"},
        groups={"no_core_yet": "greengrass_core_device is not defined"},
        keyed_groups=[
            {"key": "greengrass_core_device.status", "prefix": "status"},
            {"key": "greengrass_core_device.version", "prefix": "nucleus"},
        ],
    )
    assert hosts(inventory)["pi-01"]["ansible_host"] == "192.0.2.5"
    assert inventory["no_core_yet"]["hosts"] == ["new-03"]
    assert inventory["status_UNHEALTHY"]["hosts"] == ["pi-02"]
    assert inventory["nucleus_2_12_6"]["hosts"] == ["pi-01"]


def test_what_aws_holds_is_never_a_template(account: Account) -> None:
    """A tag with Jinja in it is text, in variables made of it too."""
    inventory = account.list(compose={"owner": "greengrass_core_device.tags.owner"})
    assert hosts(inventory)["pi-01"]["owner"] == "{{ 1 + 1 }}"


def test_strict_refuses_what_lenient_leaves_out(account: Account) -> None:
    wrong = {"ansible_host": "greengrass_thing.attributes.adress"}
    assert "ansible_host" not in hosts(account.list(compose=wrong))["pi-01"]
    assert "adress" in account.refusal(compose=wrong, strict=True)


def test_a_group_named_like_the_group_of_all(account: Account) -> None:
    """No group is its own child."""
    inventory = account.list(thing_groups=["greengrass", "line-2"], core_devices="none")
    assert inventory["greengrass"]["children"] == ["line_2"]


def test_certificates_for_a_spec(account: Account) -> None:
    """One certificate is the core's; of two neither is."""
    iot = account.moto.client("iot")
    arns = [iot.create_keys_and_certificate(setAsActive=True)["certificateArn"] for _ in range(3)]
    for thing, arn in (("pi-02", arns[0]), ("new-03", arns[1]), ("new-03", arns[2])):
        iot.attach_thing_principal(thingName=thing, principal=arn)
    found = hosts(account.list(certificates=True, core_devices="none"))
    assert found["pi-02"]["greengrass_certificate_arn"] == arns[0]
    assert sorted(found["new-03"]["greengrass_certificate_arns"]) == sorted(arns[1:])
    assert "greengrass_certificate_arn" not in found["new-03"]
    assert found["pi-01"]["greengrass_certificate_arns"] == []


def test_v1_groups_where_the_api_answers(account: Account) -> None:
    """moto plays the endpoint of all services; a group without a version has no cores."""
    greengrass = account.moto.client("greengrass")
    thing = "arn:aws:iot:eu-west-1:123456789012:thing/orin"
    core = {"Id": "1", "ThingArn": thing, "CertificateArn": f"{thing}-cert", "SyncShadow": True}
    definition = greengrass.create_core_definition(Name="c", InitialVersion={"Cores": [core]})
    group = greengrass.create_group(
        Name="line-2-orin",
        InitialVersion={"CoreDefinitionVersionArn": definition["LatestVersionArn"]},
    )
    greengrass.create_group(Name="empty")
    inventory = account.list(
        thing_groups=["line-2"], endpoint_url=account.moto.url, core_devices="none", v1_groups=True,
        env={"AWS_ENDPOINT_URL_IOT": "http://127.0.0.1:9"},
    )  # fmt: skip
    expected = {"id": group["Id"], "name": "line-2-orin", "version": group["LatestVersion"]}
    assert hosts(inventory)["orin"]["greengrass_v1_group"] == expected
    assert "greengrass_v1_group" not in hosts(inventory)["pi-01"]


def test_cache_answers_the_same_question_alone(account: Account) -> None:
    """Asked again without requests; another question, or --flush-cache, asks AWS."""
    cache: dict[str, Any] = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(account.folder / "kept"),
    }
    first = account.list(**cache)
    asked = len(account.cores.asked)
    assert account.list(**cache) == first
    assert len(account.cores.asked) == asked
    account.cores.known["pi-01"]["status"] = "UNHEALTHY"
    try:
        assert (
            hosts(account.list(**cache))["pi-01"]["greengrass_core_device"]["status"] == "HEALTHY"
        )
        fresh = hosts(account.list("--flush-cache", **cache))
        assert fresh["pi-01"]["greengrass_core_device"]["status"] == "UNHEALTHY"
        assert "orin" in hosts(account.list(**cache, thing_groups=["line-2"]))
    finally:
        account.cores.known["pi-01"]["status"] = "HEALTHY"


def test_refusals_say_what_to_do_and_show_no_credentials(account: Account) -> None:
    """Each is looked for in all that `-vvvv` prints, which never holds the secret key."""
    assert "no option thing_group; it has" in account.refusal(thing_group=["line-1"])
    assert (
        "the things of the thing group line-9: AWS refused ListThingsInThingGroup with ResourceNotFound"
        in (account.refusal(thing_groups=["line-9"]))
    )
    assert "thing_groups" in account.refusal(thing_groups=None)
    account.cores.denied = True
    said = account.refusal(attributes=False)
    assert "allow these credentials the call GetCoreDevice" in said
    assert "No AWS Region: set region, or AWS_REGION." in account.refusal(region=None)
    gone = {"AWS_ENDPOINT_URL_IOT": "http://127.0.0.1:9"}
    assert "check the network, region and endpoint_url" in account.refusal(env=gone)
    assert "Invalid endpoint: nowhere" in account.refusal(endpoint_url="nowhere")
    assert "The config profile (nobody) could not be found" in account.refusal(profile="nobody")
    assert "there are no AWS credentials; sign in" in account.refusal(
        env={"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    )
    assert "AWS ended Greengrass V1 on 2026-10-07" in account.refusal(
        v1_groups=True, core_devices="none", env={"AWS_ENDPOINT_URL_GREENGRASS": account.cores.url}
    )


def test_without_boto3_the_message_says_what_to_install(account: Account) -> None:
    """A boto3 that cannot be imported stands first on Python's path."""
    (account.folder / "boto3.py").write_text("raise ImportError\n")
    said = account.refusal(env={"PYTHONPATH": str(account.folder)})
    assert f"greengrass_cores needs boto3: `{sys.executable} -m pip install boto3`" in said


def test_the_example_in_the_inventory_folder_works(account: Account) -> None:
    """As it is, but for its cache; a runtime is composed for cores alone."""
    example = yaml.safe_load((ROOT / "inventory/aws_greengrass_cores.yml.example").read_text())
    inventory = account.list(**{**example, "cache_connection": str(account.folder / "kept")})
    assert inventory["no_core_yet"]["hosts"] == ["new-03"]
    assert hosts(inventory)["pi-02"]["greengrass_runtime"] == "lite"
    assert "greengrass_runtime" not in hosts(inventory)["new-03"]


SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: line-greengrass}
platforms: {pi: {preset: pi4-64}}
cores: {inventory: cores.yml, groups: {line_1: pi}}
functions: {f: {source: f, handler: f.handle, isolation: none}}
"""


def test_a_spec_names_such_an_inventory_and_no_answer_is_kept(account: Account) -> None:
    """`ggfleet check` sees a change at AWS the next time."""
    spec = account.folder / "fleet.yml"
    account.write()
    spec.write_text(SPEC)
    (account.folder / "f").mkdir()
    (account.folder / "f/f.py").write_text("def handle(event, context): ...\n")
    env: Any = account.env()
    said = ggfleet("check", spec, **env)
    assert "3 cores" in said.stdout, said.stdout + said.stderr
    iot = account.moto.client("iot")
    iot.remove_thing_from_thing_group(thingGroupName="line-1", thingName="new-03")
    try:
        assert "2 cores" in ggfleet("check", spec, **env).stdout
    finally:
        iot.add_thing_to_thing_group(thingGroupName="line-1", thingName="new-03")
