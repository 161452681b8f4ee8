"""A whole spec as text, ways to spoil it, and what a reader must say of each."""

from __future__ import annotations

from typing import Any

SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "012345678901", bucket: line-greengrass}
platforms:
  pi: {architecture: aarch64, python: 3.10, glibc: "2.36"}
cores:
  inventory: hosts.yml
  groups: {raspberry_pi: pi}
libraries:
  numpy: {requirements: libraries.txt, install: ml-resource, destination: /mllibs}
models:
  digits: {source: digits, version: 1.0.0, destination: /models/digits}
resources:
  camera: {device: /dev/video0}
  frames: {volume: /srv/frames, destination: /frames}
functions:
  classify:
    source: code
    handler: function.function_handler
    pinned: true
    memory: 1 GiB
    timeout: 30 s
    libraries: [numpy]
    models: [digits]
    resources: {camera: rw, frames: ro}
    environment: {CONFIDENCE: 0.80, PLAIN: on}
subscriptions:
  - {from: cloud, topic: digits/request, to: classify}
  - {from: classify, topic: digits/result, to: cloud}
loggers:
  - {component: lambda, level: INFO, to: file, space: 10 MiB}
deployment:
  rollout: {start: 10 per minute, factor: 1.5, after: 10 succeeded}
  abort: {failed: 10 %, after: 5 cores}
"""

CERTIFICATE = "arn:aws:iot:eu-west-1:012345678901:cert/c1"

INVENTORY: dict[str, Any] = {
    "_meta": {
        "hostvars": {
            "pi-01": {
                "greengrass_thing_name": "thing-1",
                "greengrass_certificate_arn": CERTIFICATE,
            },
            "pi-02": {},
        }
    },
    "all": {"children": ["ungrouped", "greengrass"]},
    "greengrass": {"children": ["raspberry_pi", "jetson"]},
    "raspberry_pi": {"hosts": ["pi-01", "pi-02"]},
    "jetson": {"hosts": ["pi-02"]},
}

CASES = {
    "duplicate key": ("    pinned: true", "    pinned: true\n    pinned: false", 20,
                      "functions.classify.pinned", "is given twice, first on line 19"),
    "unknown top key": ("fleet: line", "fleet: line\nfunction: {}", 2, "function", "is not known"),
    "missing key": ("    handler: function.function_handler\n", "", 16,
                    "functions.classify.handler", "is missing"),
    "no value": ("    memory: 1 GiB", "    memory:", 20, "functions.classify.memory", "has no value"),
    "list for a word": ("fleet: line", "fleet: [line]", 1, "fleet", "is a list"),
    "word for a list": ("libraries: [numpy]", "libraries: numpy", 22,
                        "functions.classify.libraries", "is not a list"),
    "word for a mapping": ("  pi: {architecture: aarch64, python: 3.10, glibc: \"2.36\"}", "  pi: x",
                           4, "platforms.pi", "is not a mapping"),
    "yes for true": ("pinned: true", "pinned: yes", 19, "functions.classify.pinned", "cannot be"),
    "tag": ("fleet: line", "fleet: !vault line", 1, "fleet", "has the tag !vault"),
    "unit": ("memory: 1 GiB", "memory: 1 Gib", 20, "functions.classify.memory", "cannot be"),
    "empty word": ("fleet: line", 'fleet: ""', 1, "fleet", "is empty"),
    "empty topic": ("topic: digits/request", 'topic: " "', 27, "subscriptions[0].topic", "is empty"),
    "no platform for a group": ("raspberry_pi: pi", 'raspberry_pi: ""', 7,
                                "cores.groups.raspberry_pi", "names no platform"),
    "digits of another script": ('"012345678901"', '"٠١٢٣٤٥٦٧٨٩٠١"', 2, "aws.account", "cannot be"),
    "model beside the spec": ("source: digits", "source: .", 11, "models.digits.source",
                              "the spec's own folder"),
    "destination with a colon": ("destination: /mllibs", 'destination: "/a:b"', 9,
                                 "libraries.numpy.destination", "not a plain absolute path"),
    "reserved platform": ("  pi: {architecture: aarch64", "  any: {architecture: aarch64", 4,
                          "platforms.any", "means something else"),
    "endless size": ("memory: 1 GiB", f"memory: {'9' * 400} GiB", 20, "functions.classify.memory",
                     "cannot be"),
    "zero size": ("memory: 1 GiB", "memory: 0 GiB", 20, "functions.classify.memory", "cannot be"),
    "half a second": ("timeout: 30 s", "timeout: 0.5 s", 21, "functions.classify.timeout", "cannot"),
    "bad name": ("  classify:", "  1st:", 16, "functions.1st", "cannot be a name"),
    "no handler file": ("function.function_handler", "other.function_handler", 18,
                        "functions.classify.handler", "names other.py"),
    "no source folder": ("source: code", "source: cod", 17, "functions.classify.source",
                         "cod is not a folder"),
    "no requirements": ("libraries.txt", "nothing.txt", 9, "libraries.numpy.requirements",
                        "nothing.txt is not a file"),
    "bucket with dots": ("line-greengrass", "line.greengrass", 2, "aws.bucket", "cannot be"),
    "group twice": ("raspberry_pi: pi", "raspberry_pi: pi, jetson: pi", 7, "cores.groups.jetson",
                    "holds the host pi-02"),
    "unknown platform": ("raspberry_pi: pi", "raspberry_pi: pie", 7, "cores.groups.raspberry_pi",
                         "names the platform pie"),
    "unknown end": ("to: classify", "to: clasify", 27, "subscriptions[0].to", "neither cloud nor"),
    "cloud to cloud": ("to: classify", "to: cloud", 27, "subscriptions[0]", "from the cloud to the"),
    "no memory": ("    memory: 1 GiB\n", "", 16, "functions.classify.memory", "without a memory limit"),
    "device without container": ("    resources: {camera: rw, frames: ro}",
                                 "    isolation: none\n    resources: {camera: rw}", 25,
                                 "functions.classify.resources.camera", "isolation: none"),
    "relative destination": ("destination: /mllibs", "destination: mllibs", 9,
                             "libraries.numpy.destination", "cannot be"),
    "climbing destination": ("destination: /mllibs", "destination: /a/../b", 9,
                             "libraries.numpy.destination", "not a plain absolute path"),
    "useless destination": ("install: ml-resource", "install: os-pip", 9,
                            "libraries.numpy.destination", "has no meaning"),
    "two kinds": ("device: /dev/video0", "device: /dev/video0, volume: /x", 13, "resources.camera",
                  "must be one of"),
    "unknown resource": ("resources: {camera: rw", "resources: {camra: rw", 24,
                         "functions.classify.resources.camra", "is no resource"),
    "logger level": ("level: INFO", "level: info", 30, "loggers[0].level", "cannot be"),
    "space in the cloud": ("to: file", "to: cloudwatch", 30, "loggers[0].space", "only for logs"),
    "abort without unit": ("failed: 10 %", "failed: 10", 33, "deployment.abort.failed", "cannot be"),
    "bad variable": ("PLAIN: on", "1PLAIN: on", 25, "functions.classify.environment.1PLAIN",
                     "cannot be the name"),
    "long Lambda name": ("fleet: line", f"fleet: {'l' * 60}", 16, "functions.classify",
                         "69 characters of at most 64"),
    "model in S3 that is no archive": ("source: digits", "source: s3://bucket/model.tgz", 11,
                                       "models.digits.source", "no archive that a core unpacks"),
    "ARN of something else": ("source: digits", "source: arn:aws:sagemaker:eu-west-1:1:model/m", 11,
                              "models.digits.source", "no SageMaker training job"),
    "repeated logger": ("deployment:\n", "  - {component: lambda, level: WARN, to: file}\ndeployment:\n",
                        31, "loggers[1]", "as loggers[0] does"),
    "repeated subscription": ("  - {from: classify, topic: digits/result, to: cloud}",
                              "  - {from: cloud, topic: digits/request, to: classify}", 28,
                              "subscriptions[1]", "repeats subscriptions[0]"),
}  # fmt: skip
"""What to replace in the spec, what by; and the line, the path and words of what is said."""

BROKEN = {
    "fleet: [line\n": (2, "cannot be read"),
    "fleet: line\n\taws: {}\n": (2, "cannot be read"),
    "a: 1\n---\nb: 2\n": (2, "more than one YAML document"),
    "- fleet\n": (1, "is not a mapping"),
    "": (1, "is not a mapping"),
    "fleet: \x07\n": (1, "is not YAML"),
    "fleet: *nobody\n": (1, "cannot be read"),
    "a: &x [*x]\nfleet: line\n": (1, "is not known here"),
}
"""Texts that are no YAML, or not one mapping: the line, and words of what is said."""
