"""What a fleet carries: libraries, models, resources and functions."""

from __future__ import annotations

from ggfleet.model import RESOURCE_OWNER, Access, Install, Isolation
from ggfleet.spec.keys import (
    Table,
    choice,
    choices,
    flag,
    mapping,
    names,
    seconds,
    size,
    text,
    words,
)
from ggfleet.spec.tables.patterns import ABSOLUTE, GROUP

DEFAULT_TIMEOUT = 3
"""Seconds; what Greengrass V1 takes when nothing is said."""

VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"


class Library(Table):
    """ML libraries that travel together: they change rarely and weigh much."""

    requirements = text("A requirements file.", like="lambda/requirements/tensorflow.txt")
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
    owner = text(
        "Linux group, by name or number, that reads them without a container.",
        pattern=GROUP,
        like=RESOURCE_OWNER,
        default=RESOURCE_OWNER,
    )
    conditions = (
        {
            "if": {"properties": {"install": {"const": "ml-resource"}}},
            "then": {"required": ["destination"]},
            "else": {"not": {"required": ["destination"]}},
        },
    )


class Model(Table):
    """A trained model: it changes often."""

    source = text(
        "A file, a folder, an `s3://` URI of an archive, or the ARN of a SageMaker training job.",
        like="models/digits",
    )
    version = text("The model's own version.", pattern=r"\d+\.\d+\.\d+([-+].+)?", like="1.2.0")
    destination = text("Where functions find it.", pattern=ABSOLUTE, like="/models/digits")
    owner = text(
        "Linux group, by name or number, that reads it without a container.",
        pattern=GROUP,
        like=RESOURCE_OWNER,
        default=RESOURCE_OWNER,
    )


class Resource(Table):
    """Something on the device that functions may use: a device, a volume or a secret."""

    device = text("A device node.", pattern=r"/dev/.+", like="/dev/video0", default="")
    volume = text("A folder of the device.", pattern=ABSOLUTE, like="/srv/frames", default="")
    destination = text(
        "Where functions see the volume.", pattern=ABSOLUTE, like="/frames", default=""
    )
    secret = text(
        "The ARN of a Secrets Manager secret.",
        pattern=r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+",
        like="arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-broker-AbCdEf",
        default="",
    )
    one_of = ("device", "volume", "secret")
    conditions = (
        {
            "if": {"required": ["volume"]},
            "then": {"required": ["destination"]},
            "else": {"not": {"required": ["destination"]}},
        },
    )


class Function(Table):
    """A Lambda function: it changes sometimes, a few KB."""

    source = words("Folders whose contents are laid into one package.", "lambda/digits")
    handler = text(
        "What is called for each message.",
        pattern=r"[A-Za-z_][\w/]*(\.[A-Za-z_]\w*)+",
        like="digits.function_handler",
        hint="(module.function)",
    )
    pinned = flag("Starts with the core and stays; else starts with a message.", default=False)
    memory = size(
        "Limit in a container, where V1 wants one; without a container it is not enforced."
    )
    timeout = seconds("For one message.", DEFAULT_TIMEOUT)
    isolation = choice(
        "A Greengrass container, or a plain process.", Isolation, Isolation.CONTAINER
    )
    libraries = names("Libraries of the fleet.", "tensorflow")
    models = names("Models of the fleet.", "digits")
    resources = choices(
        "Resources of the fleet, and what may be done with them.",
        Access,
        {"camera": "rw", "frames": "ro"},
    )
    environment = mapping("Environment variables.", {"CONFIDENCE": "0.8"}, VARIABLE)
