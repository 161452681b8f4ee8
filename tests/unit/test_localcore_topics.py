"""Topic filters of the embedded core."""

from __future__ import annotations

import pytest

from ggfleet.localcore.topics import filter_problem, matches, topic_problem


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        ("a/b", "a/b"),
        ("a/+", "a/b"),
        ("+/b", "a/b"),
        ("a/+/c", "a/b/c"),
        ("a/+", "a/"),
        ("#", "a/b/c"),
        ("a/#", "a/b/c"),
        ("a/#", "a"),
        ("$aws/things/+/shadow/#", "$aws/things/t/shadow/get"),
    ],
)
def test_a_filter_that_fits(subject: str, topic: str) -> None:
    assert matches(subject, topic)


@pytest.mark.parametrize(
    ("subject", "topic"),
    [
        ("a/b", "a/c"),
        ("a/b", "a/b/c"),
        ("a/b/c", "a/b"),
        ("a/+", "a"),
        ("a/+", "a/b/c"),
        ("a/#", "ab"),
        ("#", "$aws/things/t/shadow/get"),
        ("+/things", "$aws/things"),
        ("a.b", "aXb"),
    ],
)
def test_a_filter_that_does_not_fit(subject: str, topic: str) -> None:
    assert not matches(subject, topic)


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("", "empty"),
        ("a/#/b", "at the end"),
        ("a#", "at the end"),
        ("a+/b", "between slashes"),
        ("é" * 129, "256 bytes"),
        ("/" * 8, "7 slashes"),
    ],
)
def test_filters_that_no_core_takes(subject: str, why: str) -> None:
    assert why in filter_problem(subject)


def test_a_filter_may_be_as_long_as_the_limits() -> None:
    assert filter_problem("é" * 128) == ""
    assert filter_problem("/" * 7) == ""


@pytest.mark.parametrize("topic", ["a/+", "a/#", "", "x" * 257])
def test_topics_that_nothing_is_published_on(topic: str) -> None:
    assert topic_problem(topic)
