"""ConnectorDefinitionVersion: ready-made parts of AWS's."""

from __future__ import annotations

from ggfleet.model import Connector, Fleet, Json
from ggfleet.render.group_v1.names import element_id, partition, refuse_repeated
from ggfleet.render.group_v1.resource import resource_id
from ggfleet.render.known import attached_ml


def connector_version(fleet: Fleet) -> dict[str, Json]:
    """The connectors as the spec orders them. A group has one instance of each."""
    arns = [connector_arn(fleet, each) for each in fleet.connectors.values()]
    refuse_repeated("connectors", (arn.partition("/versions/")[0] for arn in arns))
    found = zip(fleet.connectors.values(), arns, strict=True)
    return {"Connectors": [_connector(fleet, each, arn) for each, arn in found]}


def connector_arn(fleet: Fleet, connector: Connector) -> str:
    """The ARN of a connector. It is AWS's own: there is no account in it."""
    if not connector.version:
        return connector.kind
    region = fleet.aws.region
    place = f"arn:{partition(region)}:greengrass:{region}::/connectors"
    return f"{place}/{connector.kind}/versions/{connector.version}"


def _connector(fleet: Fleet, connector: Connector, arn: str) -> dict[str, Json]:
    values: dict[str, Json] = {
        "Id": element_id(connector.name, "the connector name"),
        "ConnectorArn": arn,
    }
    ids = {key: _id_of(fleet, connector, key) for key in connector.resources}
    if connector.parameters or ids:
        values["Parameters"] = {**connector.parameters, **ids}
    return values


def _id_of(fleet: Fleet, connector: Connector, parameter: str) -> str:
    name = connector.resources[parameter]
    machine_learning = {each.name: each for each in attached_ml(fleet)}
    resource = fleet.resources.get(name) or machine_learning.get(name)
    # The spec's check refuses it first (rule name-undefined).
    assert resource is not None, f"{connector.name} names {name}, which is no resource"
    return resource_id(resource)
