"""What AWS's own components refuse or misread of their configuration in a deployment.

Written from the V2 developer guide's pages of these components and from what is known of nucleus
lite; knows nothing of the renderer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from functional.v1_rules import Documents, Tree

CLIENTS = "aws.greengrass.clientdevices."
AUTH, BRIDGE = f"{CLIENTS}Auth", f"{CLIENTS}mqtt.Bridge"
BROKERS = {f"{CLIENTS}mqtt.Moquette", f"{CLIENTS}mqtt.EMQX"}
NUCLEUS, LITE = "aws.greengrass.Nucleus", "aws.greengrass.NucleusLite"
JOURNAL = "aws.greengrass.SystemLogForwarder"
FOR_LITE = {LITE, JOURNAL}
BUILT_IN = {NUCLEUS, LITE, "aws.greengrass.TokenExchangeService"}
RESOURCES = {
    "mqtt:connect": "mqtt:clientId:",
    "mqtt:publish": "mqtt:topic:",
    "mqtt:subscribe": "mqtt:topicfilter:",
}
LEVELS = {"DEBUG", "INFO", "WARN", "ERROR"}
STREAMS = {
    "STREAM_MANAGER_STORE_ROOT_DIR",
    "STREAM_MANAGER_SERVER_PORT",
    "STREAM_MANAGER_AUTHENTICATE_CLIENT",
    "STREAM_MANAGER_EXPORTER_MAX_BANDWIDTH",
    "STREAM_MANAGER_THREAD_POOL_SIZE",
    "STREAM_MANAGER_EXPORTER_S3_DESTINATION_MULTIPART_UPLOAD_MIN_PART_SIZE_BYTES",
    "LOG_LEVEL",
    "JVM_ARGS",
}


def merges_of(components: Tree) -> dict[str, Tree]:
    """What a deployment lays over the defaults, by component."""
    return {
        name: json.loads(entry.get("configurationUpdate", {}).get("merge", "{}"))
        for name, entry in components.items()
        if name.startswith("aws.greengrass.")
    }


def aws_problems(documents: Documents) -> list[str]:
    """What is wrong with AWS's components in the deployments of a rendering."""
    found: list[str] = []
    for path, body in documents.items():
        if path.startswith("deployments/"):
            problems = [*_deployment(body["components"]), *_needs(body["components"], documents)]
            found += [f"{path}: {each}" for each in problems]
        if path.endswith("client-devices.json"):
            found += [f"{path}: {each}" for each in _association(body)]
        if re.fullmatch(r"local/classic/[^/]+\.json", path):
            deployed = documents[f"deployments/{path.rsplit('/', 1)[1]}"]["components"]
            found += [f"{path}: {each}" for each in _local(body["argv"], deployed)]
    return found


def _deployment(components: Tree) -> Iterator[str]:
    merges = merges_of(components)
    if AUTH in merges:
        yield from _auth(merges[AUTH], components[AUTH]["componentVersion"])
    if (AUTH in merges) + len(BROKERS & merges.keys()) not in (0, 2):
        yield "has not one broker with client device auth"
    if LITE in components and any(n.startswith("aws.") and n not in FOR_LITE for n in components):
        yield "has a component that nucleus lite does not run"
    checks: dict[str, Callable[[Tree], Iterator[str]]] = {
        BRIDGE: _bridge,
        NUCLEUS: _nucleus,
        LITE: _nucleus,
        JOURNAL: lambda merge: _journal(merge, components),
        "aws.greengrass.ShadowManager": _shadows,
        "aws.greengrass.SecretManager": _secrets,
        "aws.greengrass.StreamManager": _streams,
        "aws.greengrass.LogManager": lambda merge: _logs(merge, components),
    }
    for name, merge in merges.items():
        if name in checks:
            yield from checks[name](merge)
        yield from _stale(name, merge, components[name])
    for name, entry in components.items():
        user = entry.get("runWith", {}).get("posixUser", "u")
        if not re.fullmatch(r"[a-z0-9_-]+(:[a-z0-9_-]+)?", user) or user.startswith("0"):
            yield f"{name} cannot run as {user}"


def _auth(merge: Tree, version: str) -> Iterator[str]:
    groups = merge["deviceGroups"]
    if groups["formatVersion"] != "2021-03-05":
        yield "has device groups of another format"
    for group in groups["definitions"].values():
        if group["policyName"] not in groups["policies"]:
            yield f"has no policy {group['policyName']}"
        if not re.fullmatch(r"thingName: ([\w-]|\\:)+", group["selectionRule"]):
            yield f"selects by {group['selectionRule']}"
    minor = tuple(int(number) for number in version.split(".")[:2])
    for policy in groups["policies"].values():
        for statement in policy.values():
            yield from _statement(statement, wildcards=minor >= (2, 5))


def _statement(statement: Tree, *, wildcards: bool) -> Iterator[str]:
    (operation,) = statement["operations"]
    prefix = RESOURCES.get(operation)
    for resource in statement["resources"]:
        if prefix is None or not resource.startswith(prefix) or resource == prefix:
            yield f"allows {operation} on {resource}"
        levels = resource.removeprefix(prefix or "").split("/")
        if operation == "mqtt:publish" and {"+", "#"} & set(levels):
            yield f"takes a filter for a topic: {resource}"
        if "*" in resource and (not wildcards or levels == ["*"] or operation == "mqtt:connect"):
            yield f"has a wildcard that is none, or too wide: {resource}"


def _bridge(merge: Tree) -> Iterator[str]:
    seen = set()
    for each in merge["mqttTopicMapping"].values():
        link = (each["topic"], each["source"], each["target"])
        if not {each["source"], each["target"]} <= {"LocalMqtt", "Pubsub", "IotCore"}:
            yield f"bridges {link}"
        if each["source"] == each["target"] or "LocalMqtt" not in link:
            yield f"bridges what it should not: {link}"
        if link in seen:
            yield f"bridges twice: {link}"
        seen.add(link)


def _nucleus(merge: Tree) -> Iterator[str]:
    logging = merge.get("logging", {})
    if logging.get("level", "INFO") not in ("DEBUG", "INFO"):
        yield "drops what components print"
    if logging.get("format", "TEXT") not in ("TEXT", "JSON"):
        yield "has a log format that is none"
    sizes = [int(logging.get(key, 1)) for key in ("fileSizeKB", "totalLogsSizeKB")]
    if sizes[0] > sizes[1]:
        yield "has a log file that is bigger than all of them"
    if set(logging) - {"level", "format", "fileSizeKB", "totalLogsSizeKB"}:
        yield "has unknown settings of logs"
    spooler = merge.get("mqtt", {}).get("spooler", {})
    if set(spooler) - {"maxSizeInBytes", "storageType", "pluginName"}:
        yield "has unknown settings of the spooler"
    if ("pluginName" in spooler) is not (spooler.get("storageType") == "Disk"):
        yield "has a spooler on disk without its plugin"
    if re.search(r": -?\d", json.dumps(merge)):
        yield "has a number, which comes back as a double"


def _shadows(merge: Tree) -> Iterator[str]:
    synchronize = merge["synchronize"]
    if set(synchronize) != {"coreThing", "shadowDocuments", "direction"}:
        yield "synchronizes in another way"
    if synchronize["direction"] != "betweenDeviceAndCloud":
        yield "synchronizes in another direction"
    if set(synchronize["coreThing"]) != {"classic", "namedShadows"}:
        yield "has other settings of the core's shadows"
    things = [each["thingName"] for each in synchronize["shadowDocuments"]]
    if len(set(things)) != len(things):
        yield "names a thing twice"
    for each in synchronize["shadowDocuments"]:
        if set(each) != {"thingName", "classic", "namedShadows"}:
            yield "has other settings of a thing's shadows"


def _secrets(merge: Tree) -> Iterator[str]:
    arns = [each["arn"] for each in merge.get("cloudSecrets", [])]
    if len(set(arns)) != len(arns):
        yield "names a secret twice"
    for each in merge.get("cloudSecrets", []):
        if each.keys() - {"arn", "labels"} or not each["arn"].startswith("arn:"):
            yield "has a secret in another form"
        if "labels" in each and "AWSCURRENT" not in each["labels"]:
            yield "leaves out the current version of a secret"


def _streams(merge: Tree) -> Iterator[str]:
    if merge.keys() - STREAMS or not all(isinstance(value, str) for value in merge.values()):
        yield "has a setting that the stream manager does not know"


def _logs(merge: Tree, components: Tree) -> Iterator[str]:
    uploads = merge["logsUploaderConfiguration"]
    if uploads.keys() - {"systemLogsConfiguration", "componentLogsConfigurationMap"}:
        yield "sends other logs"
    of_components = uploads.get("componentLogsConfigurationMap", {})
    if of_components.keys() - components.keys():
        yield "sends logs of components that are not deployed"
    for each in (*of_components.values(), uploads.get("systemLogsConfiguration", {})):
        if each and each["minimumLogLevel"] not in LEVELS:
            yield "has a level that is none"
        if each and ("diskSpaceLimit" in each) is not ("diskSpaceLimitUnit" in each):
            yield "limits logs without a unit"
    if any(each["minimumLogLevel"] not in ("DEBUG", "INFO") for each in of_components.values()):
        yield "drops what components print"


def _journal(merge: Tree, components: Tree) -> Iterator[str]:
    for each in merge["filters"]["services"]:
        name = each.removeprefix("ggl.").removesuffix(".service")
        if each != "ggl.core.*" and (each != f"ggl.{name}.service" or name not in components):
            yield f"forwards what is no unit of the deployment: {each}"


def _stale(name: str, merge: Tree, entry: Tree) -> Iterator[str]:
    """A device keeps what was merged before, key by key, unless it is reset."""
    reset = entry.get("configurationUpdate", {}).get("reset", [])
    if len(set(reset)) != len(reset):
        yield f"{name} resets twice"
    for pointer in _leaves(merge):
        covered = any(pointer == each or pointer.startswith(f"{each}/") for each in reset)
        # Without a default user no component starts: that one is never reset.
        if not covered and not pointer.startswith("/runWithDefault"):
            yield f"{name} keeps what it had at {pointer}"


def _leaves(value: Any, at: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{at}/{key}")
    elif at:
        yield at


def _needs(components: Tree, documents: Documents) -> Iterator[str]:
    """A dependency that nobody names is taken in the newest version, and updated unasked."""
    for path, recipe in documents.items():
        entry = components.get(recipe["ComponentName"]) if "/recipes/" in path else None
        if entry and entry["componentVersion"] == recipe["ComponentVersion"]:
            for name in recipe.get("ComponentDependencies", {}):
                if name.startswith("aws.") and name not in BUILT_IN and name not in components:
                    yield f"{recipe['ComponentName']} needs {name}, which is not deployed"


def _association(body: Tree) -> Iterator[str]:
    things = [each["thingName"] for each in body["entries"]]
    if not 0 < len(things) <= 100 or len(set(things)) != len(things):
        yield "has too many client devices, none, or one twice"


def _local(argv: list[str], deployed: Tree) -> Iterator[str]:
    """The device's own deployment has what the cloud's has, in the spelling of its command."""
    options: dict[str, list[str]] = {}
    for option, value in zip(argv[3::2], argv[4::2], strict=True):
        options.setdefault(option, []).append(value)
    merged = dict(each.split("=") for each in options["--merge"])
    if merged != {name: entry["componentVersion"] for name, entry in deployed.items()}:
        yield "merges other components"
    updates = json.loads(options.get("--update-config", ["{}"])[0])
    for name, update in updates.items():
        if update.keys() - {"RESET", "MERGE"} or not isinstance(update.get("MERGE", {}), dict):
            yield f"updates {name} in another way"
    if {n: u["MERGE"] for n, u in updates.items() if "MERGE" in u} != {
        name: merge for name, merge in merges_of(deployed).items() if merge
    }:
        yield "merges other configuration"
    users = {each.partition(":posixUser=")[::2] for each in options.get("--runWith", [])}
    runs = {name: entry["runWith"] for name, entry in deployed.items() if "runWith" in entry}
    if users != {(name, run["posixUser"]) for name, run in runs.items() if "posixUser" in run}:
        yield "runs components as others"
    limits = json.loads(options.get("--systemLimits", ["{}"])[0])
    key = "systemResourceLimits"
    if limits != {name: run[key] for name, run in runs.items() if key in run}:
        yield "has other limits"
