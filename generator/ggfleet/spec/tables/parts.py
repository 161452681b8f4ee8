"""What a fleet carries: libraries, models, resources and functions."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from ggfleet.model import (
    AUTO,
    BY_SIZE,
    DEFAULT_TIMEOUT,
    RESOURCE_OWNER,
    REST,
    Access,
    Compression,
    Encoding,
    Form,
    Install,
    Isolation,
    Layer,
    Layout,
)
from ggfleet.spec.keys import Key, Table
from ggfleet.spec.kinds import (
    ABSOLUTE,
    HARDWARE,
    choice,
    choices,
    either,
    flag,
    lists,
    mapping,
    names,
    one_of,
    optional,
    per_platform,
    quantity,
    seconds,
    section_of,
    size,
    text,
    words,
)
from ggfleet.spec.section import Section
from ggfleet.spec.tables.patterns import GROUP, GROUP_NAME, PREFIX, USER, normal_name
from ggfleet.spec.tables.runtime import RunAs
from ggfleet.spec.units import RATE

VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"


class Owner(Table):
    """The Linux group that unpacked files belong to when a function has no container."""

    group = text("Name or number of the group.", pattern=GROUP, like=RESOURCE_OWNER)
    permission = choice("What the group may do.", Access, Access.READ)


Owned = tuple[str, Access]


def _owner() -> Key[Owned]:
    """`ggc_ml`, or `{group: ggc_ml, permission: rw}`."""
    short = text(
        "Linux group, by name or number, that reads the files without a container.",
        pattern=GROUP,
        like=RESOURCE_OWNER,
        default=RESOURCE_OWNER,
    )
    return either(
        short.mapped(lambda group: (group, Access.READ)),
        section_of(short.about, Owner).mapped(_owned),
    )


def _owned(section: Section | None) -> Owned:
    assert section is not None  # the long form is read only where there is a mapping
    return Owner.group.read(section), Owner.permission.read(section)


def _form(word: str) -> Form:
    """A value that was none was told already: it stands for the default."""
    return Form(word) if word in set(Form) else Form.ZIP


def _updates(like: str) -> Key[float | None]:
    """`2 per year`, or nothing."""
    about = "How often it changes, for `ggfleet advise` alone; assumed when nothing is said."
    return optional(quantity(about, replace(RATE, like=like), 0.0))


Attached = tuple[tuple[str, ...], dict[str, Access]]


def _attached(about: str, like: str) -> Key[Attached]:
    """`[digits]`, or `{digits: rw}`."""
    short: Key[Attached] = names(about, like).mapped(lambda found: (found, {}))
    long = choices(about, Access, {like: "rw"}).mapped(lambda found: (tuple(found), found))
    return either(short, long)


LAYER = rf"(?!{REST}$)[a-z][a-z0-9-]{{0,31}}"
PACKAGES = r"[A-Za-z0-9*]([A-Za-z0-9._*-]*[A-Za-z0-9*])?"
"""A package's name (PEP 508), or a pattern of some."""


def _layers() -> Key[tuple[Layer, ...]]:
    """`auto`, or `{heavy: [tensorflow], numeric: [numpy, scipy]}`."""
    about = (
        "Several archives in place of one, so that a device fetches only those that change: by the "
        "size of packages, or by their names, with the others in a last one, `rest`. For "
        "`ml-resource` alone."
    )
    like = {"heavy": ["tensorflow"], "numeric": ["numpy", "h5py"]}
    short: Key[tuple[Layer, ...]] = one_of(about, (AUTO,)).mapped(lambda _: BY_SIZE)
    long = lists(about, "packages", LAYER, PACKAGES, like, least=1).mapped(_named_layers)
    return either(short, long).optional(())


def _named_layers(found: dict[str, tuple[str, ...]]) -> tuple[Layer, ...]:
    named = (Layer(name, tuple(map(normal_name, packages))) for name, packages in found.items())
    return (*named, Layer(REST))


AS_RESOURCE = ("destination", "layout", "archive", "compression", "layers")
"""What only libraries with `install: ml-resource` have."""


class Library(Table):
    """ML libraries that travel together: they change rarely and weigh much."""

    requirements = per_platform(
        text("A requirements file.", like="lambda/requirements/tensorflow.txt")
    )
    install = choice(
        "How they reach a device: with the deployment, by the playbooks, or in the package.",
        Install,
    )
    destination = text(
        "Where functions find them; for `ml-resource` alone, and required there.",
        pattern=ABSOLUTE,
        like="/mllibs",
        default="",
    )
    owner = _owner()
    layout = optional(
        choice(
            "How a V2 device gets at the files; by their size when nothing is said. For "
            "`ml-resource` alone.",
            Layout,
        )
    )
    archive = one_of(
        "What it is packed as; V2 unpacks no tar.gz by itself, so that the component does. For "
        "`ml-resource` alone.",
        (str(Form.ZIP), str(Form.TAR)),
        str(Form.ZIP),
    ).mapped(_form)
    compression = choice(
        "How an image is compressed: gzip, which every kernel with squashfs reads; zstd, smaller "
        "and faster; xz, the smallest and slowest. For `layout: image` alone.",
        Compression,
        Compression.GZIP,
    )
    layers = _layers()
    updates = _updates("2 per year")
    conditions = (
        {
            "if": {"properties": {"install": {"const": "ml-resource"}}},
            "then": {"required": ["destination"]},
            "else": {"not": {"anyOf": [{"required": [key]} for key in AS_RESOURCE]}},
        },
        {
            "if": {"required": ["compression"]},
            "then": {"properties": {"layout": {"const": "image"}}, "required": ["layout"]},
        },
    )


class Model(Table):
    """A trained model: it changes often."""

    source = per_platform(
        text(
            "A file, folder, `s3://` URI of an archive, or the ARN of a SageMaker training job.",
            like="build/models/digits",
        )
    )
    version = text("The model's own version.", pattern=r"\d+\.\d+\.\d+([-+].+)?", like="1.2.0")
    destination = text("Where functions find it.", pattern=ABSOLUTE, like="/models/digits")
    owner = _owner()
    updates = _updates("1 per month")


class Components(Table):
    """What V2 components are called, and the adapter that runs a function as one."""

    prefix = text(
        "Goes before the names of components.", pattern=PREFIX, like="com.example", default=""
    )
    publisher = text("Who publishes them.", like="Example Ltd", default="")
    adapter = words(
        "Folders of an adapter of one's own, with `component_runtime.py`; ggfleet's own when "
        "nothing is said.",
        "adapter",
    ).optional(())
    adapter_requirements = text(
        "The requirements file of what the adapter imports; ggfleet's own when nothing is said.",
        like="adapter/requirements.txt",
        default="",
    )
    user = text(
        "Linux user, or user and group, of components on V2; the nucleus's own when nothing is "
        "said.",
        pattern=USER,
        like="gg_component:gg_component",
        default="",
    )


class Resource(Table):
    """Something on the device that functions may use: a device, a volume or a secret."""

    device = per_platform(
        words(
            "A device node, several, or what the platform's preset or `hardware` names: `camera`.",
            "/dev/video0",
            rf"/dev/.+|{HARDWARE}",
        )
    ).optional(((), {}))
    volume = per_platform(
        text("A folder of the device.", pattern=ABSOLUTE, like="/srv/frames")
    ).optional(("", {}))
    destination = text(
        "Where functions see the volume.", pattern=ABSOLUTE, like="/frames", default=""
    )
    secret = text(
        "The ARN of a Secrets Manager secret.",
        pattern=r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+",
        like="arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-broker-AbCdEf",
        default="",
    )
    owner = text(
        "Linux group, by name, that functions join to use a device or volume; else its own group.",
        pattern=GROUP_NAME,
        like="video",
        default="",
    )
    staging_labels = names(
        "Versions of the secret that a core fetches beside AWSCURRENT.", "AWSPREVIOUS"
    )
    one_of = ("device", "volume", "secret")
    needs = MappingProxyType({"staging_labels": "secret"})
    conditions = (
        {
            "if": {"required": ["volume"]},
            "then": {"required": ["destination"]},
            "else": {"not": {"required": ["destination"]}},
        },
        {"if": {"required": ["secret"]}, "then": {"not": {"required": ["owner"]}}},
    )


class Function(Table):
    """A Lambda function: it changes sometimes, a few KB."""

    source = words("Folders whose contents are laid into one package.", "lambda/digits_edge")
    handler = text(
        "What is called for each message; a native executable has none.",
        pattern=r"[A-Za-z_][\w/]*(\.[A-Za-z_]\w*)+",
        like="digits.function_handler",
        hint="(module.function)",
        default="",
    )
    executable = text(
        "A native executable in the package, instead of a handler.",
        pattern=r"[\w.-]+",
        like="classify",
        default="",
    )
    exec_args = text("Arguments for the function, in one text.", like="--verbose", default="")
    encoding = optional(
        choice("What the function gets: `json`, or bytes; native ones take bytes.", Encoding)
    )
    runtime = text(
        "The runtime that the core uses instead of the platform's Python.",
        pattern=r"python[23]\.\d+|nodejs\d+\.x|java\d+",
        like="python3.8",
        default="",
    )
    pinned = flag("Starts with the core and stays; else starts with a message.", default=False)
    memory = size(
        "Limit in a container, where V1 wants one; without a container it is not enforced."
    )
    timeout = seconds("For one message.", DEFAULT_TIMEOUT)
    isolation = optional(
        choice("A Greengrass container (when nothing is said), or a plain process.", Isolation)
    )
    run_as = section_of("Linux user and group that it runs as.", RunAs)
    access_sysfs = flag("Whether a container sees the device's /sys.", default=False)
    libraries = _attached(
        "Libraries of the fleet; `rw`: a container may change them.", "tensorflow"
    )
    models = _attached("Models of the fleet; `rw`: a container may change them.", "digits")
    resources = choices(
        "Resources of the fleet, and what may be done with them.",
        Access,
        {"camera": "rw", "frames": "ro"},
    )
    environment = mapping("Environment variables.", {"CONFIDENCE": "0.8"}, VARIABLE)
    credentials = flag(
        "Whether the code calls AWS, which a V2 component must ask for.", default=False
    )
    updates = _updates("6 per year")
    conditions = (
        {"oneOf": [{"required": ["handler"]}, {"required": ["executable"]}]},
        {
            "if": {"required": ["executable"]},
            "then": {"properties": {"encoding": {"const": "binary"}}},
        },
    )
