"""How functions use the Core SDK: what it takes, and what has to be there for it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import Fleet, Function, Library, Severity
from ggfleet.spec.problems import suggestion
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import told, version
from ggfleet.spec.rules.registry import ALL, LAMBDAS, V1, Finding, of_files
from ggfleet.spec.rules.source import SDK, called, calling, clients, nodes, place, streams, tell

SERVICES = ("iot-data", "lambda", "secretsmanager", "streammanager")
POLICIES = ("AllOrException", "BestEffort", "")
INVOCATIONS = ("RequestResponse", "Event")
STREAM_PYTHON = (3, 7)

_IMPORT = "import greengrasssdk\n\n{}\n\n\ndef handler(event, context):\n    pass\n"


def _file(line: str) -> dict[str, str]:
    return {"code/function.py": _IMPORT.format(line)}


def _calls(fleet: Fleet, method: str) -> Iterator[tuple[Function, Path, ast.Call]]:
    for function, file, node in nodes(fleet):
        if isinstance(node, ast.Call) and called(node) == method:
            yield function, file, node


def _word(node: ast.Call, name: str) -> str | None:
    """The text of a keyword argument, where it is written out."""
    found = next((each.value for each in node.keywords if each.arg == name), None)
    text = found.value if isinstance(found, ast.Constant) else None
    return text if isinstance(text, str) else None


def _has(node: ast.Call, name: str) -> bool:
    return any(each.arg == name for each in node.keywords)


@of_files(
    "code-client",
    Severity.ERROR,
    reason="The SDK has four clients, and raises an exception when it is asked for another: the "
    "function ends while it starts. Other services of AWS are clients of boto3.",
    source=pages.SDK_V1,
    fix="Ask for iot-data, lambda, secretsmanager or streammanager.",
    example=_file('client = greengrasssdk.client("iot")'),
)
def clients_exist(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code asks the SDK for a client that it has."""
    for function, file, node in clients(fleet):
        service = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        if isinstance(service, str) and service not in SERVICES:
            at, where = place(function, file, node, root)
            message = f"asks the SDK for {service!r} in {where}, which has no such client"
            yield at, message, suggestion(service, SERVICES)


@of_files(
    "code-queue-policy",
    Severity.WARNING,
    reason="The policy is AllOrException or BestEffort; with another value publish raises an "
    "exception.",
    source=pages.SDK_V1,
    fix="Write AllOrException or BestEffort, or leave it out.",
    example=calling('client.publish(topic="a", payload="b", queueFullPolicy="AllOrError")'),
)
def queue_policies_exist(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code publishes with a policy that the SDK has."""
    for function, file, node in _calls(fleet, "publish"):
        policy = _word(node, "queueFullPolicy")
        if policy is not None and policy not in POLICIES:
            at, where = place(function, file, node, root)
            message = f"publishes with queueFullPolicy {policy!r} in {where}, which the SDK refuses"
            yield at, message, "write AllOrException or BestEffort"


@of_files(
    "code-invoke",
    Severity.WARNING,
    LAMBDAS,
    reason="A function of the core is invoked by its ARN with the alias or version that the group "
    "lists, and by RequestResponse or Event; $LATEST is not on a core.",
    source=f"{pages.SDK_V1}; {pages.FUNCTIONS}",
    fix="Write the ARN with its alias, or add Qualifier; ggfleet's alias is the platform's name.",
    example=_file(
        'greengrasssdk.client("lambda").invoke(\n    FunctionName="arn:aws:lambda:eu-west-1:'
        '123456789012:function:line-classify"\n)'
    ),
)
def invocations_are_whole(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code invokes functions by a qualified ARN, in one of two ways."""
    using = {file for _, file, _ in clients(fleet, "lambda")}
    for function, file, node in _calls(fleet, "invoke") if using else ():
        for message, fix in _invocation_faults(node) if file in using else ():
            at, where = place(function, file, node, root)
            yield at, f"{message} in {where}", fix


def _invocation_faults(node: ast.Call) -> Iterator[tuple[str, str]]:
    name, kind = _word(node, "FunctionName"), _word(node, "InvocationType")
    qualified = _has(node, "Qualifier")
    if kind is not None and kind not in INVOCATIONS:
        yield f"invokes by {kind!r}", "write RequestResponse or Event"
    if name is not None and name.count(":") < 7 and not qualified:  # noqa: PLR2004 - ARN, alias
        yield f"invokes {name!r} without an alias", "add Qualifier, or the alias to the ARN"
    if (name or "").endswith(":$LATEST") or _word(node, "Qualifier") == "$LATEST":
        yield "invokes $LATEST, which no core has", "write the alias: the platform's name"


@of_files(
    "code-secret-version",
    Severity.WARNING,
    LAMBDAS,
    reason="A core has the versions of a secret that its staging labels name; the SDK raises an "
    "exception when it is asked for one by VersionId.",
    source=f"{pages.SDK_V1}; {pages.SECRETS}",
    fix="Ask by VersionStage, and name that label in the secret's staging_labels.",
    example=_file(
        'greengrasssdk.client("secretsmanager").get_secret_value(SecretId="x", VersionId="1")'
    ),
)
def secrets_are_asked_by_stage(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code asks for a secret's version by its staging label."""
    using = {file for _, file, _ in clients(fleet, "secretsmanager")}
    asked = _calls(fleet, "get_secret_value") if using else ()
    by_id = (x for x in asked if x[1] in using and _has(x[2], "VersionId"))
    message = "asks for a secret by VersionId in {where}"
    yield from tell(by_id, root, message, "ask by VersionStage")


@of_files(
    "code-stream-missing",
    Severity.WARNING,
    V1,
    reason="A core runs the stream manager when the group lists it; a version of the group that "
    "does not, removes it, and its clients find nobody.",
    source=f"{pages.STREAMS}; {pages.CORE}",
    fix="Add system_functions: {stream_manager: {}}.",
    example=_file('client = greengrasssdk.client("streammanager")'),
)
def the_group_lists_the_stream_manager(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code that uses the stream manager has one."""
    if fleet.system_functions.stream_manager is None:
        message = "uses the stream manager in {where}, which the group does not list"
        yield from tell(streams(fleet), root, message, "add system_functions: {stream_manager: {}}")


@of_files(
    "code-stream-python",
    Severity.WARNING,
    V1,
    reason="The SDK's client for the stream manager needs Python 3.7; an older one cannot import "
    "it.",
    source=f"{pages.STREAMS}; {pages.SDK_V1}",
    fix="Give the platform Python 3.7 or 3.8.",
    example={
        "fleet.yml": 'platforms:\n  pi: {architecture: aarch64, python: "3.6", glibc: "2.27"}\n',
        **_file("from greengrasssdk.stream_manager import StreamManagerClient"),
    },
)
def stream_clients_have_their_python(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code that uses the stream manager has Python 3.7 or later."""
    old = [p for p in fleet.used_platforms() if (0, 0) < version(p.python) < STREAM_PYTHON]
    if old:
        found = (each for each in streams(fleet) if not each[0].runtime)
        message = f"uses the stream manager in {{where}}, and {told(old)} has an older Python"
        yield from tell(found, root, message, "give the platform Python 3.7 or 3.8")


@of_files(
    "code-loop",
    Severity.WARNING,
    LAMBDAS,
    reason="A function is ready when its module has been imported. A module that loops for ever "
    "is never ready: the core gives up on it, and its handler gets no message.",
    source=f"{pages.FUNCTIONS} (long-lived functions)",
    fix="Start the loop in a thread (threading.Thread, or a Timer that starts itself again).",
    example=_file('while True:\n    greengrasssdk.client("iot-data")'),
)
def modules_come_to_an_end(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code loops in a thread, not while its module is imported."""
    loops = (
        (function, file, loop)
        for function, file, node in nodes(fleet)
        for loop in (_endless(node) if isinstance(node, ast.Module) else ())
    )
    message = "loops for ever in {where}, while it is imported"
    yield from tell(loops, root, message, "loop in a thread")


def _endless(module: ast.Module) -> Iterator[ast.While]:
    for each in module.body:
        always = isinstance(each, ast.While) and isinstance(each.test, ast.Constant)
        if always and isinstance(each, ast.While) and not _ends(each):
            yield each


def _ends(loop: ast.While) -> bool:
    leaves = ast.Break | ast.Raise | ast.Return
    return any(isinstance(node, leaves) for node in ast.walk(loop))


@of_files(
    "code-sdk",
    Severity.WARNING,
    ALL,
    reason="The SDK comes with the function: a core has the two modules that it is made on, and "
    "not the SDK itself.",
    source=pages.FUNCTIONS,
    fix="Attach a library whose requirements name greengrasssdk, install: in-function; or install "
    "it on the cores, and suppress this with that reason.",
    example=_file('client = greengrasssdk.client("iot-data")'),
)
def the_sdk_comes_along(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code that imports the SDK has it in the package or in a library."""
    told_of: set[str] = set()
    for function, file, node in nodes(fleet):
        if _imports(node) and function.name not in told_of:
            told_of.add(function.name)
            libraries = (fleet.libraries[n] for n in function.libraries if n in fleet.libraries)
            packed = any((source / SDK).exists() for source in function.sources)
            if not packed and not any(_may_hold(each) for each in libraries):
                at, where = place(function, file, node, root)
                message = f"imports {SDK} in {where}, which none of its libraries has"
                yield at, message, f"attach a library with {SDK} in its requirements"


def _imports(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")[0] == SDK
    return isinstance(node, ast.Import) and any(each.name == SDK for each in node.names)


def _may_hold(library: Library) -> bool:
    """Whether a requirements file names the SDK, or something that could bring it."""
    files = [library.requirements, *(file for _, file in library.variants)]
    try:
        texts = [file.read_text(encoding="utf-8") for file in files]
    except (OSError, UnicodeDecodeError):
        return True
    return any(word in text for text in texts for word in (SDK, "-r ", "-c ", "--requirement"))
