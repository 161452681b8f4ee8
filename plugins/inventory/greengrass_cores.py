"""Inventory plugin: cores of AWS IoT thing groups, and what AWS knows of health and software.

It runs in Ansible's own process and reads: every call lists or describes.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: greengrass_cores
short_description: Greengrass cores of AWS IoT thing groups
description:
  - Makes a host of each thing in the given AWS IoT thing groups, under its thing's name, and a
    group of each thing group.
  - Tells of each thing what the registry knows (C(greengrass_thing)), and of each Greengrass V2
    core its health and software (C(greengrass_core_device)). A thing that is no core yet is listed
    without the latter, so that a first C(site.yml) finds it.
  - C(greengrass_core_device) has C(status) (C(HEALTHY) or C(UNHEALTHY)), C(version) of the nucleus,
    C(runtime) (C(aws_nucleus_classic) or C(aws_nucleus_lite)), C(platform), C(architecture),
    C(last_status_update) (ISO 8601) and C(tags). What AWS does not tell is absent.
  - C(greengrass_thing) has C(arn), C(type), C(billing_group) and C(attributes).
    C(greengrass_thing_name) is the thing's name and C(greengrass_thing_groups) lists those of the
    asked thing groups that hold it.
  - Credentials come from where boto3 looks for them (environment, C(~/.aws), role of the machine)
    and are never shown. They need C(iot:ListThingsInThingGroup) and, as far as the options ask for
    it, C(iot:DescribeThing), C(greengrass:GetCoreDevice) or C(greengrass:ListCoreDevices),
    C(iot:ListThingPrincipals), and for V1 C(greengrass:ListGroups), C(greengrass:GetGroupVersion)
    and C(greengrass:GetCoreDefinitionVersion).
  - Any name of a file that ends in C(.yml) or C(.yaml) will do.
requirements:
  - boto3 >= 1.35, in the Python that runs Ansible (C(ggfleet) brings it)
author: ggfleet contributors (!UNKNOWN)
extends_documentation_fragment:
  - constructed
  - inventory_cache
options:
  plugin:
    description: >-
      The name of this plugin. The short one is for a folder that C(inventory_plugins) of
      C(ansible.cfg) names.
    type: str
    required: true
    choices: [ggfleet.greengrass.greengrass_cores, greengrass_cores]
  thing_groups:
    description: Names of AWS IoT thing groups.
    type: list
    elements: str
    required: true
  recursive:
    description: Whether things of the groups below count too.
    type: bool
    default: true
  group:
    description: >-
      The group that holds all hosts. The playbooks of this collection work on C(greengrass).
    type: str
    default: greengrass
  region:
    description: The AWS Region. Where it is not given, boto3 takes it from its configuration.
    type: str
    env:
      - name: AWS_REGION
      - name: AWS_DEFAULT_REGION
  profile:
    description: A profile of C(~/.aws).
    type: str
    env:
      - name: AWS_PROFILE
  endpoint_url:
    description:
      - Where all services are asked, instead of AWS. For one service alone, boto3 reads
        C(AWS_ENDPOINT_URL_IOT) and C(AWS_ENDPOINT_URL_GREENGRASSV2).
    type: str
  attributes:
    description: Whether to describe each thing (C(greengrass_thing)), one request for each.
    type: bool
    default: true
  core_devices:
    description:
      - V(full) asks for each thing whether it is a V2 core, one request for each.
      - V(list) lists the cores of the account, one request for a hundred, and leaves C(version) and
        C(tags) out.
      - V(none) does not ask.
    type: str
    choices: [full, list, none]
    default: full
  certificates:
    description:
      - Whether to ask for each thing's certificates, one request for each.
        C(greengrass_certificate_arns) lists them; C(greengrass_certificate_arn), which a fleet's
        spec reads, is there where it is just one.
    type: bool
    default: false
  v1_groups:
    description:
      - Whether to look for the things in Greengrass V1 groups, three requests for each group
        (C(greengrass_v1_group) with C(id), C(name) and C(version)). AWS ended that service on
        2026-10-07; other endpoints may still answer.
    type: bool
    default: false
"""

EXAMPLES = r"""
# cores.yml: every core of two lines, reached at the address that the registry holds.
plugin: ggfleet.greengrass.greengrass_cores
region: eu-west-1
thing_groups: [line-1, line-2]
compose:
  ansible_host: greengrass_thing.attributes.address
keyed_groups:
  # status_HEALTHY, status_UNHEALTHY
  - key: greengrass_core_device.status
    prefix: status
  # nucleus_2_12_6
  - key: greengrass_core_device.version
    prefix: nucleus
groups:
  # What site.yml is to make into cores.
  no_core_yet: greengrass_core_device is not defined
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/greengrass_cores
cache_timeout: 300
"""

import contextlib
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
except ImportError:
    HAS_BOTO3 = False
else:
    HAS_BOTO3 = True

CONNECT_SECONDS = 10
READ_SECONDS = 60
TRIES = 5
AT_ONCE = 8
ENDED = " AWS ended Greengrass V1 on 2026-10-07: leave v1_groups out, or set endpoint_url."


class Account:
    """What AWS tells, by `make_client(service)`, which returns a boto3 client."""

    def __init__(self, make_client: Callable) -> None:
        self._make_client = make_client

    def hosts(self, asked: dict) -> dict:
        """Return each host's variables by its thing's name. `asked` holds the options."""
        members = self._members(asked["thing_groups"], asked["recursive"])
        hosts = {
            name: {"greengrass_thing_name": name, "greengrass_thing_groups": groups}
            for name, groups in members.items()
        }
        for option, read in (
            ("attributes", self._things),
            ("core_devices", self._listed if asked["core_devices"] == "list" else self._cores),
            ("certificates", self._certificates),
            ("v1_groups", self._v1_groups),
        ):
            if asked[option] not in (False, "none"):
                for name, found in read(list(hosts)).items():
                    hosts[name].update(found)
        return hosts

    def _members(self, groups: list, recursive: bool) -> dict:
        iot, found = self._make_client("iot"), {}
        for group in groups:
            pages = iot.get_paginator("list_things_in_thing_group").paginate(
                thingGroupName=group, recursive=recursive
            )
            with explained(f"the things of the thing group {group}"):
                for name in (name for page in pages for name in page["things"]):
                    found.setdefault(name, []).append(group)
        return found

    def _things(self, names: list) -> dict:
        iot = self._make_client("iot")

        def describe(name: str) -> dict:
            with explained(f"the thing {name}"):
                thing = iot.describe_thing(thingName=name)
            told = {
                "arn": thing.get("thingArn"),
                "type": thing.get("thingTypeName"),
                "billing_group": thing.get("billingGroupName"),
                "attributes": thing.get("attributes", {}),
            }
            return {"greengrass_thing": without_nothing(told)}

        return at_once(describe, names)

    def _cores(self, names: list) -> dict:
        greengrass = self._make_client("greengrassv2")

        def describe(name: str) -> dict:
            with explained(f"the core {name}"):
                try:
                    core = greengrass.get_core_device(coreDeviceThingName=name)
                except greengrass.exceptions.ResourceNotFoundException:
                    return {}  # a thing that is no core
            return core_device(core)

        return at_once(describe, names)

    def _listed(self, names: list) -> dict:
        pages = self._make_client("greengrassv2").get_paginator("list_core_devices").paginate()
        with explained("the cores of the account"):
            cores = {c["coreDeviceThingName"]: c for page in pages for c in page["coreDevices"]}
        return {name: core_device(cores[name]) for name in names if name in cores}

    def _certificates(self, names: list) -> dict:
        iot = self._make_client("iot")

        def read(name: str) -> dict:
            pages = iot.get_paginator("list_thing_principals").paginate(thingName=name)
            with explained(f"the certificates of the thing {name}"):
                principals = [arn for page in pages for arn in page["principals"]]
            arns = [arn for arn in principals if ":cert/" in arn]
            one = {"greengrass_certificate_arn": arns[0]} if len(arns) == 1 else {}
            return {"greengrass_certificate_arns": arns, **one}

        return at_once(read, names)

    def _v1_groups(self, names: list) -> dict:
        greengrass, found = self._make_client("greengrass"), {}
        with explained("the V1 groups", ENDED):
            pages = greengrass.get_paginator("list_groups").paginate()
            groups = [g for page in pages for g in page["Groups"] if g.get("LatestVersion")]
            for group in groups:
                told = {"id": group["Id"], "name": group["Name"], "version": group["LatestVersion"]}
                for core in v1_cores(greengrass, group):
                    found[core["ThingArn"].rpartition(":thing/")[2]] = {"greengrass_v1_group": told}
        return {name: found[name] for name in names if name in found}


def core_device(core: dict) -> dict:
    """Return what GetCoreDevice or one entry of ListCoreDevices says, as a host's variable."""
    updated = core.get("lastStatusUpdateTimestamp")
    told = {
        "status": core.get("status"),
        "version": core.get("coreVersion"),
        "runtime": core.get("runtime"),
        "platform": core.get("platform"),
        "architecture": core.get("architecture"),
        "last_status_update": updated.isoformat() if updated else None,
        "tags": core.get("tags"),
    }
    return {"greengrass_core_device": without_nothing(told)}


def v1_cores(greengrass: object, group: dict) -> list:
    """Return the cores of a V1 group's latest version, as the API has them."""
    version = greengrass.get_group_version(
        GroupId=group["Id"], GroupVersionId=group["LatestVersion"]
    )
    arn = version["Definition"].get("CoreDefinitionVersionArn")
    if not arn:
        return []
    # ...:/greengrass/definition/cores/ID/versions/VERSION
    definition, number = arn.rpartition("/cores/")[2].split("/versions/")
    cores = greengrass.get_core_definition_version(
        CoreDefinitionId=definition, CoreDefinitionVersionId=number
    )
    return cores["Definition"].get("Cores", [])


def without_nothing(told: dict) -> dict:
    """Return `told` without what AWS did not tell."""
    return {name: value for name, value in told.items() if value is not None}


def at_once(read: Callable, names: list) -> dict:
    """Return what `read` says of each name, some names at a time; the first error ends it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(names, pool.map(read, names), strict=True))


@contextlib.contextmanager
def explained(what: str, hint: str = "") -> Iterator[None]:
    """Turn boto3's exceptions into Ansible's. `what` was being read; `hint` ends the message."""
    try:
        yield
    except ClientError as error:
        raise AnsibleParserError(f"Reading {what}: {refusal(error)}{hint}") from None
    except NoCredentialsError:
        fix = "sign in (aws configure, aws sso login), or set AWS_PROFILE."
        raise AnsibleParserError(f"Reading {what}: there are no AWS credentials; {fix}") from None
    except BotoCoreError as error:
        fix = "check the network, region and endpoint_url."
        raise AnsibleParserError(f"Reading {what}: {error}; {fix}{hint}") from None


def refusal(error: ClientError) -> str:
    """Return what AWS answered and what to do about it."""
    told = error.response.get("Error", {})
    code, message = told.get("Code", ""), told.get("Message", "").rstrip(".")
    fixes = {
        "ResourceNotFoundException": "correct thing_groups or region.",
        "AccessDenied": f"allow these credentials the call {error.operation_name}.",
        "UnrecognizedClient": "these credentials are not valid; sign in anew.",
        "InvalidClientTokenId": "these credentials are not valid; sign in anew.",
        "ExpiredToken": "the session has ended; sign in anew.",
    }
    fix = next((fix for start, fix in fixes.items() if code.startswith(start)), "")
    return f"AWS refused {error.operation_name} with {code} ({message}); {fix}".rstrip("; ")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """What Ansible looks for in this file."""

    NAME = "ggfleet.greengrass.greengrass_cores"

    def verify_file(self, path: str) -> bool:
        """Tell whether `path` may be settings of this plugin; its key `plugin` decides."""
        return super().verify_file(path) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory: object, loader: object, path: str, cache: bool = True) -> None:
        """Add hosts, groups and variables, all of them or, where AWS refuses something, none."""
        super().parse(inventory, loader, path, cache)
        if not HAS_BOTO3:
            message = f"greengrass_cores needs boto3: `{sys.executable} -m pip install boto3`."
            raise AnsibleError(message)
        self._refuse_unknown(self._read_config_data(path))
        for name, variables in self._hosts(path, cache).items():
            self._add(name, variables)

    def _refuse_unknown(self, settings: dict) -> None:
        known = constants.config.get_configuration_definitions("inventory", self._load_name)
        unknown = sorted(set(settings) - set(known))
        if unknown:
            message = f"greengrass_cores has no option {', '.join(unknown)}; it has "
            raise AnsibleParserError(message + f"{', '.join(sorted(known))}.")

    def _hosts(self, path: str, cache: bool) -> dict:
        names = ("thing_groups", "recursive", "attributes", "core_devices", "certificates",
                 "v1_groups", "region", "profile", "endpoint_url")  # fmt: skip
        asked = {name: self.get_option(name) for name in names}
        if not self.get_option("cache"):
            return Account(self._make_client).hosts(asked)
        # Another question has another answer.
        question = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:16]
        key = f"{self.get_cache_key(path)}_{question}"
        if not cache or key not in self._cache:
            self._cache[key] = Account(self._make_client).hosts(asked)
        return self._cache[key]

    def _make_client(self, service: str) -> object:
        config = Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            max_pool_connections=AT_ONCE,
        )
        region, endpoint = self.get_option("region"), self.get_option("endpoint_url")
        try:
            session = boto3.Session(profile_name=self.get_option("profile"), region_name=region)
            return session.client(service, endpoint_url=endpoint, config=config)
        except NoRegionError:
            raise AnsibleParserError("No AWS Region: set region, or AWS_REGION.") from None
        except (BotoCoreError, ValueError) as error:
            raise AnsibleParserError(f"Connecting to AWS: {error}.") from None

    def _add(self, name: str, variables: dict) -> None:
        top, strict = self.inventory.add_group(self.get_option("group")), self.get_option("strict")
        for thing_group in variables["greengrass_thing_groups"]:
            group = self.inventory.add_group(self._sanitize_group_name(thing_group))
            self.inventory.add_host(name, group)
            if group != top:
                self.inventory.add_child(top, group)
        for variable, value in variables.items():
            self.inventory.set_variable(name, variable, value)
        self._set_composite_vars(self.get_option("compose"), variables, name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict)
