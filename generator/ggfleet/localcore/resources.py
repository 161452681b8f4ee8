"""Brings ML resources and Lambda packages to a core: all of a deployment, or nothing.

For each archive: download, compare size and SHA-256, look for members that would escape, unpack
beside, sync, rename. Only when every tree stands does one rename put the new deployment in force,
and only then do trees of older deployments go. Killed at any moment, what is in force is the old
deployment or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ggfleet.errors import CoreError
from ggfleet.localcore.archive import open_archive
from ggfleet.localcore.deployment import CoreDeployment
from ggfleet.localcore.layout import STAGING, Layout
from ggfleet.localcore.report import DeployReport, Fetched
from ggfleet.localcore.store import ObjectInfo, Store
from ggfleet.localcore.trees import InForce, Tree, put_in_place, remove_unused, sweep
from ggfleet.system.files import remove_tree, sha256

MIB = 1 << 20
PUBLISH = "remove the object and run `ggfleet publish` again"


@dataclass(frozen=True)
class Wanted:
    """An archive that a deployment names, and the folder its tree belongs in."""

    kind: str
    id: str
    name: str
    s3_uri: str
    destination: str
    home: Path

    @property
    def key(self) -> str:
        """Its name among the trees in force."""
        return f"{self.kind}:{self.id}"


def wanted(deployment: CoreDeployment, layout: Layout) -> Iterator[Wanted]:
    """Every archive of a deployment: the ML resources, then the functions' packages."""
    for r in deployment.resources:
        yield Wanted("resource", r.id, r.name, r.s3_uri, r.destination, layout.resources)
    for f in deployment.functions:
        home = layout.package_home(f.arn)
        yield Wanted("function", f.arn, f.arn, f.package, "", home)


def free_bytes(folder: Path) -> int:
    """Bytes that an ordinary user may still write to the file system of `folder`."""
    return shutil.disk_usage(folder).free


class Deployer:
    """Fetches what is missing and switches.

    `advance` is told the bytes of each downloaded piece; `fault` is called with a name at every
    step, for tests that fail or kill the process there.
    """

    def __init__(
        self,
        layout: Layout,
        store: Store,
        *,
        clock: Callable[[], float] = time.perf_counter,
        free: Callable[[Path], int] = free_bytes,
        advance: Callable[[int], None] = lambda _: None,
        fault: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._layout = layout
        self._store = store
        self._clock = clock
        self._free = free
        self._advance = advance
        self._fault = fault

    def deploy(self, deployment: CoreDeployment) -> DeployReport:
        """Bring a deployment in force. After CoreError the one before is in force as it was."""
        begin = self._clock()
        layout = self._layout
        layout.deployment.mkdir(parents=True, exist_ok=True)
        sweep(layout)
        items = list(wanted(deployment, layout))
        found = [(item, self._store.head(item.s3_uri)) for item in items]
        self._need(sum(i.size for item, i in found if not _there(item, i)), "download the archives")
        rows = []
        for item, info in found:
            with _explained(layout.root, item.s3_uri):
                rows.append(self._bring(item, info))
        trees = {
            item.key: Tree(item.s3_uri, row.sha256, item.home / row.sha256)
            for item, row in zip(items, rows, strict=True)
        }
        self._fault("before the switch")
        with _explained(layout.root, "the list of what is in force"):
            InForce(layout).switch(deployment.group, trees)
        self._fault("switched")
        removed = tuple(remove_unused(layout, {tree.path for tree in trees.values()}))
        return DeployReport(deployment.group, tuple(rows), removed, self._clock() - begin)

    def _bring(self, item: Wanted, info: ObjectInfo) -> Fetched:
        row = Fetched(item.kind, item.name, item.s3_uri, item.destination, info.sha256 or "", True)
        if _there(item, info):
            return row
        archive = self._layout.downloads / f"{item.kind}.partial"
        try:
            row = self._download(item, info, archive, row)
            if (item.home / row.sha256).is_dir():  # its digest was not known beforehand
                return row
            return self._unpack(item, archive, row)
        finally:
            archive.unlink(missing_ok=True)

    def _download(self, item: Wanted, info: ObjectInfo, archive: Path, row: Fetched) -> Fetched:
        archive.parent.mkdir(parents=True, exist_ok=True)
        self._fault("before the download")
        begin = self._clock()
        self._store.download(item.s3_uri, archive, self._advance)
        fetched = self._clock()
        self._fault("downloaded")
        digest = _verify(item, info, archive)
        return replace(
            row,
            kept=False,
            sha256=digest,
            download_bytes=archive.stat().st_size,
            download_seconds=fetched - begin,
            check_seconds=self._clock() - fetched,
        )

    def _unpack(self, item: Wanted, archive: Path, row: Fetched) -> Fetched:
        begin = self._clock()
        item.home.mkdir(parents=True, exist_ok=True)
        staged = item.home / f"{STAGING}{row.sha256}"
        try:
            with open_archive(archive, item.s3_uri) as contents:
                self._need(contents.disk, f"unpack {item.s3_uri}")
                self._fault("before unpacking")
                done = contents.unpack(staged)
            self._fault("unpacked")
            put_in_place(staged, item.home / row.sha256)
            self._fault("in place")
        finally:
            remove_tree(staged)
        seconds = self._clock() - begin
        return replace(row, unpack_seconds=seconds, unpacked_bytes=done.size, files=done.files)

    def _need(self, size: int, purpose: str) -> None:
        free = self._free(self._layout.deployment)
        if size > free:
            raise _disk_full(
                self._layout.root,
                f"{_amount(size)} are needed to {purpose}, {_amount(free)} are free",
            )


def _there(item: Wanted, info: ObjectInfo) -> bool:
    """Whether the very archive was unpacked before. A tree bears its name only when it is whole."""
    return bool(info.sha256) and (item.home / str(info.sha256)).is_dir()


def _verify(item: Wanted, info: ObjectInfo, archive: Path) -> str:
    size = archive.stat().st_size
    if size != info.size:
        raise CoreError(f"{item.s3_uri}: {size} bytes came, {info.size} were expected", fix=PUBLISH)
    digest = sha256(archive)
    if info.sha256 and digest != info.sha256:
        raise CoreError(
            f"{item.s3_uri}: the checksum is wrong: SHA-256 {digest}, recorded {info.sha256}",
            fix=PUBLISH,
        )
    return digest


@contextlib.contextmanager
def _explained(root: Path, what: str) -> Iterator[None]:
    """A disk that fills up is the user's to put right; every other OSError is not."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise _disk_full(root, f"{what} did not fit") from error
        raise


def _amount(size: int) -> str:
    return f"{size / MIB:.1f} MiB" if size >= MIB else f"{size} bytes"


def _disk_full(root: Path, what: str) -> CoreError:
    fix = "free some space, or use another folder"
    return CoreError(f"not enough space in {root}: {what}", fix=fix)
