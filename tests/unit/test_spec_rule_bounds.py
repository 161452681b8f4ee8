"""Where rules begin and end: the value that is still good, and what is none of their business."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from time import perf_counter

import pytest

from ggfleet.model import Severity, Subscription
from ggfleet.spec.rules.filters import FilterTree, overlap
from ggfleet.spec.rules.rings import rings
from unit.rule_examples import CODE, check_changed, check_example, found

OTHER = "other: {source: code, handler: function.handler, isolation: none"
MODEL = "models:\n  digits: {source: %s, version: 1.0.0, destination: /models}\nfunctions:\n  classify: {models: [digits]}\n"
SECRET = 'resources:\n  broker: {secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:%s"}\nfunctions:\n  classify: {resources: {broker: ro}}\n'
VOLUME = "resources:\n  data: {volume: %s, destination: %s}\nfunctions:\n  classify: {resources: {data: %s}}\n"
LIBRARY = "libraries:\n  numpy: {requirements: libraries.txt, install: %s}\nfunctions:\n  classify: {libraries: [numpy]%s}\n"
TOPIC = "subscriptions:\n  - {from: cloud, topic: '%s', to: classify}\n"


def subscriptions(*three: str) -> str:
    lines = (each.split() for each in three)
    rows = "".join(f"  - {{from: {a}, topic: '{t}', to: {b}}}\n" for a, t, b in lines)
    return f"functions:\n  scale: {{source: code, handler: function.handler, memory: 64 MiB}}\nsubscriptions:\n{rows}"


def volumes(count: int) -> str:
    lines = "".join(f"  v{n}: {{volume: /srv/{n}, destination: /v{n}}}\n" for n in range(count))
    names = ", ".join(f"v{n}: ro" for n in range(count))
    return f"resources:\n{lines}functions:\n  classify: {{resources: {{{names}}}}}\n"


QUIET = {
    "a resource of a connector": (
        "name-unused",
        "resources: {serial: {device: /dev/ttyS0}}\n"
        "connectors: {port: {connector: SerialStream, version: 3, resources: {Port: serial}}}",
    ),
    "ends that are no functions": (
        "subscription-end",
        "client_devices: {button: {cores: pi-01}}\nconnectors: {alarms: {connector: SNS, version: 4}}\n"
        "subscriptions:\n  - {from: button, topic: pressed, to: alarms}\n  - {from: shadow, topic: a, to: button}\n",
    ),
    "a wildcard for a device, which V2 leaves out": (
        "subscription-local-wildcard",
        "client_devices: {lamp: {cores: pi-01}}\n"
        "subscriptions:\n  - {from: classify, topic: 'lamps/+', to: lamp}\n",
    ),
    "a native executable in little memory": (
        "container-memory-python",
        "functions: {native: {source: code, executable: function.py, memory: 4 MiB}}",
    ),
    "a handler of another language": (
        "file-handler",
        "functions: {other: {source: code, handler: index.handler, runtime: nodejs12.x, memory: 64 MiB}}",
    ),
    "a function with a group of its own": (
        "owner-run-as",
        MODEL.replace("/models}", "/models, owner: ggc_group}") % "digits"
        + f"  one: {{source: code, handler: function.handler, isolation: none, models: [digits]}}\n"
        f"  {OTHER}, run_as: {{gid: 1001}}}}\n",
    ),
    "ten resources": ("function-policies", volumes(10)),
    "twenty resources are no error": ("function-policies-limit", volumes(20)),
    "sixteen MiB": ("container-memory-python", "functions: {classify: {memory: 16 MiB}}"),
    "little memory without libraries": ("container-memory-libraries", "functions: {classify: {memory: 32 MiB}}"),
    "96 MiB with libraries": (
        "container-memory-libraries",
        LIBRARY % ("ml-resource, destination: /mllibs", ", memory: 96 MiB"),
    ),
    "python3.8": ("platform-runtime", "fleet: line"),
    "a late Python that no core has": (
        "platform-runtime",
        'platforms: {new: {architecture: aarch64, python: "3.13", glibc: "2.41"}}',
    ),
    "cgroup v2 without containers": (
        "platform-cgroup",
        'platforms: {pi: {glibc: "2.36"}}\nfunctions: {classify: {isolation: none}}',
    ),
    "os-pip on Ubuntu 22.04": (
        "platform-os-pip", 'platforms: {pi: {python: "3.10", glibc: "2.35"}}\n' + LIBRARY % ("os-pip", "")),
    "ml-resource on Debian 12": (
        "platform-os-pip",
        'platforms: {pi: {python: "3.11", glibc: "2.36"}}\n' + LIBRARY % ("in-function", ""),
    ),
    "an archive of V1": ("model-archive", MODEL % "s3://greengrass/digits.tar.gz"),
    "the key may be the readable part": ("model-bucket-policy", MODEL % "s3://models/greengrass/digits.zip"),
    "a bucket that carries functions alone": ("model-bucket-policy", "aws: {bucket: line-bucket}"),
    "a readable secret": ("secret-policy", SECRET % "greengrass-broker-AbCdEf"),
    "siblings": (
        "destination-nested",
        MODEL.replace("/models}", "/ml/a}\n  letters: {source: digits, version: 1.0.0, destination: /ml/ab}").replace(
            "models: [digits]", "isolation: none, models: [digits, letters]") % "digits",
    ),
    "shared memory": ("local-volume-source", VOLUME % ("/dev/shm", "/shm", "rw")),
    "a folder that begins like /var": ("local-volume-source", VOLUME % ("/various", "/data", "ro")),
    "proc to read": ("local-volume-proc", VOLUME % ("/proc", "/host/proc", "ro")),
    "a trailing slash": ("local-path", VOLUME % ("/srv/data/", "/data/", "ro")),
    "a variable of its own": ("environment-core", "functions: {classify: {environment: {HOME: /tmp, PATH: /bin}}}"),
    "256 bytes": ("topic-length", TOPIC % ("a" * 256)),
    "seven slashes": ("topic-levels", TOPIC % "1/2/3/4/5/6/7/8"),
    "one plus": ("topic-plus-count", TOPIC % "a/+/b"),
    "a shadow topic by name": ("topic-shadow", TOPIC % "$aws/things/pi-01/shadow/update/delta"),
    "request and result": (
        "subscription-loop",
        subscriptions("cloud digits/request classify", "classify digits/result cloud"),
    ),
    "two ways to one function": (
        "subscription-overlap", subscriptions("cloud digits/# classify", "scale digits/a classify")),
    "filters apart": ("subscription-overlap", subscriptions("cloud a/+ classify", "cloud a/+/b classify")),
    "a wildcard to the cloud": ("subscription-local-wildcard", subscriptions("classify digits/+ cloud")),
    "fifty from the cloud": (
        "limit-cloud-subscriptions", subscriptions(*(f"cloud t/{n} classify" for n in range(50)))),
    "a thousand a minute": (
        "limit-rollout",
        "deployment: {rollout: {start: 1000 per minute, factor: 2, after: 1 succeeded}}",
    ),
    "an owner of containers alone": (
        "owner-run-as", MODEL.replace("/models}", "/models, owner: ggc_group}") % "digits"),
    "three seconds without a model": ("function-timeout", "functions: {classify: {timeout: 3 s}}"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "change"), QUIET.values(), ids=QUIET)
def test_a_rule_leaves_alone(rule: str, change: str, tmp_path: Path) -> None:
    """The good side of a boundary, in a spec that is read without an error."""
    checked = check_changed(tmp_path / "spec", change)
    assert rule not in found(checked)
    assert checked.fleet is not None or "local-" in rule, checked.problems


def test_an_owner_group_that_all_functions_have_is_fine(tmp_path: Path) -> None:
    """ggc_group owns a model that every function has attached: V1 takes that."""
    model = MODEL.replace("/models}", "/models, owner: ggc_group}") % "digits"
    everyone = f"{model}  {OTHER}, models: [digits]}}\n"
    assert "owner-run-as" not in found(check_changed(tmp_path / "all", everyone))
    someone = f"{model}  {OTHER}, models: [digits]}}\n  third: {{source: code, handler: function.handler, isolation: none}}\n"
    assert "owner-run-as" in found(check_changed(tmp_path / "some", someone))


@pytest.mark.parametrize(
    ("isolation", "rule", "severity"),
    [
        ("container", "destination-hidden", Severity.WARNING),
        ("none", "destination-nested", Severity.ERROR),
    ],
)
def test_nested_models_hide_each_other_in_a_container_and_are_refused_without_one(
    tmp_path: Path, isolation: str, rule: str, severity: Severity
) -> None:
    text = (
        "models:\n  digits: {source: digits, version: 1.0.0, destination: /ml}\n"
        "  letters: {source: digits, version: 1.0.0, destination: /ml/a}\n"
        f"functions:\n  classify: {{isolation: {isolation}, models: [digits, letters]}}\n"
    )
    problems = check_changed(tmp_path / "spec", text).problems
    told = [p for p in problems if p.rule.startswith("destination-")]
    assert [(p.rule, p.severity, p.path) for p in told] == [
        (rule, severity, "models.letters.destination")
    ]


def test_what_was_misread_is_not_judged_again(tmp_path: Path) -> None:
    """A rule is silent where reading found something: it would judge a value that nobody wrote."""
    checked = check_changed(tmp_path / "spec", "platforms: {pi: {python: three, glibc: old}}")
    assert {p.rule for p in checked.problems} == {"spec-form"}


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
        ("a/+", "a/b", True),
        ("a/+", "+/b", True),
        ("a/+", "a/b/c", False),
        ("a/#", "a", True),
        ("a/#", "b", False),
        ("#", "a/b/c", True),
        ("a/+/c", "a/#", True),
        ("a//b", "a/+/b", True),
        ("a/", "a", False),
        ("a/", "a/+", True),
        ("#", "$aws/things", False),
        ("+/things", "$aws/things", False),
        ("$aws/#", "$aws/things", True),
    ],
)
def test_filters_overlap_where_one_topic_fits_both(one: str, other: str, both: bool) -> None:
    assert overlap(one, other) is both
    assert overlap(other, one) is both


def test_the_tree_of_filters_finds_what_comparing_each_finds() -> None:
    """Every filter of up to three levels of a, b, +, an empty one and $x, with each other."""
    levels = ["a", "b", "+", "", "$x"]
    filters = ["/".join(each) for n in (1, 2, 3) for each in product(levels, repeat=n)]
    filters += ["#", *(f"{each}/#" for each in filters if each.count("/") < 2)]
    filters = [each for each in filters if each]
    tree = FilterTree()
    for index, each in enumerate(filters):
        tree.add(each, index)
    for each in filters:
        assert tree.overlapping(each) == [i for i, o in enumerate(filters) if overlap(each, o)], (
            each
        )


def ring(*three: str) -> list[list[int]]:
    return list(rings([Subscription(*each.split()) for each in three]))


def test_rings_are_found_and_named_once() -> None:
    """A function to itself, two functions, a way over the cloud; not a chain that ends."""
    assert ring("f t f") == [[0]]
    assert ring("f t g", "g t f") == [[0, 1]]
    assert ring("cloud t/# f", "f t/x cloud") == [[0, 1]]
    assert ring("f t g", "g t h", "h u f") == []
    assert ring("f a g", "g a f", "h b i", "i + h") == [[0, 1], [2, 3]]
    assert ring("x t f", "f t g", "g t h", "h t f") == [[1, 2, 3]]


@pytest.mark.parametrize(("each", "rules"), [(600, set()), (1001, {"limit-subscriptions"})])
def test_a_group_counts_the_subscriptions_of_its_own_devices(
    each: int, rules: set[str], tmp_path: Path
) -> None:
    """Two cores with a device each: 1,200 subscriptions in the spec, and 600 in a group."""
    hosts = "raspberry_pi:\n  hosts:\n    pi-01: {}\n    pi-02: {}\n"
    spec = "client_devices: {a: {cores: pi-01}, b: {cores: pi-02}}\nsubscriptions:\n" + "".join(
        f"  - {{from: {end}, topic: t/{n}, to: classify}}\n" for end in "ab" for n in range(each)
    )
    checked = check_example(tmp_path / "spec", {"fleet.yml": spec, "hosts.yml": hosts})
    assert checked.fleet is not None, checked.problems
    assert {rule for rule in found(checked) if rule.startswith("limit-")} == rules


def test_names_of_connectors_and_variants_are_judged(tmp_path: Path) -> None:
    """A library that is no ML resource has no id to give; each platform's source is looked at."""
    spec = (
        "libraries: {numpy: {requirements: libraries.txt, install: os-pip}}\n"
        "models:\n  digits: {source: {pi: s3://line-greengrass/digits.tgz}, version: 1.0.0, destination: /models}\n"
        "connectors: {ml: {connector: X, version: 1, resources: {Library: numpy, Model: digits}}}\n"
    )
    checked = check_example(tmp_path / "spec", {"fleet.yml": spec})
    told = {(p.rule, p.path) for p in checked.problems}
    assert ("name-undefined", "connectors.ml.resources.Library") in told
    assert ("name-undefined", "connectors.ml.resources.Model") not in told
    assert ("model-archive", "models.digits.source") in told


def test_ten_thousand_subscriptions_are_judged_quickly() -> None:
    """Comparing each with each would be 25 million comparisons, half a minute of them."""
    many = [Subscription("cloud", f"t/{n}/+", "f") for n in range(5000)]
    many += [Subscription("f", f"t/{n}", "cloud") for n in range(5000)]
    begin = perf_counter()
    assert list(rings(many)) == []
    assert perf_counter() - begin < 5


def code(body: str) -> dict[str, str]:
    return {
        "code/function.py": f"import greengrasssdk\n\nclient = greengrasssdk.client('iot-data')\n\n{body}\n\n{CODE}"
    }


def test_published_topics_are_compared_with_subscriptions(tmp_path: Path) -> None:
    """A topic that a subscription fits is quiet; one that the code composes is not judged."""
    spec = {"fleet.yml": "subscriptions:\n  - {from: classify, topic: 'digits/+', to: cloud}\n"}
    quiet = "client.publish(topic='digits/result', payload='x')\nclient.publish(topic='a/' + x, payload='x')"
    assert "code-publish-dropped" not in found(
        check_example(tmp_path / "a", {**spec, **code(quiet)})
    )
    loud = "client.publish(topic='digits/result/1', payload='x')"
    checked = check_example(tmp_path / "b", {**spec, **code(loud)})
    told = [p for p in checked.problems if p.rule == "code-publish-dropped"]
    assert [p.path for p in told] == ["functions.classify.source"]
    assert "code/function.py:5" in told[0].message


@pytest.mark.parametrize("content", ["def broken(:\n  # greengrasssdk", "\0greengrasssdk", ""])
def test_code_that_cannot_be_parsed_is_left_alone(content: str, tmp_path: Path) -> None:
    checked = check_example(tmp_path / "spec", {"code/function.py": content})
    assert not any(rule.startswith("code-") for rule in found(checked))
