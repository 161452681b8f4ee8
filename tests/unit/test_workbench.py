"""Which core this machine can stand for, and how messages are read."""

from __future__ import annotations

import io
import json

import pytest

from ggfleet.bundle import host_platform
from ggfleet.errors import CoreError, GgfleetError
from ggfleet.model import Fleet
from ggfleet.workbench import choose_core, interpreter, read_message, read_messages
from unit.factories import make_core, make_fleet, make_platform

HERE = host_platform()


def mixed_fleet() -> Fleet:
    """A core that cannot run here, then two that can."""
    here = {"architecture": HERE.architecture, "python": HERE.python, "glibc": HERE.glibc}
    return make_fleet(
        platforms=[make_platform("other", architecture="armv7l"), make_platform("here", **here)],
        cores=(
            make_core("far", platform="other"),
            make_core("near", platform="here"),
            make_core("next", platform="here"),
        ),
    )


def test_the_first_core_that_fits_is_chosen() -> None:
    assert choose_core(mixed_fleet()).name == "near"
    assert choose_core(mixed_fleet(), core="next").name == "next"


def test_a_core_that_does_not_fit_is_refused_with_the_reason() -> None:
    with pytest.raises(CoreError, match="other is armv7l, this machine"):
        choose_core(mixed_fleet(), platform="other")
    with pytest.raises(CoreError, match="other is armv7l, this machine"):
        choose_core(mixed_fleet(), core="far")


def test_a_platform_whose_python_is_not_here_is_not_chosen() -> None:
    here = {"architecture": HERE.architecture, "glibc": HERE.glibc}
    fleet = make_fleet(
        platforms=[make_platform("odd", python="2.0", **here)], cores=(make_core(platform="odd"),)
    )
    with pytest.raises(CoreError, match=r"odd has Python 2\.0, which this machine lacks"):
        choose_core(fleet)


def test_an_unknown_core_is_refused_with_the_nearest() -> None:
    with pytest.raises(CoreError) as caught:
        choose_core(mixed_fleet(), core="nera")
    assert caught.value.fix == "did you mean near?"


def test_the_interpreter_is_outside_of_the_environment() -> None:
    """Functions must not see what is installed for ggfleet itself."""
    assert ".venv" not in str(interpreter(HERE))
    with pytest.raises(CoreError, match=r"has Python 2\.0, which this machine lacks"):
        interpreter(make_platform(python="2.0"))


def test_a_message_keeps_topic_and_payload_and_nothing_else() -> None:
    message = read_message('{"topic": "t", "payload": {"a": [1]}, "label": 7}', "x:1")
    assert (message.topic, json.loads(message.payload)) == ("t", {"a": [1]})
    assert json.loads(message.to_line()) == {"topic": "t", "payload": {"a": [1]}}


@pytest.mark.parametrize(
    "line", ["x", "[]", "3", "[" * 100_000, '{"topic": "t"}', '{"payload": 1}']
)
def test_a_line_that_is_no_message_is_refused(line: str) -> None:
    with pytest.raises(GgfleetError, match="x:1 is no message"):
        read_message(line, "x:1")


def test_messages_are_numbered_by_line_and_must_be_utf8() -> None:
    good = '{"topic": "t", "payload": 1}'
    assert len(list(read_messages(["\n", good, "", good], "x"))) == 2
    with pytest.raises(GgfleetError, match="x:3 is no message"):
        list(read_messages([good, "\n", "bad"], "x"))
    broken = io.TextIOWrapper(io.BytesIO(b"\xff\n"), encoding="utf-8")
    with pytest.raises(GgfleetError, match="x:1 is not UTF-8"):
        list(read_messages(broken, "x"))
