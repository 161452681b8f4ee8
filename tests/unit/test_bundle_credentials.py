"""Whom a password for a package index is told."""

from __future__ import annotations

import base64
import io
import urllib.request
from http.client import HTTPMessage
from pathlib import Path

import pytest

from ggfleet.bundle.credentials import SECRET, Credentials
from ggfleet.errors import BundleError
from ggfleet.model import Index

OWN = Index("my-own", "https://packages.example.com/simple")


def told(header: str) -> str:
    return base64.b64decode(header.removeprefix("Basic ")).decode()


def credentials(tmp_path: Path, **environ: str) -> Credentials:
    return Credentials([OWN], {"NETRC": str(tmp_path / "netrc"), **environ})


def test_scheme_host_and_port_must_be_the_indexs(tmp_path: Path) -> None:
    """Files may lie elsewhere, on a server that must not hear it."""
    known = credentials(tmp_path, UV_INDEX_MY_OWN_USERNAME="me", UV_INDEX_MY_OWN_PASSWORD="x:y")
    assert told(known.header("https://packages.example.com/files/a.whl")) == "me:x:y"
    assert told(known.header("https://packages.example.com:443/a.whl")) == "me:x:y"
    for url in (
        "http://packages.example.com/a.whl",
        "https://packages.example.com:444/a.whl",
        "https://example.com/a.whl",
        "file:///a.whl",
    ):
        assert known.header(url) == ""


def test_address_in_uvs_own_variables_may_hold_them(tmp_path: Path) -> None:
    """uv writes locks without; the wheels are behind the same password."""
    known = credentials(
        tmp_path,
        UV_INDEX="a=https://u%40x:p%2Fw@one.example.com/simple https://two.example.com/simple?a=b",
        UV_DEFAULT_INDEX="https://token@three.example.com/simple",
    )
    assert told(known.header("https://one.example.com/a.whl")) == "u@x:p/w"
    assert told(known.header("https://three.example.com/a.whl")) == "token:"
    assert known.header("https://two.example.com/a.whl") == ""


def test_netrc_tells_its_hosts_only(tmp_path: Path) -> None:
    """Its default entry is no leave to tell every server."""
    (tmp_path / "netrc").write_text(
        "machine packages.example.com login me password secret\ndefault login all password all\n"
    )
    known = credentials(tmp_path)
    assert told(known.header("https://packages.example.com/a.whl")) == "me:secret"
    assert known.header("https://elsewhere.example.com/a.whl") == ""


def test_damaged_netrc_is_told(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("machine\n")
    with pytest.raises(BundleError, match="netrc cannot be read"):
        credentials(tmp_path)


def test_variables_are_uvs() -> None:
    """Builds do not begin anew when one changes."""
    assert OWN.variable("PASSWORD") == "UV_INDEX_MY_OWN_PASSWORD"
    assert SECRET.fullmatch("UV_INDEX_MY_OWN_PASSWORD")
    assert not SECRET.fullmatch("UV_INDEX_STRATEGY")


def test_a_redirect_does_not_carry_it_on() -> None:
    """To whatever server an index sends us."""
    request = urllib.request.Request("https://packages.example.com/a.whl")
    request.add_unredirected_header("Authorization", "Basic x")
    handler, elsewhere = urllib.request.HTTPRedirectHandler(), "https://elsewhere.example.com/a.whl"
    new = handler.redirect_request(request, io.BytesIO(), 302, "Found", HTTPMessage(), elsewhere)
    assert new is not None
    assert new.get_header("Authorization") is None
