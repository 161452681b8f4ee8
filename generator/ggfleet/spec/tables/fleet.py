"""Where a fleet is, what it is made of, and how changes reach it."""

from __future__ import annotations

from ggfleet.model import Broker, Nucleus
from ggfleet.spec import units
from ggfleet.spec.keys import Table
from ggfleet.spec.kinds import (
    choice,
    choices,
    counted,
    flag,
    mapping,
    named,
    names,
    one_of,
    paths,
    quantity,
    section_of,
    text,
)
from ggfleet.spec.presets import PRESETS
from ggfleet.spec.tables.patterns import (
    COMPONENT,
    EXACT_VERSION,
    PACKAGE,
    RELEASE,
    THING,
    VERSION,
)

ARCHITECTURES = ("aarch64", "x86_64", "armv7l")


class Aws(Table):
    """Account, Region and the bucket that carries archives."""

    region = text(
        "The Region of the cores' account.", pattern=r"[a-z]{2}(-[a-z]+)+-\d", like="eu-west-1"
    )
    account = text(
        "Twelve digits; quoted, because an account may begin with 0.",
        pattern=r"\d{12}",
        like='"123456789012"',
    )
    # A dot breaks TLS to the bucket's own host name: V1 cores cannot read from such a bucket.
    bucket = text(
        "Where archives lie: in the same Region, without dots in its name.",
        pattern=r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        like="line-vision-greengrass",
        hint="(3 to 63 of a-z, 0-9 and -, no dots)",
    )
    group_role = text(
        "The role that functions of V1 cores have in AWS; it exists, and trusts Greengrass.",
        pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,576}",
        like="arn:aws:iam::123456789012:role/line-vision-cores",
        default="",
    )


class Index(Table):
    """A package index besides the usual one: piwheels', NVIDIA's, one's own.

    A name and a password, where it wants them, come from `UV_INDEX_NAME_USERNAME` and
    `UV_INDEX_NAME_PASSWORD` in the environment (`NAME` in capitals, with `_` for all else but
    digits), or from `~/.netrc`.
    """

    url = text(
        "Its address (PEP 503), without credentials.",
        pattern=r"https?://[^\s?#]+",
        like="https://packages.example.com/simple",
    )
    packages = names(
        "Packages that come from this index and no other; it is asked for nothing else then. Each "
        "stands in the requirements file. Without the key it is asked first for every package.",
        "torch",
    )


class Platform(Table):
    """A kind of device that archives are built for. What it says goes before its preset."""

    preset = one_of("A board with its usual system, as listed below.", tuple(PRESETS), "")
    os = text("The operating system.", default="linux", pattern="linux", like="linux")
    architecture = one_of(
        "That of the system's programs, as `uname -m` prints it where the kernel has the same.",
        ARCHITECTURES,
        "",
        aliases={"arm64": "aarch64", "amd64": "x86_64"},
    )
    python = text("Version of the device's Python.", pattern=VERSION, like='"3.11"', default="")
    glibc = text(
        "Version of the device's C library.",
        pattern=VERSION,
        like='"2.36"',
        hint="(`ldd --version` tells)",
        default="",
    )
    gpu = text("The vendor's GPU stack.", default="", pattern="jetson", like="jetson")
    shared_libraries = names(
        "Shared libraries that the devices have besides their system's: wheels may need them.",
        "libopenvino.so.2500",
    )
    hardware = paths(
        "Device nodes and folders of a camera or GPU, or of anything else; `[]` if it has none.",
        "/dev/video0",
    )
    provides = mapping(
        "Python packages of the device's own system (`apt install python3-numpy`), with their "
        "versions: archives leave them out.",
        {"numpy": "1.24.2"},
        PACKAGE,
        values=RELEASE,
    )
    indexes = named("Package indexes that are asked before the usual one.", Index)
    conditions = (
        {"anyOf": [{"required": ["preset"]}, {"required": ["architecture", "python", "glibc"]}]},
    )


class Cores(Table):
    """The devices: hosts of an Ansible inventory."""

    inventory = text("The inventory, whatever its form.", like="inventory/sample")
    groups = mapping(
        "Groups of the inventory, and the platform of their hosts.",
        {"raspberry_pi": "pi"},
        required=True,
    )
    sync_shadow = flag("Whether the cores' shadows are kept the same in the cloud.", default=True)


class Rollout(Table):
    """How fast a change spreads (V2)."""

    start = counted("Cores a minute at the beginning.", "per minute")
    factor = quantity(
        "What the rate is multiplied by, 1 to 5, after each `after` successes.",
        units.FACTOR,
        1.0,
        told="1",
    )
    after = counted("Successes after which the rate grows.", "succeeded")


class Abort(Table):
    """When a change stops spreading (V2)."""

    failed = quantity("Share of the cores that failed.", units.PERCENT, 0.0, required=True)
    after = counted("Cores that must have finished before the share counts.", "cores")


class Deployment(Table):
    """How a change reaches the fleet (V2; V1 has none of this)."""

    on_failure = one_of(
        "What a core does when a deployment fails on it.", ("rollback", "nothing"), "rollback"
    )
    rollout = section_of("How fast a change spreads.", Rollout)
    abort = section_of("When it stops spreading.", Abort)
    timeout = quantity("How long a core may take before it counts as failed.", units.TIME, 0)
    update = one_of(
        "Whether components are asked before they are stopped.", ("notify", "skip"), "notify"
    )
    update_timeout = quantity("How long a component may put the update off.", units.TIME, 0)
    validation_timeout = quantity(
        "How long a component may take to judge its new configuration.", units.TIME, 0
    )
    thing_groups = mapping(
        "Platforms and the thing group of their cores; `FLEET-PLATFORM` when nothing is said.",
        {"pi": "line-vision-pi"},
        values=THING,
    )
    components = mapping(
        "Others' components with the version that is deployed.",
        {"aws.greengrass.Nucleus": "2.15.0"},
        COMPONENT,
        values=EXACT_VERSION,
    )
    nuclei = choices(
        "Platforms and the nucleus of their cores; `classic` when nothing is said.",
        Nucleus,
        {"pi": "lite"},
    )
    broker = choice("The MQTT broker for client devices (classic).", Broker, Broker.MOQUETTE)
