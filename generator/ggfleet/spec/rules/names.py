"""Names: those that are referred to, those that nothing refers to, and those that are too long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ggfleet.model import ANY_PLATFORM, CLOUD, SHADOW, Connector, Fleet, Function, Install, Severity
from ggfleet.spec.problems import suggestion
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.registry import V1, Finding, rule

MAX_LAMBDA_NAME = 64
"""Characters of a Lambda function's name."""


@rule(
    "name-undefined",
    Severity.ERROR,
    reason="A function or connector gets exactly the libraries, models and resources that it "
    "names; a name that nothing has cannot be attached.",
    source=pages.OWN,
    fix="Correct the name, or define what it stands for.",
    example="functions:\n  classify: {libraries: [numpi]}\n",
    firm=True,
)
def names_are_defined(fleet: Fleet) -> Iterator[Finding]:
    """What a function or connector names must be in the fleet."""
    for function in fleet.functions.values():
        yield from _undefined(function, "libraries", fleet.libraries)
        yield from _undefined(function, "models", fleet.models)
        for name in function.resources:
            if name not in fleet.resources:
                at = f"functions.{function.name}.resources.{name}"
                yield at, "is no resource of the fleet", suggestion(name, fleet.resources)
    for connector in fleet.connectors.values():
        yield from _connector_names(fleet, connector)


def _connector_names(fleet: Fleet, connector: Connector) -> Iterator[Finding]:
    """A connector takes the id of a resource: of a library only where it is one."""
    libraries = [n for n, x in fleet.libraries.items() if x.install is Install.ML_RESOURCE]
    known = [*fleet.resources, *fleet.models, *libraries]
    for parameter, name in connector.resources.items():
        if name not in known:
            at = f"connectors.{connector.name}.resources.{parameter}"
            message = f"names {name}, which is no resource, model or ml-resource library"
            yield at, message, suggestion(name, known)


def _undefined(function: Function, key: str, known: Mapping[str, object]) -> Iterator[Finding]:
    """Of libraries or models; one that is written with its access has a line of its own."""
    names, access = function.libraries, function.library_access
    if key == "models":
        names, access = function.models, function.model_access
    for name in names:
        if name not in known:
            at = f"functions.{function.name}.{key}"
            at = f"{at}.{name}" if name in access else at
            yield at, f"names {name}, which is not defined", suggestion(name, known)


@rule(
    "name-ambiguous",
    Severity.ERROR,
    V1,
    reason="Libraries, models and resources have names of their own kinds, so that one name may "
    "stand for two of them; a connector's parameter is the id of one.",
    source=f"{pages.API_V1} (Connector); {pages.OWN}",
    fix="Give one of them another name.",
    example="models:\n  serial: {source: digits, version: 1.0.0, destination: /models}\n"
    "resources:\n  serial: {device: /dev/ttyS0}\n"
    "connectors:\n  port: {connector: SerialStream, version: 3, resources: {Port: serial}}\n",
    firm=True,
)
def connectors_name_one_part(fleet: Fleet) -> Iterator[Finding]:
    """What a connector names is one part of the fleet."""
    libraries = {n for n, x in fleet.libraries.items() if x.install is Install.ML_RESOURCE}
    known = {"resource": fleet.resources, "model": fleet.models, "library": libraries}
    for connector in fleet.connectors.values():
        for parameter, name in connector.resources.items():
            kinds = [f"a {kind}" for kind, names in known.items() if name in names]
            if len(kinds) > 1:
                at = f"connectors.{connector.name}.resources.{parameter}"
                message = f"names {name}, which is {' and '.join(kinds)}"
                yield at, message, "give one of them another name"


@rule(
    "name-several",
    Severity.ERROR,
    V1,
    reason="A device that is several nodes and folders on a platform is several resources there, "
    "and none where the platform lacks it; a connector's parameter is the id of one.",
    source=f"{pages.API_V1} (Connector); {pages.OWN}",
    fix="Define a resource of one device node, and name that.",
    example="resources:\n  serial: {device: [/dev/ttyS0, /dev/ttyS1]}\n"
    "connectors:\n  port: {connector: SerialStream, version: 3, resources: {Port: serial}}\n",
    firm=True,
)
def connectors_name_one_node(fleet: Fleet) -> Iterator[Finding]:
    """What a connector names is one resource on each platform."""
    for connector in fleet.connectors.values():
        for parameter, name in connector.resources.items():
            for platform in fleet.used_platforms() if name in fleet.resources else ():
                count = len(fleet.resources[name].on(platform.name))
                if count != 1:
                    at = f"connectors.{connector.name}.resources.{parameter}"
                    message = f"names {name}, which is {count} resources on {platform.name}"
                    yield at, message, "define one of a single device node, and name that"


@rule(
    "name-reserved",
    Severity.ERROR,
    reason="`cloud` and `shadow` are ends of subscriptions, `any` is the platform of archives "
    "without native code, `other` stands for the platforms that are not named.",
    source=pages.OWN,
    fix="Take another name.",
    example="functions:\n  cloud: {source: code, handler: function.handler, memory: 64 MiB}\n",
    firm=True,
)
def names_are_free(fleet: Fleet) -> Iterator[Finding]:
    """What a fleet defines has none of the words that mean something else."""
    ends = {CLOUD, SHADOW}
    for kind, parts, reserved in (
        ("functions", fleet.functions, ends),
        ("connectors", fleet.connectors, ends),
        ("client_devices", fleet.client_devices, ends),
        ("platforms", fleet.platforms, {ANY_PLATFORM, "other"}),
    ):
        for name in parts:
            if name in reserved:
                yield f"{kind}.{name}", f"{name} means something else", "take another name"


@rule(
    "name-repeated",
    Severity.ERROR,
    reason="A resource is attached to a function once; a second entry would have the same id.",
    source=pages.API_V1,
    fix="Name it once.",
    example="libraries:\n  numpy: {requirements: libraries.txt, install: in-function}\n"
    "functions:\n  classify: {libraries: [numpy, numpy]}\n",
    firm=True,
)
def names_are_given_once(fleet: Fleet) -> Iterator[Finding]:
    """A function names each of its libraries and models once."""
    for function in fleet.functions.values():
        for key, names in (("libraries", function.libraries), ("models", function.models)):
            for name in sorted({name for name in names if names.count(name) > 1}):
                yield f"functions.{function.name}.{key}", f"names {name} twice", "name it once"


@rule(
    "name-lambda-length",
    Severity.ERROR,
    reason="A function is in the Lambda service as <fleet>-<function>, and a name there has 64 "
    "characters at most.",
    source=pages.LAMBDA,
    fix="Shorten the name of the function or of the fleet.",
    example="fleet: " + "line-" * 10 + "one\nfunctions:\n  look-at-the-line: "
    "{source: code, handler: function.handler, memory: 64 MiB}\n",
    firm=True,
)
def lambda_names_fit(fleet: Fleet) -> Iterator[Finding]:
    """Lambda's limit for a function's name, which is made of the fleet's and the function's."""
    for name in fleet.functions:
        length = len(f"{fleet.name}-{name}")
        if length > MAX_LAMBDA_NAME:
            yield (
                f"functions.{name}",
                f"makes the Lambda name {fleet.name}-{name}, {length} characters of at most "
                f"{MAX_LAMBDA_NAME}",
                "shorten this name or the fleet's",
            )


@rule(
    "name-unused",
    Severity.WARNING,
    reason="Only what a function or connector has attached reaches a device; the rest is left out.",
    source=pages.OWN,
    fix="Attach it to a function, or remove it.",
    example="libraries:\n  numpy: {requirements: libraries.txt, install: in-function}\n",
)
def parts_are_used(fleet: Fleet) -> Iterator[Finding]:
    """A library, model or resource that no function or connector has reaches no device."""
    message, fix = "is used by no function and no connector", "attach it or remove it"
    for kind, parts in (("libraries", fleet.libraries), ("models", fleet.models)):
        for name, part in parts.items():
            if not fleet.is_used(part):
                yield f"{kind}.{name}", message, fix
    used = fleet.used_resources()
    for name in (each for each in fleet.resources if each not in used):
        yield f"resources.{name}", message, fix
