"""V2 documents: what is known only when recipes and deployments are made."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ggfleet.model import Draft, DraftRecipe, Fleet, Json, Severity, limits
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.nuclei import LITE_SPEC, on_lite
from ggfleet.spec.rules.registry import LITE, Finding, of_documents
from ggfleet.system.files import to_json

UNIT_BESIDES = 600
"""Roughly what lite's unit holds beside its dependencies (our reading of its generator)."""

VARIABLE = re.compile(
    r"\{(artifacts:(path|decompressedPath)|work:path|kernel:rootPath|iot:thingName"
    r"|configuration:/[^{}:]*)\}"
)
"""The recipe variables that nucleus lite knows."""

V2_SPEC = "components: {prefix: com.example}\n"


def _asks(count: int, spec: str = V2_SPEC) -> str:
    """A function with so many topics."""
    topics = "".join(
        f"  - {{from: cloud, topic: plant/hall-1/line-{n}/digits/request, to: classify}}\n"
        for n in range(count)
    )
    return f"{spec}subscriptions:\n{topics}"


def _models(count: int) -> str:
    one = "{source: digits, version: 1.0.0, destination: /models/"
    models = "".join(f"  digits-{n}: {one}{n}}}\n" for n in range(count))
    names = ", ".join(f"digits-{n}" for n in range(count))
    return f"{LITE_SPEC}models:\n{models}functions:\n  classify: {{models: [{names}]}}\n"


@of_documents(
    "document-name",
    Severity.ERROR,
    reason="A component's name is made of components.prefix, the fleet's name, the kind and name "
    "of the part, and for some the platform's. Greengrass takes 128 characters.",
    source=f"{pages.RECIPES} (ComponentName); {pages.API_V2}",
    fix="Shorten components.prefix, or the names of the fleet and its part.",
    example=f"components: {{prefix: com.example.{'plant-' * 18}}}\n",
    firm=True,
)
def names_fit(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """A component's name has at most 128 characters."""
    for recipe in _published(draft):
        if len(recipe.name) > limits.COMPONENT_NAME:
            words = {
                recipe.part: recipe.part.partition(".")[2],
                "components.prefix": fleet.components.prefix,
                "fleet": fleet.name,
            }
            yield (
                max(words, key=lambda path: len(words[path])),
                f"makes the component's name {recipe.name} {len(recipe.name)} characters long, and "
                f"Greengrass takes {limits.COMPONENT_NAME}",
                "shorten components.prefix, or the names of the fleet and its part",
            )


@of_documents(
    "document-recipe",
    Severity.ERROR,
    reason="Greengrass takes recipes of 16 KB. Topics count twice, in the access policy and in "
    "what the adapter is told.",
    source=pages.QUOTAS,
    fix="Join topics with a wildcard, keep long values in files of the function, or divide it.",
    example=_asks(160),
    firm=True,
)
def recipes_fit(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """A recipe has at most 16 KB."""
    for recipe in _published(draft):
        size = _size(recipe.content)
        if size > limits.RECIPE:
            yield (
                _heaviest(fleet, recipe),
                f"makes the recipe of {recipe.part} {size} bytes long, and Greengrass takes "
                f"{limits.RECIPE}",
                "join topics with a wildcard, or keep long values in files of the function",
            )


@of_documents(
    "document-recipe-lite",
    Severity.ERROR,
    LITE,
    reason="Nucleus lite reads recipes of less than 8,196 bytes; a longer one was measured to fail "
    "the deployment.",
    source=pages.MEASURED,
    fix="Join topics with a wildcard, keep long values in files of the function, or divide it.",
    example=_asks(90, LITE_SPEC),
)
def recipes_fit_lite(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """A recipe for nucleus lite has less than 8 KB."""
    for recipe in _for_lite(fleet, draft):
        size = _size(recipe.content)
        if size >= limits.LITE_RECIPE and not recipe.local:
            yield _too_long_for_lite(fleet, recipe, size, "the recipe")


@of_documents(
    "document-local-lite",
    Severity.WARNING,
    LITE,
    reason="Recipes for local deployments are longer than those in the cloud, as components unpack "
    "their archives themselves there, and files have blanks. Nucleus lite reads less than 8,196 "
    "bytes of them.",
    source=pages.MEASURED,
    fix="Join topics with a wildcard, keep long values in files of the function, or divide it; or "
    "deploy through AWS.",
    example=_asks(50, LITE_SPEC),
)
def local_recipes_fit_lite(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """A local recipe for nucleus lite has less than 8 KB."""
    for recipe in _for_lite(fleet, draft):
        size = len(to_json(recipe.content))
        if size >= limits.LITE_RECIPE and recipe.local:
            yield _too_long_for_lite(fleet, recipe, size, "the local recipe")


@of_documents(
    "document-unit-lite",
    Severity.WARNING,
    LITE,
    reason="Nucleus lite makes a systemd unit of 2,048 bytes at most for a component, and names "
    "every dependency in it twice.",
    source=f"{pages.LITE_RECIPES} (an estimate of the unit's length)",
    fix="Put files that change together into one model or library.",
    example=_models(16),
)
def units_fit(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """A component for nucleus lite has few dependencies."""
    for recipe in _for_lite(fleet, draft):
        names: Any = recipe.content.get("ComponentDependencies", {})
        size = UNIT_BESIDES + sum(2 * len(f"BindsTo=ggl.{name}.service\n") for name in names)
        if size >= limits.LITE_UNIT and not recipe.local:
            yield (
                recipe.part,
                f"depends on {len(names)} components, and nucleus lite's unit for it would have "
                f"about {size} bytes of at most {limits.LITE_UNIT}",
                "put files that change together into one model or library",
            )


@of_documents(
    "document-brace",
    Severity.ERROR,
    LITE,
    reason="In scripts and Setenv of nucleus lite every { opens a recipe variable. One that it "
    "does not know cuts the script short, the rest is run, and the deployment is reported as "
    "SUCCEEDED.",
    source=f"{pages.LITE_RECIPES}; {pages.MEASURED}",
    fix="Take the brace out of the name or value that the script carries.",
    example=f'{LITE_SPEC}models:\n  digits: {{source: "s3://line-greengrass/{{digits}}.tar.gz", '
    "version: 1.0.0, destination: /models}\nfunctions:\n  classify: {models: [digits]}\n",
)
def scripts_have_no_braces(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """A brace in a script is a recipe variable to nucleus lite."""
    found: dict[str, str] = {}
    for recipe in _for_lite(fleet, draft):
        for text in _scripts(recipe):
            if brace := re.search(r"[^\s\"'=:/]*\{[^\s\"']*", VARIABLE.sub("", text)):
                found.setdefault(recipe.part, brace[0])
    for part, text in found.items():
        yield (
            part,
            f"brings {text} into a script, which nucleus lite takes for a recipe variable",
            "take the brace out of the name or value",
        )


@of_documents(
    "document-component",
    Severity.ERROR,
    reason="What deployment.components names are components of others. One of the fleet's own "
    "would replace the version that is rendered, its reset and its limits.",
    source=pages.OWN,
    fix="Remove it: the fleet's own components are in every deployment.",
    example=f"{V2_SPEC}deployment:\n  components:\n"
    '    com.example.line.function.classify: "1.0.0"\n',
    firm=True,
)
def own_components_are_rendered(fleet: Fleet, draft: Draft) -> Iterator[Finding]:
    """A deployment pins others' components, not the fleet's own."""
    own = {recipe.name: recipe.part for recipe in _published(draft)}
    for name in fleet.deployment.components:
        if name in own:
            at = f"deployment.components.{name}"
            yield at, f"is the fleet's own, made of {own[name]}", "remove it"


@of_documents(
    "document-deployment",
    Severity.NOTE,
    reason="A deployment document for a thing group has at most 31 KB. A bigger one is fetched by "
    "the device itself: that takes classic 2.3 or later and greengrass:GetDeploymentConfiguration "
    "in the device's IoT policy; without it the deployment stays IN_PROGRESS.",
    source=f"{pages.QUOTAS}; {pages.TROUBLESHOOTING_V2}",
    fix="Allow greengrass:GetDeploymentConfiguration, or divide the functions among fleets.",
    example=f"{V2_SPEC}deployment:\n  components:\n"
    + "".join(f'    com.example.{"plant-hall-" * 9}{n}: "1.0.0"\n' for n in range(230)),
)
def deployments_fit(_: Fleet, draft: Draft) -> Iterator[Finding]:
    """A deployment document of more than 31 KB needs a permission."""
    for platform, body in draft.deployments.items():
        size = _size(body)
        if size > limits.DEPLOYMENT:
            yield (
                "deployment",
                f"has {size} bytes for {platform}; above {limits.DEPLOYMENT} a device fetches it, "
                "which its IoT policy has to allow",
                "allow greengrass:GetDeploymentConfiguration, or divide the fleet",
            )


def _published(draft: Draft) -> Iterator[DraftRecipe]:
    """The recipes that are sent to the service."""
    return (each for each in draft.recipes if not each.local)


def _for_lite(fleet: Fleet, draft: Draft) -> Iterator[DraftRecipe]:
    """The recipes that nucleus lite gets, those of local deployments too."""
    bodies: list[Any] = [draft.deployments.get(each.name) for each in on_lite(fleet)]
    names = {name for body in bodies if body for name in body["components"]}
    return (each for each in draft.recipes if each.name in names)


def _too_long_for_lite(fleet: Fleet, recipe: DraftRecipe, size: int, what: str) -> Finding:
    return (
        _heaviest(fleet, recipe),
        f"makes {what} of {recipe.part} {size} bytes long, and nucleus lite reads less than "
        f"{limits.LITE_RECIPE}",
        "join topics with a wildcard, or keep long values in files of the function",
    )


def _size(content: Json) -> int:
    """Bytes of compact JSON, as documents are sent."""
    return len(json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode())


def _scripts(recipe: DraftRecipe) -> Iterator[str]:
    """Every text in which a nucleus replaces variables."""
    for manifest in recipe.manifests():
        steps: Any = manifest["Lifecycle"]
        for step in steps.values():
            yield from (step["Script"], *step.get("Setenv", {}).values())


def _heaviest(fleet: Fleet, recipe: DraftRecipe) -> str:
    """The path of what makes most of a recipe."""
    kind, _, name = recipe.part.partition(".")
    if kind != "functions":
        return recipe.part
    configuration: Any = recipe.content.get("ComponentConfiguration", {})
    told: Any = configuration.get("DefaultConfiguration", {})
    settings: Mapping[str, Json] = told.get("function", {})
    topics = [told.get("accessControl"), settings.get("subscribe"), settings.get("publish")]
    files = [recipe.content.get("ComponentDependencies"), settings.get("resources")]
    ends = ((each.source, each.target) for each in fleet.subscriptions)
    first = next((index for index, pair in enumerate(ends) if name in pair), 0)
    sizes = {
        f"subscriptions[{first}]": _size(topics),
        f"{recipe.part}.environment": _size(settings.get("environment")),
        recipe.part: _size(files),
    }
    return max(sizes, key=lambda path: sizes[path])
