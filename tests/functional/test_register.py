"""Making cores known to AWS, and unknown again, against a stand-in for AWS IoT and IAM."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.pki import common_name
from functional.ggfleet_command import ROOT, ggfleet
from ggfleet.cloud import Leave, Reader, foretell, perform, plan_departure, plan_registration
from ggfleet.cloud.plan import Outcome, told
from ggfleet.cloud.requests import checked_request, key_of
from ggfleet.cloud.session import Clients
from ggfleet.errors import CloudError
from ggfleet.lint import load, with_stand_ins
from ggfleet.model import Device, Manifest, Policy, Registration
from ggfleet.render import Generation
from ggfleet.render.registration import registration
from ggfleet.system.progress import Silent
from iot_support import Iot, started_iot

SPEC = """\
fleet: {name}
aws: {{region: eu-west-1, account: "123456789012", bucket: some-bucket}}
platforms:
  pc: {{architecture: x86_64, python: "3.11", glibc: "2.36"}}
cores: {{inventory: hosts.yml, groups: {{pcs: pc}}}}
components: {{prefix: com.example}}
functions:
  fn: {{source: code, handler: function.handler, timeout: 5 s, isolation: none, pinned: true}}
subscriptions:
  - {{from: cloud, topic: ask/this, to: fn}}
  - {{from: fn, topic: tell/that, to: cloud}}
"""


@pytest.fixture(scope="module")
def iot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Iot]:
    with started_iot(tmp_path_factory.mktemp("iot")) as started:
        yield started


@pytest.fixture
def spec(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A spec with two cores; its name is the test's, so that tests share a server."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code/function.py").write_text("def handler(event, context):\n    pass\n")
    name = f"f{abs(hash(request.node.nodeid)) % 10**8}"
    hosts = f"pcs:\n  hosts:\n    {name}-a:\n    {name}-b:\n"
    (tmp_path / "hosts.yml").write_text(hosts)
    path = tmp_path / "fleet.yml"
    path.write_text(SPEC.format(name=name))
    return path


@pytest.fixture
def wanted(spec: Path) -> Registration:
    return wanted_of(spec)


def wanted_of(spec: Path, generation: Generation = Generation.V2) -> Registration:
    fleet = load(spec)
    return registration(fleet, with_stand_ins(fleet, Manifest()), generation)


def request_of(name: str, key: Any = None) -> str:
    """A signing request as PEM, with a key of its own unless one is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder(common_name(name))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def register(
    wanted: Registration, iot: Iot, requests: dict[str, str] | None = None, clients: Any = None
) -> Outcome:
    used = clients or iot.clients()
    plan = plan_registration(wanted, requests or {}, Reader(used), Silent())
    return perform(plan, used, Silent())


def depart(device: Device, leave: Leave, iot: Iot) -> Outcome:
    plan = plan_departure([device], leave, iot.reader(), Silent())
    return perform(plan, iot.clients(), Silent())


@dataclass
class Cut:
    """A client that raises before its `after`-th call that changes something."""

    client: Any
    after: int
    made: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.client, name)
        if name.startswith(("describe_", "list_", "get_", "can_")):
            return attribute

        def call(**arguments: Any) -> Any:
            if len(self.made) >= self.after:
                raise InterruptedError("the line was cut")
            self.made.append(name)
            return attribute(**arguments)

        return call


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


def key_of_request(request: str) -> bytes:
    return checked_request("x", request)


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


def test_v1_cores_get_their_policy_and_no_role(spec: Path, iot: Iot) -> None:
    """V1 has no token exchange; a core may tell the state of its own deployments."""
    wanted = wanted_of(spec, Generation.V1)
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


def test_rotation_keeps_the_new_certificate_alone(wanted: Registration, iot: Iot) -> None:
    """Deactivated and detached first; deleted with consent alone; nothing to do afterwards."""
    device = wanted.devices[0]
    alone = replace(wanted, devices=(device,))
    old = register(alone, iot, {device.core: request_of("old")}).cores[0].certificate
    new = register(alone, iot, {device.core: request_of("new")}).cores[0].certificate
    assert old is not None
    assert new is not None
    assert len(iot.reader().certificates_of(device.thing)) == 2
    depart(device, Leave(keep=new.id), iot)
    assert [c.id for c in iot.reader().certificates_of(device.thing)] == [new.id]
    left = iot.reader().certificate(old.id)
    assert left is not None
    assert (left.status, iot.reader().attached(old.arn)) == ("INACTIVE", [])
    assert iot.reader().attached(new.arn) == [device.policies[0].name]
    assert not depart(device, Leave(keep=new.id), iot).changed
    depart(device, Leave(certificates=(old.id,), delete=True), iot)
    assert iot.reader().certificate(old.id) is None


def test_a_core_is_never_left_without_a_certificate(wanted: Registration, iot: Iot) -> None:
    """What is to be kept must be active and attached."""
    device = wanted.devices[0]
    register(wanted, iot, {device.core: request_of("only")})
    [failed] = depart(device, Leave(keep="0" * 64), iot).failed
    assert "nothing is taken from it" in str(failed.error)
    assert [c.status for c in iot.reader().certificates_of(device.thing)] == ["ACTIVE"]


def test_a_certificate_of_two_things_is_not_taken_from_both(wanted: Registration, iot: Iot) -> None:
    first, second = wanted.devices
    register(wanted, iot, {first.core: request_of("shared")})
    [certificate] = iot.reader().certificates_of(first.thing)
    client = iot.clients().iot
    client.attach_thing_principal(thingName=second.thing, principal=certificate.arn)
    [failed] = depart(first, Leave(), iot).failed
    assert f"serves {second.thing} too" in str(failed.error)


def test_a_whole_core_goes_with_what_is_its_own(wanted: Registration, iot: Iot) -> None:
    """First out of use, then with consent deleted; the other core and the role stay."""
    first, second = wanted.devices
    register(wanted, iot, {core.core: request_of(core.core) for core in wanted.devices})
    depart(first, Leave(), iot)
    assert iot.reader().groups_of(first.thing) == []
    assert iot.reader().thing(first.thing)
    depart(first, Leave(delete=True), iot)
    assert not iot.reader().thing(first.thing)
    assert iot.reader().policy(first.policies[0].name) is None
    assert len(iot.reader().certificates_of(second.thing)) == 1
    assert not depart(first, Leave(delete=True), iot).changed


def test_a_revoked_certificate_stays_revoked(wanted: Registration, iot: Iot) -> None:
    device = wanted.devices[0]
    made = register(wanted, iot, {device.core: request_of("x")}).cores[0].certificate
    assert made is not None
    depart(device, Leave(certificates=(made.id,), revoke=True), iot)
    depart(device, Leave(certificates=(made.id,)), iot)
    found = iot.reader().certificate(made.id)
    assert found is not None
    assert found.status == "REVOKED"


# The commands -----------------------------------------------------------------------------------


def run(iot: Iot, *arguments: str | Path, stdin: str = "") -> Any:
    return ggfleet(*arguments, cwd=ROOT, stdin=stdin, **iot.environment)


def test_the_command_reads_requests_and_writes_certificates(
    spec: Path, iot: Iot, tmp_path: Path
) -> None:
    """From a folder or stdin; --check changes nothing; exit code 1 when a core failed."""
    name = load(spec).cores[0].name
    folder = tmp_path / "requests"
    folder.mkdir()
    request = request_of(name)
    (folder / f"{name}.csr").write_text(request)
    common = ("register", spec, "--requests", folder, "--out", tmp_path / "out")
    checked = run(iot, *common, "--check")
    assert checked.returncode == 0, checked.stderr
    assert f"{name}: would sign the request of {name}" in checked.stdout
    assert not (tmp_path / "out").exists()
    done = run(iot, *common)
    assert done.returncode == 0, done.stderr
    assert f"{name}: sign the request of {name}" in done.stdout
    assert key_of((tmp_path / f"out/{name}.pem").read_text()) == key_of_request(request)
    again = run(
        iot, "register", spec, "--requests", "-", "--json", stdin=json.dumps({name: request})
    )
    told_json = json.loads(again.stdout)
    assert (again.returncode, told_json["changed"]) == (0, False)
    assert (
        told_json["cores"][name]["certificate"]["pem"] == (tmp_path / f"out/{name}.pem").read_text()
    )
    assert told_json["role_alias"] == f"{load(spec).name}-token-exchange"
    broken = run(iot, "register", spec, "--requests", "-", "--json", stdin=json.dumps({name: "no"}))
    assert broken.returncode == 1
    assert "not a PEM CSR" in json.loads(broken.stdout)["cores"][name]["error"]["message"]
    gone = run(iot, "unregister", spec, "--core", name, "--json")
    assert json.loads(gone.stdout)["cores"][name]["changed"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("register", "--core", "nobody"), "nobody is no core of the spec"),
        (("register", "--requests", "-"), "stdin is no JSON"),
        (("register", "--requests", "/nowhere"), "holds no <core>.csr"),
        (("unregister", "--core", "nobody"), "nobody is no core of the spec"),
        (("unregister",), "--core"),
        (("unregister", "--core", "x", "--keep", "1", "--certificate", "2"), "exclude each other"),
    ],
)
def test_mistakes_are_told_without_traceback(
    spec: Path, iot: Iot, arguments: tuple[str, ...], said: str
) -> None:
    verb, *others = arguments
    done = run(iot, verb, spec, *others)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_silent_endpoint_is_told(spec: Path) -> None:
    done = ggfleet("register", spec, AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x",
                   AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")  # fmt: skip
    assert done.returncode == 2
    assert "no answer" in done.stderr


def test_outcomes_are_plain_values() -> None:
    """A plan can be kept and compared, as data can."""
    assert all(dataclasses.is_dataclass(each) for each in (Outcome, Leave, Registration))
