"""What V1 has beside functions and libraries: each mistake in it is told with its line and a fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.model import Encoding, Isolation, Pending, RunAs, Severity, Storage
from ggfleet.spec import Checked, check
from unit.spoilt_specs import INVENTORY, SPEC
from unit.test_spec_schema import complaints

WIDE = (
    SPEC
    + """\
function_defaults:
  isolation: none
  run_as: {uid: 1001}
system_functions:
  ip_detector: true
  cloud_spooler: {storage: files, size: 256 KiB}
  stream_manager: {port: 8088}
client_devices:
  button: {cores: raspberry_pi, thing: "plant:button"}
connectors:
  alarms: {connector: SNS, version: 4, parameters: {DefaultSNSArn: arn}}
"""
).replace("environment: {CONF", "isolation: container\n    environment: {CONF")
NATIVE = "executable: function.py\n    exec_args: --fast"


def check_wide(folder: Path, text: str) -> Checked:
    for name in ("libraries.txt", "hosts.yml", "code/function.py", "digits/x"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    (folder / "fleet.yml").write_text(text)
    return check(folder / "fleet.yml", lambda _: INVENTORY)


def test_reads_every_part(tmp_path: Path) -> None:
    """Groups stand for their hosts; defaults reach functions; a certificate may still be unknown."""
    fleet = check_wide(tmp_path, WIDE).fleet
    assert fleet is not None
    button = fleet.client_devices["button"]
    assert (button.cores, button.thing) == (("pi-01", "pi-02"), "plant:button")
    assert isinstance(button.certificate_arn, Pending)
    assert fleet.function_defaults.run_as == RunAs(uid=1001)
    spooler = fleet.system_functions.cloud_spooler
    assert spooler is not None
    assert (spooler.storage, spooler.size) == (Storage.FILES, 262144)
    assert fleet.functions["classify"].isolation is Isolation.CONTAINER
    assert fleet.ends() == ["cloud", "classify", "button", "alarms", "shadow"]
    assert complaints(WIDE) == []


def test_a_native_executable_takes_bytes(tmp_path: Path) -> None:
    text = WIDE.replace("handler: function.function_handler", NATIVE)
    fleet = check_wide(tmp_path, text).fleet
    assert fleet is not None
    function = fleet.functions["classify"]
    assert (function.encoding, function.handler) == (Encoding.BINARY, "function.py")
    assert complaints(text) == []


def test_defaults_hold_where_nothing_is_said(tmp_path: Path) -> None:
    text = WIDE.replace("    isolation: container\n", "").replace("memory: 1 GiB", "pinned: false")
    text = text.replace("    pinned: true\n", "")
    text = text.replace("    resources: {camera: rw, frames: ro}\n", "")
    fleet = check_wide(tmp_path, text).fleet
    assert fleet is not None
    assert fleet.functions["classify"].isolation is Isolation.NONE


HANDLER = "handler: function.function_handler"
CASES = {
    "small spooler": ("size: 256 KiB", "size: 255 KiB", "system_functions.cloud_spooler.size",
                      "256 KiB or more", True),
    "port": ("port: 8088", "port: 80", "system_functions.stream_manager.port", "from 1024", True),
    "endless port": ("port: 8088", f"port: {'9' * 400}", "system_functions.stream_manager.port",
                     "from 1024", True),
    "no id": ("run_as: {uid: 1001}", "run_as: {}", "function_defaults.run_as", "uid: 1001", False),
    "id": ("uid: 1001", "uid: root", "function_defaults.run_as.uid", "whole number", False),
    "no core": ("cores: raspberry_pi,", "cores: raspbery_pi,", "client_devices.button.cores",
                "did you mean raspberry_pi?", True),
    "name of a function": ("  button:", "  classify:", "client_devices.classify", "another name", True),
    "name of the cloud": ("  alarms:", "  cloud:", "connectors.cloud", "another name", True),
    "connector without version": (", version: 4", "", "connectors.alarms.version", "add `version:`",
                                  False),
    "version in the ARN": ("connector: SNS,", "connector: 'arn:aws:greengrass:x::/connectors/SNS/versions/4',",
                           "connectors.alarms.version", "remove it", False),
    "parameter twice": ("{DefaultSNSArn: arn}", "{A: b}, resources: {A: camera}",
                        "connectors.alarms.resources", "remove one", True),
    "handler and executable": (HANDLER, f"{HANDLER}\n    {NATIVE}", "functions.classify.handler",
                               "remove one of the two", False),
    "neither": (f"    {HANDLER}\n", "", "functions.classify.handler", "add `handler:`", False),
    "JSON for an executable": (HANDLER, f"{NATIVE}\n    encoding: json", "functions.classify.encoding",
                               "write binary", False),
    "no executable": (HANDLER, "executable: nothing", "functions.classify.executable",
                      "build it into a source folder", True),
    "encoding": (HANDLER, f"{HANDLER}\n    encoding: bin", "functions.classify.encoding",
                 "did you mean binary?", False),
    "runtime": (HANDLER, f"{HANDLER}\n    runtime: py38", "functions.classify.runtime",
                "write it like python3.8", False),
    "access": ("models: [digits]", "models: {digits: wr}", "functions.classify.models.digits",
               "rw", False),
    "owner by number": ("device: /dev/video0", "device: /dev/video0, owner: 44", "resources.camera.owner",
                        "video", False),
    "labels of a device": ("device: /dev/video0", "device: /dev/video0, staging_labels: [x]",
                           "resources.camera.staging_labels", "remove it", False),
    "owner's permission": ("destination: /mllibs", "destination: /mllibs, owner: {group: x, permission: w}",
                           "libraries.numpy.owner.permission", "rw", False),
    "owner without group": ("destination: /mllibs", "destination: /mllibs, owner: {permission: rw}",
                            "libraries.numpy.owner.group", "add `group:`", False),
    "section for a flag": ("ip_detector: true", "ip_detector: {}", "system_functions.ip_detector",
                           "single value", False),
}  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "path", "fix", "passes"), CASES.values(), ids=CASES)
def test_a_mistake_is_told_with_a_fix(
    tmp_path: Path, right: str, wrong: str, path: str, fix: str, passes: bool
) -> None:
    """`passes` tells whether the JSON Schema cannot see it."""
    assert right in WIDE
    text = WIDE.replace(right, wrong, 1)
    checked = check_wide(tmp_path, text)
    errors = [p for p in checked.problems if p.severity is Severity.ERROR]
    assert [p.path for p in errors if fix in p.fix] == [path], errors
    assert checked.fleet is None
    assert (complaints(text) == []) == passes
