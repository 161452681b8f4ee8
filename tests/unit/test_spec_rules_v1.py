"""Rules for V1 cores: where each begins to tell, and the neighbour that is still good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ggfleet.spec import Checked
from ggfleet.spec.rules import connector_values as values
from ggfleet.spec.rules.connector_kinds import KINDS
from unit.rule_examples import check_changed, check_example, found

OTHER = "  other: {source: code, handler: function.handler, isolation: none%s}\n"
MODEL = "models:\n  digits: {source: digits, version: 1.0.0, destination: /models%s}\nfunctions:\n"
OWNED = MODEL % ", owner: {group: %s, permission: %s}"
JETSON = "platforms: {pi: {gpu: jetson}}\nresources: {gpu: {device: /dev/nvhost-gpu}}\nfunctions: {classify: {memory: %s, resources: {gpu: rw}%s}}"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms"
SNS = (
    'connectors:\n  alarms: {connector: SNS, version: %s, parameters: {DefaultSNSArn: "'
    + TOPIC
    + '"%s}}\n'
)
SERIAL = """\
resources: {serial: {device: /dev/ttyS0}}
connectors:
  port:
    connector: SerialStream
    version: 3
    parameters: {BaudRate: "9600", Timeout: "5", SerialPort: %s, PollingRead: "%s"%s}
    resources: {SerialPort-ResourceId: %s}
"""
DETECT = """\
models: {digits: {source: digits, version: 1.0.0, destination: /models}}
connectors:
  detect:
    connector: ObjectDetection%s
    version: 1
    parameters: {MLModelDestinationPath: %s, LocalInferenceServiceName: detect, LocalInferenceServiceTimeoutSeconds: "30", LocalInferenceServiceMemoryLimitKB: "1048576", GPUAcceleration: CPU%s}
    resources: {MLModelResourceId: digits}
"""
FEEDBACK = '  feedback: {connector: MLFeedback, version: 1, parameters: {FeedbackConfigurationMap: "{a: b}"}}\n'
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
    "the newest SNS": ("connector-version", SNS % (4, "")),
    "an ARN of the Region": (
        "connector-region",
        "connectors: {a: {connector: 'arn:aws:greengrass:eu-west-1::/connectors/SNS/versions/4'}}",
    ),
    "every parameter": ("connector-parameter-missing", SERIAL % ("/dev/ttyS0", "false", "", "serial")),
    "a parameter of later versions": ("connector-parameter-unknown", SNS % (4, ", IsolationMode: NoContainer")),
    "a value that fits": ("connector-parameter-value", SERIAL % ("/dev/ttyS0", "False", ', Parity: n', "serial")),
    "the device itself": ("connector-resource", SERIAL % ("/dev/ttyS0", "false", "", "serial")),
    "the device's path": ("connector-resource-value", SERIAL % ("/dev/ttyS0", "false", "", "serial")),
    "the model's destination": ("connector-resource-value", DETECT % ("ARMv7", "/models/", "")),
    "a connector that does without": (
        "connector-container",
        "function_defaults: {isolation: none}\n" + SNS % (4, ", IsolationMode: NoContainer"),
    ),
    "a connector that never has a container": (
        "connector-container",
        "function_defaults: {isolation: none}\nconnectors: {a: {connector: ModbusTCPConnector, version: 3}}",
    ),
    "containers as the default": ("connector-container", SNS % (4, "")),
    "the platform's processor": (
        "connector-architecture", "platforms: {pi: {architecture: armv7l}}\n" + DETECT % ("ARMv7", "/models", "")),
    "SiteWise before the stream manager": (
        "connector-incomplete", "connectors: {plant: {connector: IoTSiteWise, version: 5}}"),
    "feedback with its connector": (
        "connector-incomplete", DETECT % ("ARMv7", "/models", ", MLFeedbackConnectorConfigId: a1") + FEEDBACK),
    "a connector's topic": (
        "connector-topic", SNS % (4, "") + "subscriptions:\n  - {from: classify, topic: sns/message, to: alarms}\n"),
    "a filter over it": (
        "connector-topic", SNS % (4, "") + "subscriptions:\n  - {from: alarms, topic: 'sns/#', to: cloud}\n"),
    "a connector that hears anything": (
        "connector-topic",
        "connectors: {a: {connector: IoTAnalytics, version: 4, parameters: {MemorySize: '1'}}}\n"
        "subscriptions:\n  - {from: classify, topic: a/b, to: a}\n",
    ),
    "a device with Python 3.7": ("connector-runtime", 'platforms: {pi: {python: "3.7"}}\n' + SNS % (4, "")),
    "a connector that calls nobody": ("role-connector", SERIAL % ("/dev/ttyS0", "false", "", "serial")),
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
    """The good side of a boundary, in a spec that is read without an error."""
    checked = check_changed(tmp_path / "spec", change)
    assert rule not in found(checked)
    assert checked.fleet is not None, checked.problems


def told(checked: Checked, rule: str) -> list[tuple[str, str]]:
    return [(p.path, f"{p.message}; {p.fix}") for p in checked.problems if p.rule == rule]


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
    "another version of the same connector": (
        "connector-repeated",
        SNS % (4, "") + "  others: {connector: 'arn:aws:greengrass:eu-west-1::/connectors/SNS/versions/3'}\n",
        ("connectors.others.connector", "as connectors.alarms is"),
    ),
    "what polling wants": (
        "connector-parameter-missing",
        SERIAL % ("/dev/ttyS0", "True", ", PollingReadLength: '1'", "serial"),
        ("connectors.port.parameters", "lacks PollingReadInterval, PollingReadType"),
    ),
    "neither pins in nor out": (
        "connector-parameter-missing",
        "resources: {mem: {device: /dev/gpiomem}}\n"
        "connectors: {pins: {connector: RaspberryPiGPIO, version: 3, resources: {GpioMem-ResourceId: mem}}}",
        ("connectors.pins.parameters", "lacks InputGpios or OutputGpios"),
    ),
    "a parameter of an earlier version": (
        "connector-parameter-unknown",
        "connectors: {plant: {connector: IoTSiteWise, version: 6, parameters: {SiteWiseOpcuaUserIdentityTokenSecretArn: x}}}",
        ("connectors.plant.parameters.SiteWiseOpcuaUserIdentityTokenSecretArn", "versions up to 1 have it"),
    ),
    "a misspelt parameter": (
        "connector-parameter-unknown",
        SNS % (4, ", IsolationMod: NoContainer"),
        ("connectors.alarms.parameters.IsolationMod", "did you mean IsolationMode?"),
    ),
    "an id that a person wrote": (
        "connector-resource",
        (SERIAL % ("/dev/ttyS0", "false", ", SerialPort-ResourceId: serial", "serial")).replace(
            "    resources: {SerialPort-ResourceId: serial}\n", ""),
        ("connectors.port.parameters.SerialPort-ResourceId", "write it under resources"),
    ),
    "a text as a resource": (
        "connector-resource",
        "resources: {serial: {device: /dev/ttyS0}}\n"
        "connectors: {alarms: {connector: SNS, version: 4, resources: {DefaultSNSArn: serial}}}",
        ("connectors.alarms.resources.DefaultSNSArn", "write it under parameters"),
    ),
    "a device elsewhere": (
        "connector-resource-value",
        "resources: {mem: {device: /dev/mem0}}\n"
        "connectors: {pins: {connector: RaspberryPiGPIO, version: 3, resources: {GpioMem-ResourceId: mem}}}",
        ("connectors.pins.resources.GpioMem-ResourceId", "name a device of /dev/gpiomem"),
    ),
    "an ML connector without containers": (
        "connector-container",
        "function_defaults: {isolation: none}\n" + DETECT % ("ARMv7", "/models", ""),
        ("connectors.detect", "runs in a container alone"),
    ),
    "feedback without its connector": (
        "connector-incomplete",
        DETECT % ("ARMv7", "/models", ", MLFeedbackConnectorConfigId: a1"),
        ("connectors.detect.parameters.MLFeedbackConnectorConfigId", "add the connector MLFeedback"),
    ),
    "what a connector does not say": (
        "connector-topic",
        SNS % (4, "") + "subscriptions:\n  - {from: alarms, topic: sns/message, to: cloud}\n",
        ("subscriptions[0].topic", "write sns/message/status"),
    ),
    "Java": (
        "connector-runtime",
        "connectors: {a: {connector: ModbusTCPConnector, version: 3}}",
        ("connectors.a.connector", "wants java8"),
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
    findings = told(check_changed(tmp_path / "spec", change), rule)
    path, words = expected
    assert [at for at, text in findings if words in text] == [path], findings


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


def test_the_table_of_connectors_agrees_with_itself() -> None:
    """What takes an id is a parameter, and so is what stands beside it or is wanted with another."""
    assert len(KINDS) == 22
    for name, kind in KINDS.items():
        known = set(kind.parameters)
        beside = {each.beside for each in kind.taken.values() if each.beside}
        wanted = {each for others in kind.if_true.values() for each in others}
        assert {*kind.taken, *beside, *kind.one_of, *kind.if_true, *wanted} <= known, name
        versions = [
            kind.isolation,
            kind.python,
            kind.streams,
            *(p.since for p in kind.parameters.values()),
        ]
        assert max(versions) <= kind.newest, name
        assert ("IsolationMode" in known) == bool(kind.isolation), name


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        (values.PERIOD, "seconds from 0 to 900"),
        (values.MODE, "one of GreengrassContainer, NoContainer"),
        ("|(?i:ascii|hex)", "one of ascii, hex, or nothing"),
        (f"|{values.FROM_1}", "a whole number, 1 or more, or nothing"),
        (r"/.*", "what fits /.*"),
    ],
)
def test_a_value_is_told_in_words(pattern: str, words: str) -> None:
    assert values.in_words(pattern) == words


@pytest.mark.parametrize(
    ("pattern", "good", "bad"),
    [
        (values.PERIOD, ("0", "99", "900"), ("901", "999", "1.5", "", "01")),
        (values.FROM_300, ("300", "1000"), ("299", "0300")),
        (values.FROM_2000, ("2000", "10000"), ("1999", "999")),
        (values.INPUTS, ("", "5,6U,7D"), ("5H", "5,", "U")),
        (values.REGION, ("", "eu-west-1", "us-gov-west-1"), ("eu_west_1",)),
    ],
)
def test_patterns_end_where_the_guide_says(
    pattern: str, good: tuple[str, ...], bad: tuple[str, ...]
) -> None:
    assert all(re.fullmatch(pattern, each) for each in good)
    assert not any(re.fullmatch(pattern, each) for each in bad)
