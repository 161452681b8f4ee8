"""Variables of functions: those that are the core's own, and what their values may hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ggfleet.model import Fleet, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.registry import LAMBDAS, V2, Finding, rule

# PATH and HOME are set by a core too, but a function may have its own.
V1_VARIABLES = frozenset({
    "MY_FUNCTION_ARN", "SHADOW_FUNCTION_ARN", "ROUTER_FUNCTION_ARN", "SECRETS_MANAGER_FUNCTION_ARN",
    "ENCODING_TYPE", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "GG_DAEMON_PORT", "GGC_MAX_INTERFACE_VERSION", "GROUP_ID", "AWS_GREENGRASS_GROUP_NAME",
    "AWS_IOT_THING_NAME", "AWS_IOT_THING_ARN", "AWS_GG_HTTP_ENDPOINT", "AWS_GG_MQTT_ENDPOINT",
    "AWS_IOT_HTTP_ENDPOINT", "AWS_IOT_MQTT_ENDPOINT", "GG_MQTT_KEEP_ALIVE",
    "AWS_GG_RESOURCE_PREFIX",
})  # fmt: skip
"""What a V1 core tells its functions, and the classic nucleus its Lambda components."""

V2_VARIABLES = frozenset({
    "SVCUID", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "GG_ROOT_CA_PATH", "AWS_REGION", "AWS_DEFAULT_REGION", "GGC_VERSION", "AWS_IOT_THING_NAME",
    "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT",
})  # fmt: skip
"""What both nuclei tell their components."""

RECIPE_VARIABLE = re.compile(r"\{[\w.-]+(:[^:{}]+)+\}")


def _setting(fleet: Fleet, reserved: frozenset[str], who: str) -> Iterator[Finding]:
    for function in fleet.functions.values():
        for name in function.environment:
            if name in reserved:
                at = f"functions.{function.name}.environment.{name}"
                yield at, f"is set by {who}", "remove it, or choose another name"


@rule(
    "environment-core",
    Severity.WARNING,
    LAMBDAS,
    reason="The core sets these variables for every function and reads some of them back: a "
    "function with another MY_FUNCTION_ARN or GG_DAEMON_PORT cannot receive a message.",
    source=f"{pages.FUNCTIONS}; the SDK's own use of them (greengrasssdk 1.6)",
    fix="Remove it, or choose another name.",
    example="functions:\n  classify: {environment: {GG_DAEMON_PORT: 8001}}\n",
)
def the_cores_variables_are_its_own(fleet: Fleet) -> Iterator[Finding]:
    """A function does not set what the core tells it."""
    yield from _setting(fleet, V1_VARIABLES, "V1 cores, and by classic for Lambdas")


@rule(
    "environment-nucleus",
    Severity.WARNING,
    V2,
    reason="The nucleus sets these variables for every component; the IPC client finds its socket "
    "and its right to speak through them.",
    source=f"{pages.RECIPES}; {pages.LITE_RECIPES}",
    fix="Remove it, or choose another name.",
    example="functions:\n  classify: {environment: {AWS_REGION: eu-west-1}}\n",
)
def the_nucleus_variables_are_its_own(fleet: Fleet) -> Iterator[Finding]:
    """A function does not set what the nucleus tells it."""
    yield from _setting(fleet, V2_VARIABLES - V1_VARIABLES, "V2 nuclei")


@rule(
    "environment-brace",
    Severity.NOTE,
    V2,
    reason="A function's variables are configuration of its component, where nucleus lite replaces "
    "no recipe variables, and classic only with interpolateComponentConfiguration. Other braces "
    "are safe there: no script carries a value.",
    source=f"{pages.RECIPES} (recipe variables); {pages.LITE_RECIPES}",
    fix="Let the function read AWS_IOT_THING_NAME and what else the nucleus tells it.",
    example="components: {prefix: com.example}\n"
    'functions:\n  classify: {environment: {CLIENT: "line-{iot:thingName}"}}\n',
)
def values_have_no_recipe_variables(fleet: Fleet) -> Iterator[Finding]:
    """A recipe variable in a function's variable is not replaced."""
    for function in fleet.functions.values() if fleet.components.wanted else ():
        for name, value in function.environment.items():
            if found := RECIPE_VARIABLE.search(value):
                yield (
                    f"functions.{function.name}.environment.{name}",
                    f"has {found[0]}, which is not replaced in configuration",
                    "let the function read what the nucleus tells it: AWS_IOT_THING_NAME",
                )


@rule(
    "environment-mxnet",
    Severity.WARNING,
    reason="One page of AWS's guide writes MXNET_ENGINE_TYPE: NativeEngine, another NaiveEngine. "
    "MXNet itself knows NaiveEngine; the other is a slip of the page.",
    source=f"{pages.ML_INFERENCE}; MXNet's own list of environment variables",
    fix="Write MXNET_ENGINE_TYPE: NaiveEngine.",
    example="functions:\n  classify: {environment: {MXNET_ENGINE_TYPE: NativeEngine}}\n",
)
def mxnet_knows_its_engine(fleet: Fleet) -> Iterator[Finding]:
    """MXNet's engine is called NaiveEngine, not NativeEngine."""
    for function in fleet.functions.values():
        if function.environment.get("MXNET_ENGINE_TYPE") == "NativeEngine":
            at = f"functions.{function.name}.environment.MXNET_ENGINE_TYPE"
            yield at, "is NativeEngine, which MXNet does not know", "write NaiveEngine"
