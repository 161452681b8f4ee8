"""Ansible module that makes a tree of ML libraries out of one that is there and a delta."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_library_delta
short_description: A tree of ML libraries out of another version's and a delta
description:
  - Makes a tree of C(ggfleet bundle) out of that of a version on the host and a delta between the
    two. What both have is linked, not copied. The result is held against the digest of the whole
    tree.
  - A delta that does not lead there changes nothing and is no failure. I(applied) is false then,
    I(reason) tells why, and the whole archive is what helps.
  - The tree waits in C(.tmp) below the directory until
    M(ggfleet.greengrass.greengrass_library_version) takes it. What a killed run left there is
    removed by the next one.
options:
  directory:
    description: The directory of the set of libraries.
    type: path
    required: true
  base:
    description: The version that the delta goes from.
    type: str
    required: true
  delta:
    description: The delta, on the host.
    type: path
    required: true
  sha256:
    description: Its SHA-256.
    type: str
    required: true
  tree_sha256:
    description: The digest of the tree that is to come out.
    type: str
    required: true
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Make the new tree of what is there
  ggfleet.greengrass.greengrass_library_delta:
    directory: /opt/greengrass-ml
    base: 3f6d1c0a9be27f54
    delta: /var/cache/tensorflow.ggdelta
    sha256: "{{ delta_sha256 }}"
    tree_sha256: "{{ tree_sha256 }}"
  register: made
"""

RETURN = r"""
applied:
  description: Whether the tree is made.
  returned: always
  type: bool
tree:
  description: Where it is.
  returned: when applied
  type: str
reason:
  description: Why it is not.
  returned: when not applied, but for check mode
  type: str
linked_bytes:
  description: Bytes of files that both versions share.
  returned: when applied
  type: int
written_bytes:
  description: Bytes of files that were written.
  returned: when applied
  type: int
peak_bytes:
  description: The most memory that the process had, Python and all.
  returned: when applied
  type: int
"""

import contextlib
import errno
import fcntl
import hashlib
import json
import lzma
import os
import shutil
import stat
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

SITE = "site-packages"
FORMAT = 1
CHUNK = 1 << 16
MEMORY = 32 << 20
"""Bytes that unpacking a delta may ask for; ggfleet's take a third of it."""
LONGEST = 1 << 16
"""Bytes of a line, which tells of one file."""
ZEROS = bytes(CHUNK)
LOW = b"\x7f" * CHUNK
DAMAGED = "the delta is damaged: "
NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP)
"""What a file system says that cannot give one file two names, or no further one."""


class UnfitError(Exception):
    """This delta does not make this tree here; the message says why."""


class FailedError(Exception):
    """Nothing can make the tree here now; the message says why and what to do."""


class Stream:
    """The content of a delta, unpacked piece by piece: lines of JSON, and bytes after some."""

    def __init__(self, file) -> None:
        self._file = file
        self._unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
        self._piece, self._at = b"", 0

    def some(self, most: int) -> bytes:
        """Return at least one byte and at most so many."""
        if self._at == len(self._piece) and not self._more():
            raise UnfitError(DAMAGED + "it ends too early")
        piece = self._piece[self._at : self._at + most]
        self._at += len(piece)
        return piece

    def line(self) -> bytes:
        """Return the bytes before the next line feed."""
        found = bytearray()
        while True:
            piece = self.some(CHUNK)
            end = piece.find(b"\n")
            found += piece if end < 0 else piece[:end]
            if end >= 0:
                self._at -= len(piece) - end - 1
                return bytes(found)
            if len(found) > LONGEST:
                raise UnfitError(DAMAGED + "it holds an endless line")

    def finish(self) -> None:
        """Raise unless this is the end, and the sum over all of it is right."""
        if self._at < len(self._piece) or self._more():
            raise UnfitError(DAMAGED + "it holds more than it says")

    def _more(self) -> bool:
        while not self._unpacker.eof:
            raw = self._file.read(CHUNK) if self._unpacker.needs_input else b""
            if self._unpacker.needs_input and not raw:
                raise UnfitError(DAMAGED + "it ends too early")
            self._piece, self._at = self._unpacker.decompress(raw, CHUNK), 0
            if self._piece:
                return True
        return False


class Body:
    """The next `left` bytes of a stream."""

    def __init__(self, stream: Stream, left: int) -> None:
        self._stream, self.left = stream, left

    def pieces(self, count: int):
        """Yield so many bytes."""
        while count > 0:
            piece = self._some(count)
            count -= len(piece)
            yield piece

    def exactly(self, count: int) -> bytes:
        """Return so many bytes, which are few."""
        return b"".join(self.pieces(count))

    def byte(self) -> int:
        """Return one byte."""
        return self._some(1)[0]

    def number(self, value: int = 0, goes_on: int = 1) -> int:
        """Return a number of seven bits a byte, the highest first."""
        while goes_on:
            byte = self.byte()
            value, goes_on = value << 7 | byte & 127, byte >> 7
        return value

    def _some(self, most: int) -> bytes:
        if self.left <= 0:
            raise UnfitError(DAMAGED + "a part of it ends too early")
        piece = self._stream.some(min(most, self.left))
        self.left -= len(piece)
        return piece


def patched(body: Body, old):
    """Yield the bytes that a patch of HPatchLite's format 1, not compressed, makes of a file.

    A patch is a list of stretches of the old file, each after some new bytes, and each with what to
    add to its bytes unless it stays as it is.
    """
    size = opened(body)
    made = position = 0
    for _ in range(body.number()):
        length, tag = body.number(), body.byte()
        distance = body.number(tag & 31, tag >> 5 & 1)
        position += -distance if tag & 64 else distance
        gap = body.number()
        yield from body.pieces(gap)
        for piece in stretch(old, position, length):
            yield piece if tag & 128 else added(piece, body.exactly(len(piece)))
        position, made = position + length, made + gap + length
    if made != size or body.left:
        raise UnfitError(DAMAGED + "a patch does not come out even")


def opened(body: Body) -> int:
    """Read the head of a patch; return the size of the file that it makes."""
    mark, kind, sizes = body.exactly(2), body.byte(), body.byte()
    if (mark, kind, sizes >> 6) != (b"hI", 0, 1):
        raise UnfitError(DAMAGED + "a patch of it begins with something else")
    size = int.from_bytes(body.exactly(sizes & 7), "little")
    body.exactly(sizes >> 3 & 7)
    return size


def stretch(old, position: int, length: int):
    """Yield a part of the old file."""
    if position < 0:
        raise UnfitError(DAMAGED + "a patch asks for what is before a file")
    old.seek(position)
    while length > 0:
        piece = old.read(min(length, CHUNK))
        if not piece:
            raise UnfitError("a file of the version that is there is shorter than it was")
        length -= len(piece)
        yield piece


def added(old: bytes, more: bytes) -> bytes:
    """Add byte by byte without carries: as one number, seven bits and the eighth apart."""
    size = len(old)
    if more == ZEROS[:size]:
        return old
    one, two = int.from_bytes(old, "little"), int.from_bytes(more, "little")
    low = int.from_bytes(LOW[:size], "little")
    total = ((one & low) + (two & low)) ^ ((one ^ two) & ~low)
    return total.to_bytes(size, "little")


class Maker:
    """Makes one tree of another and a stream."""

    def __init__(self, base: Path, tree: Path, stream: Stream, link) -> None:
        self._base, self._tree, self._stream, self._link = base, tree, stream, link
        self._digest = hashlib.sha256()
        self.linked = self.written = 0

    def make(self, count: int) -> str:
        """Make so many files, a line `[path, mode, source, bytes of the delta]` each.

        Without a source a file is new, without bytes it is the source as it stands. Return the
        digest of the tree.
        """
        for _ in range(count):
            path, mode, source, size = told(self._stream)
            place = inside(self._tree, path)
            place.parent.mkdir(parents=True, exist_ok=True)
            if source is None:
                digest = self._write(place, mode, Body(self._stream, size).pieces(size))
            elif size is None:
                digest = self._keep(place, mode, inside(self._base, source))
            else:
                with plain_file(inside(self._base, source)) as old:
                    digest = self._write(place, mode, patched(Body(self._stream, size), old))
            # as ggfleet names trees
            self._digest.update(f"{mode:o} {digest} {path}\0".encode())
        self._stream.finish()
        return self._digest.hexdigest()

    def _keep(self, place: Path, mode: int, source: Path) -> str:
        with plain_file(source) as old:
            status = os.fstat(old.fileno())
            pieces = iter(lambda: old.read(CHUNK), b"")
            if stat.S_IMODE(status.st_mode) != mode or not self._linked(source, place):
                return self._write(place, mode, pieces)
            self.linked += status.st_size
            digest = hashlib.sha256()
            for piece in pieces:
                digest.update(piece)
            return digest.hexdigest()

    def _linked(self, source: Path, place: Path) -> bool:
        """Give a file a second name, if the file system can."""
        try:
            self._link(str(source), str(place))
        except OSError as error:
            if error.errno in NO_LINKS:
                return False
            raise
        return True

    def _write(self, place: Path, mode: int, pieces) -> str:
        digest = hashlib.sha256()
        with place.open("xb") as target:
            for piece in pieces:
                digest.update(piece)
                target.write(piece)
            self.written += target.tell()
        place.chmod(mode)
        return digest.hexdigest()


def inside(folder: Path, path: str) -> Path:
    """Return a path below a folder; one that leads out is refused."""
    parts = path.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\0" in path:
        raise UnfitError(DAMAGED + f"it names the file {path!r}")
    return folder.joinpath(*parts)


def plain_file(path: Path):
    """Open a file of the version that is there, which is neither missing nor a link."""
    try:
        handle = os.open(str(path), os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        raise UnfitError(f"the version that is there lacks {path.name} ({error})") from error
    return os.fdopen(handle, "rb")


def announced(stream: Stream, tree_sha256: str) -> int:
    """Return how many files a delta makes, which must lead to the tree."""
    try:
        head = json.loads(stream.line().decode())
        if (head["version"], head["to"]) != (FORMAT, tree_sha256):
            raise UnfitError("the delta leads to another tree, or is of a newer ggfleet")
        return int(head["files"])
    except (ValueError, TypeError, KeyError) as error:
        raise UnfitError(f"{DAMAGED}its head says {error}") from error


def told(stream: Stream):
    """Return what the next line tells of a file."""
    try:
        path, mode, source, size = json.loads(stream.line().decode())
    except (ValueError, TypeError) as error:
        raise UnfitError(f"{DAMAGED}a line of it says {error}") from error
    kinds = (type(path), type(source), type(size))
    nothing = type(None)
    if mode not in (0o644, 0o755) or kinds not in (
        (str, nothing, int),
        (str, str, int),
        (str, str, nothing),
    ):
        raise UnfitError(f"{DAMAGED}a line of it tells of no file")
    return path, mode, source, size


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for piece in iter(lambda: stream.read(CHUNK), b""):
            digest.update(piece)
    return digest.hexdigest()


def apply(
    delta: Path, sha256: str, base: Path, tree: Path, tree_sha256: str, link=os.link
) -> Maker:
    """Make `tree` of `base` and a delta, or nothing: UnfitError tells why.

    The memory that this takes does not depend on the size of files.
    """
    if not delta.is_file():
        raise UnfitError(f"{delta.name} has not come")
    refuse_other(sha256_of(delta), sha256, f"{delta.name} has another SHA-256 than it must have")
    shutil.rmtree(str(tree), ignore_errors=True)  # left by a run that was killed
    tree.mkdir(parents=True)
    try:
        with delta.open("rb") as file:
            stream = Stream(file)
            maker = Maker(base, tree, stream, link)
            made = maker.make(announced(stream, tree_sha256))
        refuse_other(made, tree_sha256, f"version {base.parent.name} is not as it was installed")
    except BaseException as error:
        shutil.rmtree(str(tree), ignore_errors=True)
        if isinstance(error, lzma.LZMAError):
            raise UnfitError(f"{DAMAGED}{error}") from error
        raise
    return maker


def refuse_other(digest: str, wanted: str, reason: str) -> None:
    """Raise unless a digest is the one that was wanted."""
    if digest != wanted:
        raise UnfitError(reason)


@contextlib.contextmanager
def alone(directory: Path):
    """Keep a second run out, as greengrass_library_version does."""
    with (directory / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FailedError(
                f"another run still works on {directory}: wait for its end, then run again"
            ) from error
        yield


def peak_bytes() -> int:
    """Return the most memory that this process had.

    What getrusage tells counts that of the process, too, that started this program.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def run(wants: dict) -> dict:
    """Apply the delta; return what is to be told."""
    directory = Path(wants["directory"])
    work = directory / ".tmp"
    tree = work / "delta"
    base = directory / "versions" / wants["base"] / SITE
    with alone(directory):
        work.mkdir(mode=0o700, exist_ok=True)
        try:
            made = apply(Path(wants["delta"]), wants["sha256"], base, tree, wants["tree_sha256"])
        except UnfitError as error:
            return {"changed": False, "applied": False, "reason": str(error)}
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise FailedError(
                f"no disk space is left below {directory}: free some, then run again"
            ) from error
    return {
        "changed": True, "applied": True, "tree": str(tree), "peak_bytes": peak_bytes(),
        "linked_bytes": made.linked, "written_bytes": made.written,
    }  # fmt: skip


def main() -> None:
    """Read the arguments and do it."""
    text, path = {"type": "str", "required": True}, {"type": "path", "required": True}
    module = AnsibleModule(
        argument_spec={
            "directory": path,
            "base": text,
            "delta": path,
            "sha256": text,
            "tree_sha256": text,
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True, applied=False)
    os.umask(0o022)
    try:
        module.exit_json(**run(module.params))
    except FailedError as error:
        module.fail_json(msg=f"{error}. What was served before still is.")
    except OSError as error:
        module.fail_json(msg=f"{error}: what was made is removed, what was served still is.")


if __name__ == "__main__":
    main()
