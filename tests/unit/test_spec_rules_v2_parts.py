"""Rules on what AWS's components do on V2: where they begin, and what they leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.rule_bounds import leaves_alone, told
from unit.rule_examples import check_example

BUTTON = "client_devices: {button: {cores: pi-01}}\n"
PC = "platforms: {pi: {architecture: x86_64}}\n"
CALL = "client.update_thing_shadow(thingName='a', payload='')"
CODE = f"import greengrasssdk\n\nclient = greengrasssdk.client('iot-data')\n\n\ndef handler(event, context):\n    {CALL}\n"


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("device-emqx", BUTTON),
        ("device-emqx", "deployment: {broker: emqx}"),
        ("device-emqx", BUTTON + PC + "deployment: {broker: emqx}"),
        ("device-emqx", BUTTON + "deployment: {broker: emqx, nuclei: {pi: lite}}"),
        (
            "logger-cloudwatch-lite",
            "loggers: [{component: lambda, level: INFO, to: cloudwatch}]\n"
            "deployment: {nuclei: {pi: lite}}",
        ),
    ],
)
def test_what_is_right_is_left_alone(rule: str, change: str, tmp_path: Path) -> None:
    leaves_alone(tmp_path, rule, change)


def test_a_subscription_to_shadow_allows_the_sdks_calls(tmp_path: Path) -> None:
    """That is where the policy comes from; one from the shadow service is none."""
    topic = "$aws/things/a/shadow/update"
    files = {"code/function.py": CODE}
    assert told(check_example(tmp_path / "none", files), "code-shadow")
    for number, (source, target) in enumerate((("classify", "shadow"), ("shadow", "classify"))):
        line = f"subscriptions: [{{from: {source}, topic: {topic}, to: {target}}}]\n"
        checked = check_example(tmp_path / str(number), {**files, "fleet.yml": line})
        assert bool(told(checked, "code-shadow")) is (source == "shadow")
