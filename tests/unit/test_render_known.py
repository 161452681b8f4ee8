"""What documents need from other stages, and that nothing missing gets into one."""

from __future__ import annotations

import pytest

from ggfleet.errors import GgfleetError, PendingError
from ggfleet.model import ANY_PLATFORM, Install, Manifest, Part, Pending
from ggfleet.render import TARGETS, render
from ggfleet.render.known import resolve, wanted_archives
from unit.factories import (
    make_archive,
    make_core,
    make_fleet,
    make_function,
    make_library,
    make_model,
    make_platform,
)

FLEET = make_fleet(
    libraries=[make_library(), make_library("numpy", install=Install.OS_PIP)],
    models=[make_model()],
    functions=[make_function(libraries=("tensorflow", "numpy"), models=("digits",))],
)


def manifest(*platforms: str) -> Manifest:
    parts = [(Part.LIBRARIES, "tensorflow"), (Part.MODEL, "digits"), (Part.FUNCTION, "classify")]
    return Manifest(
        tuple(make_archive(part, name, platform=p) for part, name in parts for p in platforms)
    )


def test_only_what_documents_name_is_wanted() -> None:
    """Libraries installed by pip have no archive; neither has what no function uses."""
    unused = make_fleet(libraries=[make_library()], models=[make_model()])
    remote = make_fleet(
        models=[make_model(source="s3://b/k.zip")], functions=[make_function(models=("digits",))]
    )
    assert list(wanted_archives(FLEET)) == [
        (Part.LIBRARIES, "tensorflow", "gateway"),
        (Part.MODEL, "digits", "gateway"),
        (Part.FUNCTION, "classify", "gateway"),
    ]
    assert list(wanted_archives(unused)) == []
    assert list(wanted_archives(remote)) == [(Part.FUNCTION, "classify", "gateway")]


def test_a_platform_that_no_core_has_wants_nothing() -> None:
    fleet = make_fleet(
        platforms=[make_platform(), make_platform("pi")], functions=[make_function()]
    )
    assert {platform for _, _, platform in wanted_archives(fleet)} == {"gateway"}


def test_an_archive_for_another_platform_does_not_serve() -> None:
    with pytest.raises(PendingError) as caught:
        resolve(FLEET, manifest("pi"))
    assert len(caught.value.pending) == 3


def test_an_archive_for_any_platform_serves() -> None:
    known = resolve(FLEET, manifest(ANY_PLATFORM))
    assert known.key(Part.MODEL, "digits", FLEET.platforms["gateway"]).endswith(
        "models/digits-any-0123456789abcdef.zip"
    )


def test_everything_missing_is_told_at_once() -> None:
    """Archives of all platforms and certificates of all cores, each with its own fix."""
    cores = tuple(
        make_core(name, certificate_arn=Pending(f"the certificate of {name}", f"register {name}"))
        for name in ("one", "two")
    )
    fleet = make_fleet(cores=cores, functions=[make_function()])
    with pytest.raises(PendingError) as caught:
        render(fleet, Manifest(), "group-v1")
    assert caught.value.pending == (
        (
            "the archive of the function classify for gateway",
            "run `ggfleet bundle FLEET.YML --platform gateway`",
        ),
        ("the certificate of one", "register one"),
        ("the certificate of two", "register two"),
    )


def test_an_unknown_target_names_the_known_ones() -> None:
    with pytest.raises(GgfleetError, match="no target group-v3") as caught:
        render(FLEET, manifest("gateway"), "group-v3")
    assert all(name in caught.value.fix for name in TARGETS)
