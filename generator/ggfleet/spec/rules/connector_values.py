"""What values connectors' parameters have: patterns, and the same in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

ANY = ".+"
"""Values that only the service or the device can judge."""

PERIOD = r"\d|[1-9]\d|[1-8]\d\d|900"
PERIOD_FROM_1 = r"[1-9]|[1-9]\d|[1-8]\d\d|900"
UNDER_60 = r"[1-9]|[1-5]\d"
FROM_300 = r"[3-9]\d\d|[1-9]\d{3,}"
FROM_2000 = r"[2-9]\d{3}|[1-9]\d{4,}"
FROM_1 = r"[1-9]\d*"
NUMBER = r"\d+"
REGION = r"|[a-z]{2}(-[a-z]+)+-\d"
FLAG = "(?i:true|false)"
FOLDER = r"\s*|/.*"
SECRET = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+"  # noqa: S105 - its ARN
JOB = r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:training-job/.+"
STREAM = r"arn:aws[a-z-]*:firehose:[a-z0-9-]+:\d{12}:deliverystream/[\w.-]+"
TOPIC = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]+"
SERVICE = r"[a-zA-Z0-9][a-zA-Z0-9-]{1,62}"
INPUTS = r"|\d+[UD]?(,\d+[UD]?)*"
OUTPUTS = r"|\d+[HL]?(,\d+[HL]?)*"
MODE = "GreengrassContainer|NoContainer"
RATES = "110|300|600|1200|2400|4800|9600|14400|19200|28800|38400|56000|57600|115200|230400"
ENDPOINT = r"(https?://)?[\w-]+(\.[\w-]+)*(:\d{1,5})?(/.*)?"
JSON = r"(?s)\s*\{.+\}\s*"
POLLED = r"|[1-9]\d{0,4}"

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        PERIOD: "seconds from 0 to 900",
        PERIOD_FROM_1: "seconds from 1 to 900",
        UNDER_60: "seconds from 1 to 59",
        FROM_300: "seconds, 300 or more",
        FROM_2000: "a whole number, 2000 or more",
        FROM_1: "a whole number, 1 or more",
        NUMBER: "a whole number without a unit",
        REGION: "a Region, such as eu-west-1",
        FOLDER: "an absolute path",
        SECRET: "the ARN of a secret",
        JOB: "arn:aws:sagemaker:REGION:ACCOUNT:training-job/NAME",
        STREAM: "arn:aws:firehose:REGION:ACCOUNT:deliverystream/NAME",
        TOPIC: "arn:aws:sns:REGION:ACCOUNT:NAME",
        SERVICE: "2 to 63 letters, digits and -",
        INPUTS: "numbers of pins with U or D for a resistor: 5,6U,7D",
        OUTPUTS: "numbers of pins with H or L for their state: 8H,9L",
        ENDPOINT: "an address, such as https://splunk.example.com:8088",
        JSON: "a JSON object",
    }
)


def in_words(pattern: str) -> str:
    """What a value is, for people: a phrase, the words it may be, or the pattern itself."""
    plain = pattern.removeprefix("(?i:").removesuffix(")").strip("|")
    if pattern.startswith("|") and pattern not in _WORDS:
        return f"{in_words(plain)}, or nothing"
    if re.fullmatch(r"[\w|-]+", plain):
        return f"one of {', '.join(plain.split('|'))}"
    return _WORDS.get(pattern, f"what fits {pattern}")
