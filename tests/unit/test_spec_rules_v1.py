"""Rules for V1 cores: where each begins to tell, and the neighbour that is still good."""

from __future__ import annotations

from pathlib import Path
from time import process_time

import pytest

from ggfleet.model import ClientDevice, Resolved
from ggfleet.spec.rules import findings
from unit.factories import make_core, make_fleet, make_function
from unit.rule_bounds import leaves_alone, tells, told
from unit.rule_examples import check_changed, check_example

OTHER = "  other: {source: code, handler: function.handler, isolation: none%s}\n"
MODEL = "models:\n  digits: {source: digits, version: 1.0.0, destination: /models%s}\nfunctions:\n"
OWNED = MODEL % ", owner: {group: %s, permission: %s}"
JETSON = "platforms: {pi: {gpu: jetson}}\nresources: {gpu: {device: /dev/nvhost-gpu}}\nfunctions: {classify: {memory: %s, resources: {gpu: rw}%s}}"
ARN = "arn:aws:iot:eu-west-1:123456789012:cert/757e11"
SHADOW = "subscriptions:\n  - {from: %s, topic: '%s', to: %s}\n"

QUIET = {
    "a process that is root": ("container-sysfs", "functions: {classify: {access_sysfs: true}}"),
    "2 GB on a GPU": ("container-memory-gpu", JETSON % ("2 GB", "")),
    "the GPU of a Pi": ("container-memory-gpu", JETSON.replace("gpu: jetson", "") % ("64 MiB", "")),
    "a GPU with /sys": ("container-gpu-sysfs", JETSON % ("2 GB", ", access_sysfs: true")),
    "as much as the owner": (
        "owner-permission",
        OWNED % ("ggc_ml", "rw") + "  classify: {models: {digits: rw}}\n" + OTHER % ", models: [digits]",
    ),
    "no owner without a process": ("owner-permission", MODEL % "" + "  classify: {models: {digits: rw}}\n"),
    "an owner who may write": ("owner-access", OWNED % ("ggc_ml", "rw") + OTHER % ", models: {digits: rw}"),
    "a group of the defaults": (
        "owner-run-as",
        "function_defaults: {run_as: {gid: 1001}}\n"
        + OWNED % ("ggc_group", "ro") + OTHER % ", models: [digits]",
    ),
    "root may do as it likes": (
        "owner-run-as",
        "function_defaults: {run_as: {uid: 0, gid: 1001}}\n"
        + OWNED % ("'1001'", "ro") + OTHER % ", models: [digits]",
    ),
    "shared memory as a volume": (
        "local-device-shm",
        "resources: {data: {volume: /dev/shm, destination: /shm}}\nfunctions: {classify: {resources: {data: rw}}}",
    ),
    "a folder like shared memory": (
        "local-device-shm",
        "resources: {data: {device: /dev/shmem}}\nfunctions: {classify: {resources: {data: rw}}}",
    ),
    "both nodes of a camera": (
        "local-camera",
        "resources: {a: {device: /dev/vcsm}, b: {device: /dev/vchiq}}\n"
        "functions: {classify: {resources: {a: rw, b: rw}}}",
    ),
    "two nodes of different names": (
        "local-device-id",
        "resources: {data: {device: [/dev/a, /dev/b]}}\nfunctions: {classify: {resources: {data: rw}}}",
    ),
    "a further label": (
        "secret-label",
        'resources: {a: {secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-a-AbCdEf", '
        "staging_labels: [AWSPREVIOUS]}}\nfunctions: {classify: {resources: {a: ro}}}",
    ),
    "a shadow is asked": ("subscription-shadow", SHADOW % ("classify", "$aws/things/pi-01/shadow/update", "shadow")),
    "a shadow answers": (
        "subscription-shadow", SHADOW % ("shadow", "$aws/things/pi-01/shadow/update/delta", "classify")),
    "a shadow's topics together": ("subscription-shadow", SHADOW % ("shadow", "$aws/things/pi-01/shadow/#", "classify")),
    "three client devices": (
        "device-thing-repeated",
        "client_devices: {a: {cores: pi-01}, b: {cores: pi-01}, c: {cores: pi-01, thing: d}}",
    ),
    "the IP detector": (
        "device-address", "system_functions: {ip_detector: true}\nclient_devices: {a: {cores: pi-01}}"),
    "200 client devices": (
        "limit-client-devices",
        "client_devices:\n" + "".join(f"  d{n}: {{cores: pi-01}}\n" for n in range(200)),
    ),
    "2,500 client devices": (
        "limit-client-devices-most",
        "client_devices:\n" + "".join(f"  d{n}: {{cores: pi-01}}\n" for n in range(2500)),
    ),
    "no stream manager": ("system-stream-java", "system_functions: {cloud_spooler: {}}"),
    "128,000 KB": ("system-stream-memory", "system_functions: {stream_manager: {memory: 125 MiB}}"),
    "a stream manager without a container": (
        "system-stream-memory",
        "function_defaults: {isolation: none}\nsystem_functions: {stream_manager: {memory: 64 MiB}}",
    ),
    "its own port": ("system-stream-port", "system_functions: {stream_manager: {port: 8088}}"),
    "absolute folders": ("system-stream-folders", "system_functions: {stream_manager: {read_only: [/tmp/, /mnt/a]}}"),
    "logs in files": ("role-logs", "loggers:\n  - {component: lambda, level: INFO, to: file}\n"),
    "a runtime of V1": (
        "function-runtime",
        "functions: {o: {source: code, handler: function.handler, memory: 64 MiB, runtime: python3.8}}",
    ),
    "the platform's own runtime": (
        "function-runtime-device",
        "functions: {o: {source: code, handler: function.handler, memory: 64 MiB, runtime: python3.8}}",
    ),
    "libraries for the runtime": (
        "function-runtime-libraries",
        "libraries: {numpy: {requirements: libraries.txt, install: in-function}}\n"
        "functions: {classify: {runtime: python3.8, libraries: [numpy]}}",
    ),
    "another user": ("function-root", "functions: {classify: {run_as: {uid: 1001, gid: 1001}}}"),
    "a function that is asked": (
        "function-idle",
        "functions: {classify: {pinned: false}}\nsubscriptions:\n  - {from: cloud, topic: a, to: classify}\n",
    ),
    "a pinned one with a model": ("function-pinned", MODEL % "" + "  classify: {models: [digits]}\n"),
    "Python 3.15": ("platform-python", 'platforms: {new: {architecture: aarch64, python: "3.15", glibc: "2.42"}}'),
    "glibc 2.42": ("platform-glibc", 'platforms: {new: {architecture: aarch64, python: "3.13", glibc: "2.42"}}'),
    "glibc 2.14": ("platform-glibc-v1", 'platforms: {pi: {glibc: "2.14"}}'),
    "a file of a model": (
        "model-local-archive",
        "models: {digits: {source: libraries.txt, version: 1.0.0, destination: /models}}\nfunctions: {classify: {models: [digits]}}",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "change"), QUIET.values(), ids=QUIET)
def test_a_rule_leaves_alone(rule: str, change: str, tmp_path: Path) -> None:
    """The good side of a boundary."""
    leaves_alone(tmp_path, rule, change)


LOUD = {
    "a numbered owner and the defaults' group": (
        "owner-run-as",
        "function_defaults: {run_as: {gid: 1001}}\n" + OWNED % ("'1001'", "ro") + OTHER % ", models: [digits]",
        ("models.digits.owner", "classify run as"),
    ),
    "a group of its own": (
        "owner-run-as",
        OWNED % ("'1001'", "ro") + OTHER % ", models: [digits]" + "  third: {source: code, handler: function.handler, "
        "isolation: none, run_as: {gid: 1001}}\n",
        ("models.digits.owner", "third run as"),
    ),
    "root of the group's default": (
        "function-root",
        "function_defaults: {run_as: {uid: 0}}",
        ("function_defaults.run_as", "is root"),
    ),
    "what a shadow is not told": (
        "subscription-shadow",
        SHADOW % ("classify", "$aws/things/pi-01/shadow/update/accepted", "shadow"),
        ("subscriptions[0].topic", "$aws/things/THING/shadow/update"),
    ),
    "a core's certificate": (
        "device-certificate-repeated",
        f'client_devices: {{a: {{cores: pi-01, certificate: "{ARN}"}}, b: {{cores: pi-01, certificate: "{ARN}"}}}}',
        ("client_devices.b.certificate", "is that of the thing a"),
    ),
    "the nodes of a GPU": (
        "function-policies",
        "platforms: {pi: {preset: jetson-orin}}\nresources: {gpu: {device: gpu}, a: {device: /dev/a}, b: {device: /dev/b}}\n"
        "functions: {classify: {resources: {gpu: rw, a: rw, b: rw}}}",
        ("functions.classify", "has 11 resources"),
    ),
    "a camera to read": (
        "local-camera",
        "resources: {a: {device: /dev/vcsm}, b: {device: /dev/vchiq}}\n"
        "functions: {classify: {resources: {a: ro, b: rw}}}",
        ("functions.classify.resources.a", "write rw"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "change", "expected"), LOUD.values(), ids=LOUD)
def test_a_rule_tells(rule: str, change: str, expected: tuple[str, str], tmp_path: Path) -> None:
    """The bad side of a boundary that the rule's own example does not show, at its own place."""
    tells(tmp_path, rule, change, expected)


def test_a_finding_stands_on_the_offending_line(tmp_path: Path) -> None:
    """Of two connectors of one kind the second, of two secrets the second, and of two devices."""
    secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-a-AbCdEf"
    spec = (
        f"connectors:\n  one: {{connector: SNS, version: 4}}\n  two: {{connector: SNS, version: 4}}\n"
        f'resources: {{a: {{secret: "{secret}"}}, b: {{secret: "{secret}"}}}}\n'
        "client_devices: {c: {cores: pi-01, thing: t}, d: {cores: pi-01, thing: t}}\n"
    )
    checked = check_changed(tmp_path / "spec", spec)
    lines = (tmp_path / "spec/fleet.yml").read_text().splitlines()
    place = {p.rule: lines[p.place.line - 1].strip() for p in checked.problems}
    assert place["connector-repeated"].startswith("connector:")
    assert place["device-thing-repeated"].startswith("thing:")
    second = next(p for p in checked.problems if p.rule == "secret-repeated")
    assert second.path == "resources.b.secret"


def test_one_thing_of_two_cores_may_be_two_client_devices(tmp_path: Path) -> None:
    """Groups are apart: only two of one group have one id. Eleven cores are one too many."""
    hosts = "raspberry_pi:\n  hosts:\n" + "".join(f"    pi-{n}: {{}}\n" for n in range(11))
    apart = "client_devices: {a: {cores: pi-1, thing: t}, b: {cores: pi-2, thing: t}}"
    files = {"fleet.yml": apart, "hosts.yml": hosts}
    assert not told(check_example(tmp_path / "apart", files), "device-thing-repeated")
    cores = ", ".join(f"pi-{n}" for n in range(10))
    ten = f"client_devices: {{a: {{cores: [{cores}]}}}}"
    files = {"fleet.yml": ten, "hosts.yml": hosts}
    assert not told(check_example(tmp_path / "ten", files), "device-groups")
    files = {"fleet.yml": "client_devices: {a: {cores: raspberry_pi}}", "hosts.yml": hosts}
    assert told(check_example(tmp_path / "eleven", files), "device-groups")


def test_names_that_only_look_derived(tmp_path: Path) -> None:
    """pi-c01 is a connection of pi; pi-02 and x-c01 are names as any."""
    hosts = "raspberry_pi:\n  hosts: {pi: {}, pi-02: {}, x-c01: {}, pi-cell: {}}\n"
    checked = check_example(tmp_path / "spec", {"hosts.yml": hosts})
    assert not told(checked, "core-thing-derived")


def test_rules_are_linear_in_cores(tmp_path: Path) -> None:
    """10,000 cores, each with a client device: 3 s of processor time would be a square somewhere."""
    cores = [make_core(f"c{n}", certificate_arn=Resolved(f"{ARN}{n}")) for n in range(10_000)]
    devices = {
        f"d{n}": ClientDevice(f"d{n}", (f"c{n}",), f"d{n}", Resolved(f"{ARN}d{n}"))
        for n in range(10_000)
    }
    functions = [make_function(f"f{n}", runtime="python3.8") for n in range(20)]
    fleet = make_fleet(cores=tuple(cores), client_devices=devices, functions=functions)
    begin = process_time()
    told = [rule.id for rule, _ in findings(fleet, tmp_path)]
    assert process_time() - begin < 3
    assert "device-address" in told
