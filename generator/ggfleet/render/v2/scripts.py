"""Lifecycle scripts. Nucleus lite takes every brace for a variable, so they have no other braces.

Both nuclei hand them to `sh`. Commands used besides its own: python3, tar, mount and coreutils.
"""

from __future__ import annotations

from collections.abc import Sequence

from ggfleet.model import Compression, Layout
from ggfleet.render.v2.content import IMAGES, Content

SLEEP = "exec sleep infinity"
"""A library or model has to run for ever: a dependent is stopped by nucleus lite with whatever it
needs, and a component that only installs fails there (measured)."""

WAIT_SECONDS = 60


def unpack(contents: Sequence[Content]) -> str:
    """Unpack what is not unpacked yet. A folder has its name only when it is complete."""
    lines = ["set -e", "umask 022", 'mkdir -p "{work:path}/unpacked"', 'cd "{work:path}/unpacked"']
    for each in contents:
        extract = "python3 -m zipfile -e"
        if each.file.endswith(".tar.gz"):
            extract = "tar --no-same-owner -xzf"
        target = ".new" if extract.startswith("python3") else "-C .new"
        lines += [
            f"if [ ! -d {each.digits} ]; then",
            "rm -rf .new && mkdir .new",
            f'{extract} "{{artifacts:path}}/{each.file}" {target}',
            f"sync && mv .new {each.digits}",
            "fi",
        ]
    # Dependents may run as another user.
    return "\n".join([*lines, "chmod a+rx .. ."])


def forget_others(contents: Sequence[Content]) -> str:
    """Remove what earlier versions unpacked."""
    keep = "|".join(each.digits for each in contents)
    return (
        'cd "{work:path}/unpacked"\n'
        f'for old in *; do case "$old" in {keep}) ;; *) rm -rf "$old" ;; esac; done\n'
        'cd "{work:path}"'
    )


def mount(component: str, content: Content) -> str:
    """Mount an image for as long as the step runs, and unmount it however the step ends.

    A killed step leaves its mount behind until the next start of any version, or a reboot.
    """
    place = f"{IMAGES}/{component}"
    return "\n".join(
        (
            "set -e",
            "umask 022",
            f"for old in {place}/*; do",
            'while umount -l "$old" 2>/dev/null; do :; done',
            'rmdir "$old" 2>/dev/null || :',
            "done",
            f"at={place}/{content.digits}",
            "trap 'kill $! 2>/dev/null || :; umount -l $at 2>/dev/null || :; "
            f"rmdir $at {place} 2>/dev/null || :' EXIT",
            "trap 'exit 0' INT TERM HUP",
            'mkdir -p "$at"',
            f'mount -t squashfs -o ro,loop,nodev,nosuid "{{artifacts:path}}/{content.file}" "$at"'
            + _refused(content.compression),
            "sleep infinity &",
            "wait $!",
        )
    )


def _refused(compression: Compression) -> str:
    """What to say where an image is not mounted: `mount` blames the file for what a kernel lacks.

    The kernel itself names the compression, in its log.
    """
    if compression is Compression.GZIP:
        return ""
    option = f"CONFIG_SQUASHFS_{compression.upper()}"
    return (
        f' || (echo "This image is compressed with {compression}. Where mount says wrong fs type, '
        f"this kernel lacks {option}: install a newer kernel, or write compression: gzip for the "
        'library and bundle it again." >&2; exit 32)'
    )


def wait_for_images(paths: Sequence[str]) -> str:
    """Wait until images are mounted: both nuclei take a component for running before its script."""
    lines = []
    for path in paths:
        lines += [
            "tries=0",
            f'while [ -z "$(ls -A {path} 2>/dev/null)" ]; do',
            "tries=$((tries + 1))",
            f"if [ $tries -gt {WAIT_SECONDS} ]; then echo '{path} is not mounted'; exit 1; fi",
            "sleep 1",
            "done",
        ]
    return "\n".join(lines)


def join(*scripts: str) -> str:
    """One script out of those that are not empty."""
    return "\n".join(script for script in scripts if script)


def unpacked(contents: Sequence[Content]) -> list[Content]:
    """Those that the component unpacks itself."""
    return [each for each in contents if each.layout is Layout.SELF_UNPACK]
