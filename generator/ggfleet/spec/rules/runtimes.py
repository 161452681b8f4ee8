"""How functions are started on a V1 core: by which runtime, as whom, and by what."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import told
from ggfleet.spec.rules.registry import LAMBDAS, V1, Finding, rule

RUNTIMES = ("python2.7", "python3.7", "python3.8", "java8", "nodejs12.x")
"""What core software 1.11, the last one, starts beside native executables."""

_OTHER = "functions:\n  other: {{source: code, handler: function.handler, memory: 64 MiB, {}}}\n"


@rule(
    "function-runtime",
    Severity.WARNING,
    V1,
    reason="The last core software starts python2.7, python3.7, python3.8, java8 and nodejs12.x; "
    "a function for another runtime is deployed and never starts.",
    source=f"{pages.FUNCTIONS}; {pages.WHAT_IS}",
    fix="Write one of these runtimes, or move the cores to V2.",
    example=_OTHER.format("runtime: python3.9"),
)
def v1_knows_the_runtime(fleet: Fleet) -> Iterator[Finding]:
    """A function's runtime is one that V1 cores start."""
    for function in fleet.functions.values():
        if function.runtime and function.runtime not in RUNTIMES:
            yield (
                f"functions.{function.name}.runtime",
                f"is {function.runtime}, which V1 cores do not start",
                f"write one of {', '.join(RUNTIMES)}",
            )


@rule(
    "function-runtime-device",
    Severity.NOTE,
    V1,
    reason="A core starts a function with the program that is called exactly as the runtime, such "
    "as java8 or nodejs12.x, on root's PATH. The platform's Python is there; others are not "
    "installed by the playbooks.",
    source=f"{pages.WHAT_IS}; {pages.FUNCTIONS}",
    fix="Install it on the cores, with a link of that name.",
    example=_OTHER.format("runtime: nodejs12.x"),
)
def the_device_has_the_runtime(fleet: Fleet) -> Iterator[Finding]:
    """A runtime other than the platform's Python has to be on the device."""
    platforms = fleet.used_platforms()
    for function in fleet.functions.values():
        lacking = [p for p in platforms if f"python{p.python}" != function.runtime]
        if function.runtime in RUNTIMES and lacking:
            yield (
                f"functions.{function.name}.runtime",
                f"has to be on root's PATH of {told(lacking)} by the name {function.runtime}",
                "install it on the cores, with a link of that name",
            )


@rule(
    "function-runtime-libraries",
    Severity.WARNING,
    V1,
    reason="Archives of libraries are built for the Python of the platform. Another Python cannot "
    "import what is compiled in them, and another language nothing of them.",
    source=f"{pages.FUNCTIONS}; packaging.python.org: platform compatibility tags",
    fix="Remove `runtime`, or give the platform the Python of the runtime.",
    example="libraries:\n  numpy: {requirements: libraries.txt, install: in-function}\n"
    + _OTHER.format("runtime: python3.7, libraries: [numpy]"),
)
def libraries_are_for_the_runtime(fleet: Fleet) -> Iterator[Finding]:
    """A function with libraries runs in the Python that they are built for."""
    platforms = fleet.used_platforms()
    for function in fleet.functions.values():
        others = [p for p in platforms if f"python{p.python}" != function.runtime]
        if function.runtime and function.libraries and others:
            yield (
                f"functions.{function.name}.runtime",
                f"is {function.runtime}, and the libraries are built for Python "
                f"{others[0].python} of {others[0].name}",
                "remove it, or give the platform the Python of the runtime",
            )


@rule(
    "function-root",
    Severity.WARNING,
    V1,
    reason="A core refuses a deployment with functions that run as root, unless its config.json "
    "says runtime.allowFunctionsToRunAsRoot; the playbooks do not write that. Root in a container "
    "can leave it.",
    source=f"{pages.GROUP_CONFIG}; {pages.TROUBLESHOOTING}",
    fix="Name another user and group; or allow it on the cores, and suppress this with the reason.",
    example=_OTHER.format("run_as: {uid: 0, gid: 0}"),
)
def nobody_is_root(fleet: Fleet) -> Iterator[Finding]:
    """Functions do not run as root."""
    parts = {f"functions.{name}": each.run_as for name, each in fleet.functions.items()}
    parts["function_defaults"] = fleet.function_defaults.run_as
    for at, run_as in parts.items():
        if run_as is not None and 0 in (run_as.uid, run_as.gid):
            message = "is root, which a core refuses unless its config.json allows it"
            yield f"{at}.run_as", message, "name another user and group"


@rule(
    "function-idle",
    Severity.NOTE,
    LAMBDAS,
    reason="A function that is not pinned starts when a message or another function asks for it. "
    "Where no subscription leads to it, only a call of the SDK's `invoke` does.",
    source=pages.FUNCTIONS,
    fix="Write pinned: true, or a subscription to it.",
    example="functions: {classify: {pinned: false}}\n",
)
def functions_are_asked(fleet: Fleet) -> Iterator[Finding]:
    """A function on demand is asked by somebody."""
    asked = {each.target for each in fleet.subscriptions}
    for name, function in fleet.functions.items():
        if not function.pinned and name not in asked:
            message = "is not pinned, and no subscription leads to it: nothing starts it but invoke"
            yield f"functions.{name}", message, "write pinned: true, or a subscription to it"


@rule(
    "function-pinned",
    Severity.NOTE,
    LAMBDAS,
    reason="A function on demand is started anew after a pause, and several times at once under "
    "load; each start loads the model, which counts in the first call's time and in memory.",
    source=f"{pages.FUNCTIONS}; {pages.ML_INFERENCE}",
    fix="Write pinned: true, and load the model when the module is imported.",
    example="models:\n  digits: {source: digits, version: 1.0.0, destination: /models}\n"
    "functions:\n  classify: {models: [digits], pinned: false}\n",
)
def inference_stays_loaded(fleet: Fleet) -> Iterator[Finding]:
    """A function with a model is pinned."""
    for name, function in fleet.functions.items():
        if function.models and not function.pinned:
            message = "is not pinned, so that each start loads the model anew"
            yield f"functions.{name}", message, "write pinned: true"
