"""Components: what a fleet's parts become on V2, and whether they can work there.

A fleet wants V2 where its spec has `components:`; these rules are silent where it has not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise

from ggfleet.model import Fleet, Function, Library, LocalVolume, Model, Severity, limits
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.nuclei import on_classic
from ggfleet.spec.rules.parts import version
from ggfleet.spec.rules.registry import CLASSIC, V2, Finding, rule

WANTED = "components: {prefix: com.example}\n"
_MODEL = (
    "components: {{prefix: com.example}}\n"
    "models:\n  digits: {{source: {}, version: 1.2.0, destination: /models}}\n"
    "functions:\n  classify: {{models: [digits]}}\n"
)
ADAPTER_PYTHON = (3, 8)
FILE = re.compile(r"[A-Za-z0-9._+@=-]+")
"""A file name that means the same in a script, a URI and a folder's name."""


def _many(count: int) -> str:
    one = "{source: code, handler: function.handler, isolation: none}"
    return f"{WANTED}functions:\n" + "".join(f"  classify-{n}: {one}\n" for n in range(count))


def _topic(topic: str) -> str:
    return f'{WANTED}subscriptions:\n  - {{from: cloud, topic: "{topic}", to: classify}}\n'


@rule(
    "component-language",
    Severity.WARNING,
    V2,
    reason="The adapter that runs functions as components is Python's. A native Lambda cannot run "
    "on V2 at all, and one for Java or Node.js only as a Lambda component of the classic nucleus: "
    "the targets recipes-v2 and deployment-v2 refuse the fleet.",
    source=f"{pages.MIGRATION}; {pages.OWN}",
    fix="Rebuild it in Python, or render V2 from a spec without it and write a component by hand.",
    example=f"{WANTED}functions: {{native: {{source: code, executable: function.py, "
    "memory: 64 MiB}}\n",
)
def functions_are_in_python(fleet: Fleet) -> Iterator[Finding]:
    """What runs as a component is written in Python."""
    for function in _functions(fleet):
        if not function.in_python:
            key = "executable" if function.executable else "runtime"
            yield (
                f"functions.{function.name}.{key}",
                f"is {function.executable or function.runtime}, and the adapter of V2 runs Python",
                "rebuild it in Python, or render V2 from a spec without it",
            )


@rule(
    "component-python",
    Severity.WARNING,
    V2,
    reason="The adapter that runs functions as components, and the IPC client that it imports "
    "(awsiotsdk), are for Python 3.8 and later: nothing is found for an earlier one when they are "
    "bundled.",
    source=f"Requires-Python of awsiotsdk 1.31.0; {pages.OWN}",
    fix="Install a later Python on the device and write its version for the platform, or name an "
    "adapter of your own.",
    example=f'{WANTED}platforms: {{pi: {{python: "3.6"}}}}\n',
)
def platforms_run_the_adapter(fleet: Fleet) -> Iterator[Finding]:
    """A platform's Python runs the adapter of V2."""
    if _functions(fleet) and not fleet.components.adapter:
        for platform in fleet.used_platforms():
            if (0, 0) < version(platform.python) < ADAPTER_PYTHON:
                yield (
                    f"platforms.{platform.name}.python",
                    f"is {platform.python}, and the adapter of V2 needs 3.8",
                    "install a later Python there, or name an adapter of your own",
                )


@rule(
    "component-count",
    Severity.ERROR,
    V2,
    reason="An account has at most 5,000 components in a Region. Each function, and each library "
    "and model in use, becomes at least one.",
    source=pages.QUOTAS,
    fix="Join functions, or divide the fleet among Regions or accounts.",
    example=partial(_many, limits.COMPONENTS),
)
def components_fit_a_region(fleet: Fleet) -> Iterator[Finding]:
    """A Region has at most 5,000 components."""
    fleet = fleet.in_layers
    parts: list[Library | Model] = [*fleet.libraries.values(), *fleet.models.values()]
    count = len(fleet.functions) + sum(fleet.is_used(each) for each in parts)
    if fleet.components.wanted and count > limits.COMPONENTS:
        message = f"make {count} components with libraries and models, and a Region takes "
        yield "functions", message + str(limits.COMPONENTS), "join functions, or divide the fleet"


@rule(
    "component-model-file",
    Severity.WARNING,
    V2,
    reason="The last part of a model's key is a file on the device, named in scripts of its "
    "component. A quote or $ there means something else to the shell, a { to nucleus lite, and a "
    "blank is no part of a URI.",
    source=f"{pages.RECIPES} (lifecycle scripts); {pages.LITE_RECIPES}",
    fix="Copy it to a key whose last part has letters, digits and . _ - + @ = only.",
    example=_MODEL.format('"s3://line-greengrass/1.2.0/my digits.zip"'),
)
def model_files_suit_scripts(fleet: Fleet) -> Iterator[Finding]:
    """The file of a model in S3 has a plain name."""
    for path, source in _remote_models(fleet):
        name = source.rpartition("/")[2]
        if not FILE.fullmatch(name):
            message = f"ends in {name!r}, which scripts and URIs do not take as it is"
            yield path, message, "use letters, digits and . _ - + @ = in the file's name"


@rule(
    "component-model-key",
    Severity.NOTE,
    V2,
    reason="The service digests an artifact when its component is published. An object that is "
    "overwritten later fails deployments with a wrong checksum, so a new version wants a new key.",
    source=f"{pages.TROUBLESHOOTING_V2} (artifact checksum)",
    fix="Put the version into the key: s3://BUCKET/digits/1.2.0/digits.zip.",
    example=_MODEL.format("s3://line-greengrass/digits.zip"),
)
def model_keys_tell_versions(fleet: Fleet) -> Iterator[Finding]:
    """The key of a model in S3 moves with its version."""
    for model in fleet.models.values() if fleet.components.wanted else ():
        for each in model.each():
            if each.source.startswith("s3://") and model.version not in each.source:
                yield (
                    f"models.{model.name}.source",
                    f"does not say its version {model.version}: overwritten later, it would fail "
                    "deployments",
                    "put the version into the key",
                )


@rule(
    "component-topic",
    Severity.WARNING,
    V2,
    reason="In the resources of an access policy * stands for anything, ? is not allowed by itself "
    "and ${ begins an escape. Nucleus lite fails the whole deployment for the last two; * gives "
    "the function more topics than were meant.",
    source=f"{pages.IPC}; {pages.LITE_RECIPES}",
    fix="Use other letters in the topic; + and # are its wildcards.",
    example=_topic("digits/*/request"),
)
def topics_suit_policies(fleet: Fleet) -> Iterator[Finding]:
    """A topic has no letter that means something else in an access policy."""
    for index, each in enumerate(fleet.subscriptions):
        if fleet.components.wanted and (found := re.search(r"\*|\?|\$\{", each.topic)):
            yield (
                f"subscriptions[{index}].topic",
                f"has {found[0]}, which means something else in an access policy of V2",
                "use other letters; + and # are the wildcards of topics",
            )


@rule(
    "component-topic-variable",
    Severity.WARNING,
    V2,
    reason="Configuration holds no recipe variables: nucleus lite never replaces them there, and "
    "classic only with interpolateComponentConfiguration. The function would subscribe to a topic "
    "with braces in it.",
    source=f"{pages.RECIPES} (recipe variables); {pages.LITE_RECIPES}",
    fix="Use + where the thing's name stands, or let the function make the topic from "
    "AWS_IOT_THING_NAME.",
    example=_topic("plant/{iot:thingName}/request"),
)
def topics_have_no_variables(fleet: Fleet) -> Iterator[Finding]:
    """A topic has no recipe variables."""
    for index, each in enumerate(fleet.subscriptions):
        if fleet.components.wanted and re.search(r"\{[^{}]*:[^{}]*\}", each.topic):
            yield (
                f"subscriptions[{index}].topic",
                "has a recipe variable, which is not replaced in configuration",
                "use + there",
            )


@rule(
    "component-case",
    Severity.WARNING,
    CLASSIC,
    reason="A function's variables, and the destinations of its models and libraries, are keys of "
    "its component's configuration, and the classic nucleus takes keys that differ by case alone "
    "for one.",
    source=f"{pages.NUCLEUS} (keys are case-insensitive)",
    fix="Choose names that differ by more than case.",
    example=f"{WANTED}functions: {{classify: {{environment: {{Mode: fast, MODE: slow}}}}}}\n",
)
def keys_differ_by_more_than_case(fleet: Fleet) -> Iterator[Finding]:
    """Variables and destinations of a function differ by more than their case."""
    for function in _functions(fleet) if on_classic(fleet) else ():
        variables = dict.fromkeys(function.environment, f"functions.{function.name}.environment")
        for names in (variables, _destinations(fleet, function)):
            for one, other in pairwise(sorted(names, key=lambda name: (name.lower(), name))):
                if one.lower() == other.lower():
                    yield (
                        f"{names[other]}.{other}" if names is variables else names[other],
                        f"differs from {one} by case alone, which classic does not tell apart",
                        "choose another name",
                    )


def _functions(fleet: Fleet) -> list[Function]:
    return list(fleet.functions.values()) if fleet.components.wanted else []


def _remote_models(fleet: Fleet) -> Iterator[tuple[str, str]]:
    """Path and URI of what is in S3 already."""
    for model in fleet.models.values() if fleet.components.wanted else ():
        for each in model.each():
            if each.source.startswith("s3://"):
                yield f"models.{model.name}.source", each.source


def _destinations(fleet: Fleet, function: Function) -> Mapping[str, str]:
    """Destinations and the paths in the document of the parts that have them."""
    libraries = (fleet.libraries[name] for name in function.libraries if name in fleet.libraries)
    models = (fleet.models[name] for name in function.models if name in fleet.models)
    found = {each.destination: f"libraries.{each.name}.destination" for each in libraries}
    found |= {each.destination: f"models.{each.name}.destination" for each in models}
    for name in function.resources:
        if isinstance(volume := fleet.resources.get(name), LocalVolume):
            found[volume.destination] = f"resources.{name}.destination"
    found.pop("", None)
    return found
