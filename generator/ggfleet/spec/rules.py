"""Relations between the parts of a fleet. One rule, one function; none does I/O.

A rule yields findings as (path, message, fix). `ggfleet.spec.load` gives them their place, and
leaves out those that touch a value which could not be read in the first place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from pathlib import PurePosixPath

from ggfleet.model import (
    CLOUD,
    Fleet,
    Function,
    Install,
    Library,
    LocalDevice,
    LocalVolume,
    Model,
    Severity,
)
from ggfleet.spec.problems import suggestion
from ggfleet.spec.topics import topic_faults

MAX_LAMBDA_NAME = 64

Finding = tuple[str, str, str]
Rule = Callable[[Fleet], Iterator[Finding]]

_ERRORS: list[Rule] = []
_WARNINGS: list[Rule] = []


def findings(fleet: Fleet) -> Iterator[tuple[Severity, Finding]]:
    """What every rule finds."""
    for severity, rules in ((Severity.ERROR, _ERRORS), (Severity.WARNING, _WARNINGS)):
        for rule in rules:
            for finding in rule(fleet):
                yield severity, finding


def _error(rule: Rule) -> Rule:
    _ERRORS.append(rule)
    return rule


def _warning(rule: Rule) -> Rule:
    _WARNINGS.append(rule)
    return rule


@_error
def names_are_defined(fleet: Fleet) -> Iterator[Finding]:
    """What a function names must be in the fleet."""
    for function in fleet.functions.values():
        yield from _undefined(function, "libraries", function.libraries, fleet.libraries)
        yield from _undefined(function, "models", function.models, fleet.models)
        for name in function.resources:
            if name not in fleet.resources:
                at = f"functions.{function.name}.resources.{name}"
                yield at, "is no resource of the fleet", suggestion(name, fleet.resources)


def _undefined(
    function: Function, key: str, names: tuple[str, ...], known: Mapping[str, object]
) -> Iterator[Finding]:
    for name in names:
        if name not in known:
            at = f"functions.{function.name}.{key}"
            yield at, f"names {name}, which is not defined", suggestion(name, known)
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"functions.{function.name}.{key}", f"names {name} twice", "name it once"


@_error
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


@_error
def remote_models_are_archives(fleet: Fleet) -> Iterator[Finding]:
    """V1 takes an archive in S3 by its ending, or the ARN of a training job."""
    for name, model in fleet.models.items():
        if model.source.startswith("s3://") and not model.source.endswith((".zip", ".tar.gz")):
            fix = "name an archive that ends in .zip or .tar.gz"
            yield f"models.{name}.source", "is no archive that a core unpacks", fix
        if model.source.startswith("arn:") and ":training-job/" not in model.source:
            fix = "write arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME, or an s3:// URI"
            yield f"models.{name}.source", "is no SageMaker training job", fix


@_error
def loggers_differ(fleet: Fleet) -> Iterator[Finding]:
    """A component has one logger of each kind."""
    seen: dict[tuple[str, str], int] = {}
    for index, logger in enumerate(fleet.loggers):
        first = seen.setdefault((logger.component, logger.to), index)
        if first != index:
            message = f"logs {logger.component} to {logger.to}, as loggers[{first}] does"
            yield f"loggers[{index}]", message, "remove one of them"


@_error
def subscription_ends_are_known(fleet: Fleet) -> Iterator[Finding]:
    """A message goes from a function or the cloud to another of them."""
    ends = [CLOUD, *fleet.functions]
    for index, subscription in enumerate(fleet.subscriptions):
        at = f"subscriptions[{index}]"
        for key, end in (("from", subscription.source), ("to", subscription.target)):
            if end and end not in ends:
                yield f"{at}.{key}", f"{end} is neither cloud nor a function", suggestion(end, ends)
        if subscription.source == subscription.target == CLOUD:
            yield at, "goes from the cloud to the cloud", "let one end be a function"


@_error
def topics_are_filters(fleet: Fleet) -> Iterator[Finding]:
    """What the service refuses in a subject."""
    for index, subscription in enumerate(fleet.subscriptions):
        for message, fix in topic_faults(subscription.topic):
            yield f"subscriptions[{index}].topic", message, fix


@_error
def subscriptions_differ(fleet: Fleet) -> Iterator[Finding]:
    """The same subscription twice would have one id twice."""
    seen: dict[object, int] = {}
    for index, subscription in enumerate(fleet.subscriptions):
        first = seen.setdefault(subscription, index)
        if first != index:
            yield f"subscriptions[{index}]", f"repeats subscriptions[{first}]", "remove one of them"


@_error
def containers_have_memory(fleet: Fleet) -> Iterator[Finding]:
    """The V1 API refuses a containerised function without MemorySize."""
    for function in fleet.functions.values():
        if function.contained and not function.memory:
            yield (
                f"functions.{function.name}.memory",
                "is missing: V1 refuses a containerised function without a memory limit",
                "add memory: 256 MiB (function and libraries together), or isolation: none",
            )


@_warning
def memory_needs_a_container(fleet: Fleet) -> Iterator[Finding]:
    """The V1 API refuses MemorySize without a container, so the group leaves it out."""
    for function in fleet.functions.values():
        if function.memory and not function.contained:
            yield (
                f"functions.{function.name}.memory",
                "is not enforced without a container; the V1 group leaves it out",
                "remove it, or write isolation: container",
            )


@_error
def local_resources_need_a_container(fleet: Fleet) -> Iterator[Finding]:
    """V1 attaches devices and volumes to containers only."""
    for function in fleet.functions.values():
        for name in function.resources:
            resource = fleet.resources.get(name)
            if isinstance(resource, LocalDevice | LocalVolume) and not function.contained:
                yield (
                    f"functions.{function.name}.resources.{name}",
                    "is a device or volume, and the function has isolation: none, which V1 refuses",
                    "remove it (the process sees the host's files), or write isolation: container",
                )


@_error
def destinations_are_plain(fleet: Fleet) -> Iterator[Finding]:
    """A destination with `..` or doubled slashes is not the path it seems to be."""
    for at, resource in _ml_resources(fleet):
        path = resource.destination
        if path != str(PurePosixPath(path)) or ".." in PurePosixPath(path).parts or path == "/":
            yield (
                f"{at}.destination",
                f"{path} is not a plain absolute path",
                "write it like /models/digits",
            )


@_error
def destinations_do_not_nest(fleet: Fleet) -> Iterator[Finding]:
    """Two ML resources of one function may not lie at or below the same destination."""
    reported = set()
    for function in fleet.functions.values():
        attached = [(at, r) for at, r in _ml_resources(fleet) if r in _attached(fleet, function)]
        for (_, first), (at, second) in combinations(attached, 2):
            if _nested(first.destination, second.destination) and (first, second) not in reported:
                reported.add((first, second))
                yield (
                    f"{at}.destination",
                    f"{second.destination} and {first.destination} of {first.name} nest, "
                    f"and {function.name} has both",
                    "give each a folder of its own",
                )


@_error
def owner_groups_are_shared_wholly(fleet: Fleet) -> Iterator[Finding]:
    """V1: who has one ML resource of an owner group must have all of that group."""
    owned = [r for _, r in _ml_resources(fleet) if not all(f.contained for f in fleet.users_of(r))]
    for function in fleet.functions.values():
        attached = _attached(fleet, function)
        for resource in (r for r in owned if r in attached):
            missing = [r.name for r in owned if r.owner == resource.owner and r not in attached]
            if missing:
                key = "libraries" if isinstance(resource, Library) else "models"
                yield (
                    f"functions.{function.name}.{key}",
                    f"has {resource.name} of the owner group {resource.owner}, but not "
                    f"{', '.join(missing)} of the same group, which V1 refuses",
                    "attach them too, or give them another `owner`",
                )
                break


@_warning
def parts_are_used(fleet: Fleet) -> Iterator[Finding]:
    """A library or model that no function has reaches no device."""
    for kind, parts in (("libraries", fleet.libraries), ("models", fleet.models)):
        for name, part in parts.items():
            if not fleet.users_of(part):
                yield f"{kind}.{name}", "is used by no function", "attach it or remove it"


def _ml_resources(fleet: Fleet) -> Iterator[tuple[str, Library | Model]]:
    for name, library in fleet.libraries.items():
        if library.install is Install.ML_RESOURCE and library.destination:
            yield f"libraries.{name}", library
    for name, model in fleet.models.items():
        if model.destination:
            yield f"models.{name}", model


def _attached(fleet: Fleet, function: Function) -> list[Library | Model]:
    return [
        *(fleet.libraries[name] for name in function.libraries if name in fleet.libraries),
        *(fleet.models[name] for name in function.models if name in fleet.models),
    ]


def _nested(one: str, other: str) -> bool:
    short, long = sorted((PurePosixPath(one).parts, PurePosixPath(other).parts), key=len)
    return long[: len(short)] == short
