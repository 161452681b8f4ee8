"""How the parts of a fleet are joined: client devices, connectors, subscriptions, deployment."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from ggfleet.model import (
    Abort,
    ClientDevice,
    Connector,
    Core,
    Deployment,
    Logger,
    Nucleus,
    Pending,
    Reference,
    Resolved,
    Rollout,
    Subscription,
)
from ggfleet.spec import tables
from ggfleet.spec.problems import suggestion
from ggfleet.spec.section import Section


def read_client_devices(
    top: Section, cores: Sequence[Core], taken: Collection[str]
) -> dict[str, ClientDevice]:
    """`client_devices:`: things in the local networks of cores. `taken` are names of functions."""
    found = tables.Spec.client_devices.read(top)
    _refuse_taken(top, "client_devices", [name for name, _ in found], taken)
    standing = _standing(cores)
    return {name: _client_device(name, section, standing) for name, section in found}


def _standing(cores: Sequence[Core]) -> Mapping[str, Sequence[str]]:
    """Each word that stands for cores, a host's name or a group, and the names of those cores."""
    names: dict[str, dict[str, None]] = {}
    for word, name in [(c.group, c.name) for c in cores] + [(c.name, c.name) for c in cores]:
        names.setdefault(word, {})[name] = None
    return {word: list(found) for word, found in names.items()}


def _client_device(name: str, section: Section, cores: Mapping[str, Sequence[str]]) -> ClientDevice:
    table = tables.ClientDevice
    return ClientDevice(
        name=name,
        cores=tuple(dict.fromkeys(_cores_of(section, cores))),
        thing=table.thing.read(section) or name,
        certificate_arn=_certificate(name, table.certificate.read(section)),
        sync_shadow=table.sync_shadow.read(section),
    )


def _cores_of(section: Section, cores: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The cores that hosts and groups stand for."""
    for word in tables.ClientDevice.cores.read(section):
        if word and cores and word not in cores:
            section.error("cores", f"names {word}, which is no core", suggestion(word, cores))
        yield from cores.get(word, ())


def _certificate(name: str, arn: str) -> Reference:
    if arn:
        return Resolved(arn)
    return Pending(
        f"the certificate ARN of the client device {name}",
        f"write it as client_devices.{name}.certificate",
    )


def read_connectors(top: Section, taken: Collection[str]) -> dict[str, Connector]:
    """`connectors:`: ready-made parts. `taken` are names that other parts have."""
    found = tables.Spec.connectors.read(top)
    _refuse_taken(top, "connectors", [name for name, _ in found], taken)
    return {name: _connector(name, section) for name, section in found}


def _connector(name: str, section: Section) -> Connector:
    table = tables.Connector
    kind = table.connector.read(section)
    if not kind.startswith("arn:"):
        section.require("version")
    elif section.has("version"):
        section.error("version", "is in the ARN already", "remove it")
    parameters, resources = table.parameters.read(section), table.resources.read(section)
    for twice in parameters.keys() & resources.keys():
        section.error("resources", f"gives {twice} as parameters does", "remove one of them")
    return Connector(name, kind, table.version.read(section) or 0, parameters, resources)


def _refuse_taken(top: Section, key: str, names: Sequence[str], taken: Collection[str]) -> None:
    """Subscriptions tell their ends by name alone."""
    for name in names:
        if name in taken:
            message = f"has the name of another part: subscriptions could not tell {name} apart"
            top.problems.error(f"{key}.{name}", message, "give it another name")


def read_subscriptions(top: Section) -> tuple[Subscription, ...]:
    """`subscriptions:`: which messages go where. A message that none allows is dropped."""
    return tuple(_subscription(section) for section in tables.Spec.subscriptions.read(top))


def _subscription(section: Section) -> Subscription:
    table = tables.Subscription
    return Subscription(
        table.from_.read(section), table.topic.read(section), table.to.read(section)
    )


def read_loggers(top: Section) -> tuple[Logger, ...]:
    """`loggers:`: where logs go, and how much of them is kept."""
    return tuple(_logger(section) for section in tables.Spec.loggers.read(top))


def _logger(section: Section) -> Logger:
    table = tables.Logger
    to = table.to.read(section)
    if to == "cloudwatch" and section.has("space"):
        section.error("space", "is only for logs in files", "remove it, or write to: file")
    return Logger(
        component=table.component.read(section),
        level=table.level.read(section),
        to=to,
        space=table.space.read(section),
    )


def read_deployment(top: Section, platforms: Iterable[str]) -> Deployment:
    """`deployment:`: how a change reaches the fleet."""
    section = tables.Spec.deployment.read(top)
    if section is None:
        return Deployment()
    table = tables.Deployment
    return Deployment(
        on_failure=table.on_failure.read(section),
        rollout=_rollout(table.rollout.read(section)),
        abort=_abort(table.abort.read(section)),
        timeout=table.timeout.read(section),
        update=table.update.read(section),
        update_timeout=table.update_timeout.read(section),
        validation_timeout=table.validation_timeout.read(section),
        thing_groups=_thing_groups(section, list(platforms)),
        components=_versions(section),
        nuclei=_nuclei(section, list(platforms)),
        broker=table.broker.read(section),
    )


def _refuse_unknown(deployment: Section, key: str, named: Iterable[str], known: list[str]) -> None:
    for platform in named:
        if platform not in known:
            at = f"{deployment.at(key)}.{platform}"
            message = f"names the platform {platform}, which is not defined"
            deployment.problems.error(at, message, suggestion(platform, known))


def _nuclei(deployment: Section, platforms: list[str]) -> dict[str, Nucleus]:
    nuclei = tables.Deployment.nuclei.read(deployment)
    _refuse_unknown(deployment, "nuclei", nuclei, platforms)
    return nuclei


def _thing_groups(deployment: Section, platforms: list[str]) -> dict[str, str]:
    groups = tables.Deployment.thing_groups.read(deployment)
    _refuse_unknown(deployment, "thing_groups", groups, platforms)
    for platform, group in groups.items():
        at = f"{deployment.at('thing_groups')}.{platform}"
        if not re.fullmatch(tables.THING, group):
            fix = "letters, digits, :, _ and -, at most 128"
            deployment.problems.error(at, f"{group!r} cannot be a thing group", fix)
    return groups


def _versions(deployment: Section) -> dict[str, str]:
    versions = tables.Deployment.components.read(deployment)
    for name, version in versions.items():
        at = f"{deployment.at('components')}.{name}"
        if not re.fullmatch(tables.COMPONENT, name):
            deployment.problems.error(at, f"{name!r} cannot be a component", "write its full name")
        if not re.fullmatch(tables.EXACT_VERSION, version):
            fix = "a deployment wants one exact version, such as 2.15.0"
            deployment.problems.error(at, f"cannot be {version!r}", fix)
    return versions


def _rollout(section: Section | None) -> Rollout | None:
    if section is None:
        return None
    table = tables.Rollout
    return Rollout(
        start=table.start.read(section),
        factor=table.factor.read(section),
        after=table.after.read(section),
    )


def _abort(section: Section | None) -> Abort | None:
    if section is None:
        return None
    return Abort(tables.Abort.failed.read(section), tables.Abort.after.read(section))
