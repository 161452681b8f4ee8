"""Rules on connectors: where each begins to tell, and the neighbour that is still good."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ggfleet.spec.rules import connector_values as values
from ggfleet.spec.rules.connector_kinds import KINDS
from unit.rule_bounds import leaves_alone, tells

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

QUIET = {
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
    "a connector with - in its name": (
        "connector-unknown", "platforms: {pi: {architecture: x86_64}}\n" + DETECT % ("x86-64", "/models", "")),
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
}  # fmt: skip


@pytest.mark.parametrize(("rule", "change"), QUIET.values(), ids=QUIET)
def test_a_rule_leaves_alone(rule: str, change: str, tmp_path: Path) -> None:
    """The good side of a boundary."""
    leaves_alone(tmp_path, rule, change)


LOUD = {
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
}  # fmt: skip


@pytest.mark.parametrize(("rule", "change", "expected"), LOUD.values(), ids=LOUD)
def test_a_rule_tells(rule: str, change: str, expected: tuple[str, str], tmp_path: Path) -> None:
    """The bad side of a boundary that the rule's own example does not show, at its own place."""
    tells(tmp_path, rule, change, expected)


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
