"""The sample fleet rendered for V1, with archives that nobody built."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from ggfleet.model import Fleet, Manifest, Rendering
from ggfleet.render import render
from ggfleet.render.known import wanted_archives
from ggfleet.spec import load
from ggfleet.system.files import document_bytes
from unit.factories import make_archive

SAMPLE = Path(__file__).parents[2] / "fleet.yml"


def made_up_manifest(fleet: Fleet) -> Manifest:
    """An archive for everything that the documents name."""
    return Manifest(tuple(make_archive(p, n, platform=o) for p, n, o in wanted_archives(fleet)))


@functools.cache
def load_sample() -> Fleet:
    """Takes a second, most of it Ansible's start."""
    return load(SAMPLE)


def render_sample() -> Rendering:
    fleet = load_sample()
    return render(fleet, made_up_manifest(fleet), "group-v1")


def digest(rendering: Rendering) -> str:
    """Of every document, as it would be written, and every note."""
    files = [f"{each.path}\n".encode() + document_bytes(each) for each in rendering.documents]
    return hashlib.sha256(b"".join([*files, repr(rendering.notes).encode()])).hexdigest()
