"""Tiny wheels and lock files for tests of bundles."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from ggfleet.bundle.resolve import Wheel

PURE = "py3-none-any"
PI = "cp311-cp311-manylinux_2_17_aarch64"


def make_wheel(
    folder: Path,
    name: str = "tiny",
    version: str = "1.0",
    *,
    tag: str = PURE,
    tag_inside: str = "",
    files: Mapping[str, str | bytes] | None = None,
    modes: Mapping[str, int] | None = None,
    purelib: bool | None = None,
    metadata: str = "",
) -> Wheel:
    """Write a wheel into `folder` and describe it as a resolver would; `metadata` are more lines."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{version}-{tag}.whl"
    info = f"{name}-{version}.dist-info"
    pure = tag.endswith("-any") if purelib is None else purelib
    content = {
        **({f"{name}.py": "value = 1\n"} if files is None else files),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n" + metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: {str(pure).lower()}\n"
        f"Tag: {tag_inside or tag}\n",
        f"{info}/RECORD": "",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in content.items():
            member = zipfile.ZipInfo(file)
            member.external_attr = (modes or {}).get(file, 0o100644) << 16
            archive.writestr(member, text)
    return describe(path, name, version)


def describe(path: Path, name: str, version: str = "1.0") -> Wheel:
    """A wheel file as a resolver describes it."""
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Wheel(name, version, path.name, path.absolute().as_uri(), digest, len(data))


def lock_of(*wheels: Wheel) -> str:
    """A `pylock.toml` that offers wheels; those of the same package become one entry."""
    text = 'lock-version = "1.0"\ncreated-by = "uv"\n'
    for name in sorted({wheel.name for wheel in wheels}):
        own = [wheel for wheel in wheels if wheel.name == name]
        text += f'\n[[packages]]\nname = "{name}"\nversion = "{own[0].version}"\n'
        text += f"wheels = [{', '.join(_lines(own))}]\n"
    return text


def _lines(wheels: Iterable[Wheel]) -> Iterable[str]:
    for wheel in wheels:
        yield (
            f'{{ url = "{wheel.url}", size = {wheel.size}, '
            f'hashes = {{ sha256 = "{wheel.sha256}" }} }}'
        )


class Listener:
    """Keeps what a build tells."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.steps: list[str] = []
        self.counted: list[tuple[str, int]] = []
        self.done = 0
        self.open = 0

    def step(self, text: str) -> None:
        self.steps.append(text)

    def start(self, label: str, total_bytes: int) -> None:
        assert self.open == 0, "one counted task at a time"
        self.open += 1
        self.counted.append((label, total_bytes))

    def advance(self, count: int) -> None:
        assert self.open == 1, "bytes of no task"
        self.done += count

    def finish(self) -> None:
        self.open -= 1

    def say(self, text: str) -> None:
        self.said.append(text)
