"""Making cores known to AWS, against a stand-in for AWS IoT and IAM."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from functional.registrations import Cut, key_of_request, register, request_of, wanted_of
from ggfleet.cloud import foretell, plan_registration
from ggfleet.cloud.plan import told
from ggfleet.cloud.requests import key_of
from ggfleet.cloud.session import Clients
from ggfleet.errors import CloudError
from ggfleet.model import Policy, Registration
from ggfleet.render import Generation
from ggfleet.system.progress import Silent
from iot_support import Iot


def test_first_registration_makes_everything_and_the_second_nothing(
    wanted: Registration, iot: Iot
) -> None:
    """Thing, membership, policies, certificate for the device's key, role and alias."""
    first, second = wanted.devices
    request = request_of(first.core)
    outcome = register(wanted, iot, {first.core: request})
    assert not outcome.failed
    reader = iot.reader()
    [certificate] = reader.certificates_of(first.thing)
    assert certificate.status == "ACTIVE"
    assert key_of(certificate.pem) == key_of_request(request)
    assert outcome.cores[0].certificate is not None
    assert outcome.cores[0].certificate.id == certificate.id
    assert reader.attached(certificate.arn) == [policy.name for policy in first.policies]
    assert reader.groups_of(first.thing) == [first.group]
    assert reader.certificates_of(second.thing) == []
    assert reader.groups_of(second.thing) == [second.group]
    assert wanted.role is not None
    assert reader.alias(wanted.role.alias) == wanted.role.arn
    assert reader.role_trust(wanted.role.name) == wanted.role.trust
    assert reader.role_policies(wanted.role.name) == {
        policy.name: policy.document for policy in wanted.role.policies
    }
    again = register(wanted, iot, {first.core: request})
    assert not again.changed
    assert again.cores[0].certificate == outcome.cores[0].certificate


def test_check_foretells_exactly_what_is_done_and_changes_nothing(
    wanted: Registration, iot: Iot
) -> None:
    requests = {wanted.devices[0].core: request_of("a")}
    foretold = foretell(plan_registration(wanted, requests, iot.reader(), Silent()))
    again = foretell(plan_registration(wanted, requests, iot.reader(), Silent()))
    done = register(wanted, iot, requests)
    assert foretold.changed
    assert told(foretold.shared) == told(again.shared) == told(done.shared)
    for one, two, three in zip(foretold.cores, again.cores, done.cores, strict=True):
        assert told(one.done) == told(two.done) == told(three.done) != []


def test_policies_allow_the_cores_own_thing_and_topics_alone(wanted: Registration) -> None:
    """No policy names another core; everything but Greengrass's own calls has a resource."""
    for device, other in (wanted.devices, wanted.devices[::-1]):
        for policy in device.policies:
            assert other.thing not in json.dumps(policy.document)
            for statement in statements(policy):
                if statement["Resource"] == ["*"]:
                    assert all(action.startswith("greengrass:") for action in statement["Action"])
    allowed = json.dumps([policy.document for policy in wanted.devices[0].policies])
    assert "topicfilter/ask/this" in allowed
    assert "topic/tell/that" in allowed


def statements(policy: Policy) -> list[dict[str, Any]]:
    assert isinstance(policy.document, dict)
    found: list[dict[str, Any]] = policy.document["Statement"]
    return found


def test_v1_cores_get_their_policy_and_no_role(two_cores: Path, iot: Iot) -> None:
    """V1 has no token exchange; a core may tell the state of its own deployments."""
    wanted = wanted_of(two_cores, Generation.V1)
    outcome = register(wanted, iot)
    thing = wanted.devices[0].thing
    assert outcome.shared == ()
    document = json.dumps(iot.reader().policy(wanted.devices[0].policies[0].name))
    assert f"/cores/arn%3Aaws%3Aiot%3Aeu-west-1%3A123456789012%3Athing%2F{thing}" in document
    assert "topic/tell/that" in document


@pytest.mark.parametrize("after", range(7))
def test_a_run_that_is_cut_off_anywhere_is_finished_by_the_next(
    wanted: Registration, iot: Iot, after: int
) -> None:
    """After each number of calls to AWS IoT; at the end there is one attached certificate, active.

    Cut off between signing and attaching, a certificate without thing and rights stays behind.
    """
    device = wanted.devices[0]
    alone = replace(wanted, devices=(device,))
    requests = {device.core: request_of(device.core)}
    real = iot.clients()
    with pytest.raises(InterruptedError):
        register(alone, iot, requests, Clients(Cut(real.iot, after), real.iam))
    assert not register(alone, iot, requests).failed
    [certificate] = iot.reader().certificates_of(device.thing)
    assert certificate.status == "ACTIVE"
    assert iot.reader().attached(certificate.arn) == [policy.name for policy in device.policies]
    assert not register(alone, iot, requests).changed


def test_a_core_that_fails_leaves_the_others_alone(wanted: Registration, iot: Iot) -> None:
    """Its error is told, and a later run with a better request finishes it."""
    first, second = wanted.devices
    weak = request_of(first.core, rsa.generate_private_key(65537, 1024))
    requests = {first.core: weak, second.core: request_of(second.core)}
    outcome = register(wanted, iot, requests)
    [failed] = outcome.failed
    assert failed.core == first.core
    assert failed.error is not None
    assert "EC P-256, or RSA with 2048 bits" in failed.error.fix
    assert len(iot.reader().certificates_of(second.thing)) == 1
    assert not iot.reader().thing(first.thing)
    assert not register(wanted, iot, {first.core: request_of(first.core)}).failed


@pytest.mark.parametrize("text", ["nonsense", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"])
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(CloudError, match="the request of x is not a PEM CSR"):
        key_of_request(text)


def test_a_changed_policy_becomes_a_new_version_and_old_ones_make_room(
    wanted: Registration, iot: Iot
) -> None:
    """AWS IoT keeps five: the oldest goes, and the default is the newest."""
    device = wanted.devices[0]
    policy = device.policies[0]
    for number in range(7):
        assert isinstance(policy.document, dict)
        document = {**policy.document, "Id": str(number)}
        changed = replace(policy, document=document)
        register(replace(wanted, devices=(replace(device, policies=(changed,)),)), iot)
        assert iot.reader().policy(policy.name) == document
    assert len(iot.reader().spare_versions(policy.name)) == 4


def test_a_policy_that_is_no_longer_wanted_is_detached(wanted: Registration, iot: Iot) -> None:
    """Ours alone: what the owner attached stays."""
    device = wanted.devices[0]
    more = Policy(f"{wanted.fleet}-core-{device.core}-1", device.policies[0].document)
    both = replace(device, policies=(*device.policies, more))
    alone = replace(wanted, devices=(both,))
    register(alone, iot, {device.core: request_of(device.core)})
    [certificate] = iot.reader().certificates_of(device.thing)
    client = iot.clients().iot
    own = f"{wanted.fleet}-owners"
    client.create_policy(policyName=own, policyDocument="{}")
    client.attach_policy(policyName=own, target=certificate.arn)
    register(replace(wanted, devices=(device,)), iot)
    assert set(iot.reader().attached(certificate.arn)) == {device.policies[0].name, own}


def test_a_changed_role_is_corrected_and_the_owners_policies_stay(
    wanted: Registration, iot: Iot
) -> None:
    register(wanted, iot)
    assert wanted.role is not None
    name, iam = wanted.role.name, iot.clients().iam
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRole"}
    nobody = {"Version": "2012-10-17", "Statement": [statement]}
    nothing = {"Version": "2012-10-17",
               "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}  # fmt: skip
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(nobody))
    for policy in ("owners", "ggfleet-old"):
        document = json.dumps(nothing)
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    outcome = register(wanted, iot)
    assert [call.operation for call in outcome.shared] == [
        "update_assume_role_policy",
        "delete_role_policy",
    ]
    assert iot.reader().role_trust(name) == wanted.role.trust
    assert "owners" in iot.reader().role_policies(name)


def test_a_role_alias_of_others_is_left_as_it_is(wanted: Registration, iot: Iot) -> None:
    """A stack may have made it: no second role, and a note."""
    assert wanted.role is not None
    theirs = "arn:aws:iam::123456789012:role/theirs"
    iot.clients().iot.create_role_alias(roleAlias=wanted.role.alias, roleArn=theirs)
    outcome = register(wanted, iot)
    assert iot.reader().role_trust(wanted.role.name) is None
    assert iot.reader().alias(wanted.role.alias) == theirs
    assert any(theirs in note for note in outcome.notes)


def test_the_inventorys_certificate_is_attached_if_it_is_active(
    wanted: Registration, iot: Iot
) -> None:
    """A given certificate; one that AWS IoT does not know is named with its fix."""
    device = wanted.devices[0]
    made = iot.clients().iot.create_certificate_from_csr(
        certificateSigningRequest=request_of(device.core), setAsActive=True
    )
    given = replace(device, certificate_arn=made["certificateArn"])
    alone = replace(wanted, devices=(given,))
    register(alone, iot)
    assert [c.arn for c in iot.reader().certificates_of(device.thing)] == [made["certificateArn"]]
    assert iot.reader().attached(made["certificateArn"]) == [device.policies[0].name]
    assert not register(alone, iot).changed
    strange = replace(device, certificate_arn=made["certificateArn"][:-8] + "00000000")
    [failed] = register(replace(wanted, devices=(strange,)), iot).failed
    assert "is not known to AWS IoT" in str(failed.error)


def test_a_certificate_that_was_deactivated_by_hand_stays_so(
    wanted: Registration, iot: Iot
) -> None:
    device = wanted.devices[0]
    alone = replace(wanted, devices=(device,))
    request = request_of(device.core)
    register(alone, iot, {device.core: request})
    [certificate] = iot.reader().certificates_of(device.thing)
    iot.clients().iot.update_certificate(certificateId=certificate.id, newStatus="INACTIVE")
    [failed] = register(alone, iot, {device.core: request}).failed
    assert "is INACTIVE" in str(failed.error)
    assert len(iot.reader().certificates_of(device.thing)) == 1
