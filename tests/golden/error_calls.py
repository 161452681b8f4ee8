"""What a case of `errors/` asks of `bundle` and of the embedded cores, by the folder it lies in.

Each call gets an empty folder and what the case's file says, and is meant to be refused.
"""

from __future__ import annotations

import errno
import json
import os
import urllib.error
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import components_support
from ggfleet.bundle import read_manifest
from ggfleet.bundle.archive import pack
from ggfleet.bundle.contents import contents_path, read_contents
from ggfleet.bundle.credentials import Credentials
from ggfleet.bundle.deltas import add_deltas
from ggfleet.bundle.fetch import WheelCache, open_url
from ggfleet.bundle.indexes import check_pinned
from ggfleet.bundle.layers import divide
from ggfleet.bundle.limits import check_unpacked
from ggfleet.bundle.lock import lock_path, lock_text
from ggfleet.bundle.locks import Locks, check_known, wanted
from ggfleet.bundle.manifest import write_manifest
from ggfleet.bundle.requirements import read_requirements
from ggfleet.bundle.resolve import Lock, resolve
from ggfleet.bundle.sources import DiskFile, function_entries, model_entries
from ggfleet.bundle.tags import check_supported, ranked_tags
from ggfleet.bundle.tree import Entry, lay
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.localcore import EmbeddedCore, isolation, load_deployment
from ggfleet.localcore.archive import open_archive
from ggfleet.localcore.environment import IsolationMode, surroundings
from ggfleet.localcore.layout import Layout, hold
from ggfleet.localcore.resources import Deployer
from ggfleet.localcore.trees import InForce
from ggfleet.localcore.v2 import EmbeddedNucleus
from ggfleet.localcore.v2.configuration import ConfigurationStore
from ggfleet.localcore.v2.layout import ComponentLayout
from ggfleet.localcore.v2.plans import configured, permitted, planned
from ggfleet.localcore.v2.variables import Variables
from ggfleet.model import REST, Components, Install, Layer, Manifest, Part
from ggfleet.model import Index as PackageIndex
from localcore_support import CORE, FolderStore, Group, arn, tar_of, zip_of
from unit.factories import make_archive, make_fleet, make_library, make_platform
from unit.test_bundle_parts import Index, built, fleet_of, shop_of
from unit.wheelmaker import Listener, describe, make_wheel

Case = Mapping[str, Any]

PI = make_platform("pi", architecture="aarch64")


def written(folder: Path, case: Case) -> Path:
    """The case's `files` (text by path), `links` (target by path) and `folders`, on the disk."""
    for name in case.get("folders", ()):
        (folder / name).mkdir(parents=True)
    for name, text in case.get("files", {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, target in case.get("links", {}).items():
        (folder / name).symlink_to(target)
    for name in case.get("pipes", ()):
        os.mkfifo(folder / name)
    for digits in case.get("names_in_bytes", ()):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + bytes.fromhex(digits))).touch()
    return folder


@dataclass(frozen=True)
class Made:
    """Content of an entry: its text, or the error number that reading it ends with."""

    text: str
    error: int = 0

    def chunks(self) -> Iterator[bytes]:
        if self.error:
            raise OSError(self.error, os.strerror(self.error))
        yield self.text.encode()


def function(folder: Path, case: Case) -> None:
    function_entries(written(folder, case) / case.get("source", ""))


def model(folder: Path, case: Case) -> None:
    model_entries(written(folder, case) / case["source"])


def requirements(folder: Path, case: Case) -> None:
    read_requirements([written(folder, case) / case["read"]])


def tree(_: Path, case: Case) -> None:
    lay([Entry(p, 0o644, len(text), by, Made(text)) for by, p, text in case["entries"]])


def layers(folder: Path, case: Case) -> None:
    """`layers` are packages by layer, `wheels` files by package."""
    wheels = [
        make_wheel(folder, name, files=dict.fromkeys(files, ""))
        for name, files in case["wheels"].items()
    ]
    named = [Layer(name, tuple(packages)) for name, packages in case["layers"].items()]
    divide([*named, Layer(REST)], wheels, lambda each: folder / each.filename, print)


def deltas(folder: Path, case: Case) -> None:
    """From `old`, the archive of the version before: its text, or the files of its zip."""
    before = make_archive(file="libraries/old.zip", tree_sha256="1" * 64)
    for place, archive in (("out", make_archive()), ("old", before)):
        (folder / place / "libraries").mkdir(parents=True)
        write_manifest(folder / place / "manifest.json", Manifest((archive,)))
    old = case.get("old")
    if old is not None:
        content = old.encode() if isinstance(old, str) else zip_of(old)
        (folder / "old" / before.file).write_bytes(content)
    add_deltas(folder / "out", [folder / "old"], Listener())


def size(_: Path, case: Case) -> None:
    sizes = [Entry(p, 0o644, n, by, DiskFile(Path(p))) for by, p, n in case["entries"]]
    check_unpacked("classify", sizes)


def packing(folder: Path, case: Case) -> None:
    """`size` is what the entry had when it was looked at."""
    number = getattr(errno, case["fails"]) if "fails" in case else 0
    made = Made(case.get("text", ""), number)
    entry = Entry("a.txt", 0o644, case["size"], str(folder), made)
    pack([entry], lambda digest: folder / f"out/{digest}.zip", Listener(), label="a")


def manifest(folder: Path, case: Case) -> None:
    read_manifest(written(folder, case) / "manifest.json")


def contents(folder: Path, case: Case) -> None:
    archive = make_archive()
    if "text" in case:
        path = contents_path(folder, archive)
        path.parent.mkdir(parents=True)
        path.write_text(case["text"])
    read_contents(folder, archive)


def part(folder: Path, case: Case) -> None:
    """`removed` is a file of the fleet's, `program` what the adapter's folder has."""
    fleet = fleet_of(folder, Install.ML_RESOURCE)
    if "removed" in case:
        (folder / case["removed"]).unlink()
    if "program" in case:
        written(folder, {"files": {f"adapter/{case['program']}": ""}})
        fleet = replace(fleet, components=Components(wanted=True, adapter=(folder / "adapter",)))
    shop = shop_of(folder, fleet, Index({"gateway": []}))
    built(shop, fleet.platforms["gateway"], parts=[Part(case["part"])])


def platform(_: Path, case: Case) -> None:
    check_supported(make_platform("old", **case))


def lock(folder: Path, case: Case) -> None:
    """`lock` is what uv found, `asked` the requirements file."""
    (folder / "r.txt").write_text(case.get("asked", "tiny\n"))
    target = make_platform("pi", **{"architecture": "aarch64", **case.get("platform", {})})
    found = Lock(case["lock"], folder / "lock")
    resolve([folder / "r.txt"], target, cache=folder, lock=lambda *_: found)


def locks(folder: Path, case: Case) -> None:
    """`libraries` are requirements files of the fleet; a lock is written for what was `locked`."""
    paths = [written(folder, case) / name for name in case["libraries"]]
    libraries = [make_library(f"l{number}", requirements=path) for number, path in enumerate(paths)]
    fleet = make_fleet(platforms=[PI], libraries=libraries)
    if "locked" in case:
        paths[0].write_text(case["locked"])
        lock_path(paths[:1], PI).write_text(lock_text([], paths[:1], PI))
        written(folder, case)
    required = Locks(Listener(), required=True)
    if "unasked" in case:
        required.resolve(paths, PI, cache=folder)
    sets = wanted(fleet, [PI])
    required.check(sets)
    check_known(case.get("upgrade", ()), [])


def index(folder: Path, case: Case) -> None:
    """`packages` come from one index alone; `found` is what uv took."""
    read = read_requirements([written(folder, case) / "r.txt"])
    own = PackageIndex("own", "https://packages.example.com/simple", tuple(case["packages"]))
    check_pinned([own], read, case["found"])
    Credentials([own], {"NETRC": str(folder / "netrc")})


def wheel(folder: Path, case: Case) -> None:
    """`bytes` are a whole file that is none; else a wheel is made of `files`, `tag` and `modes`."""
    if "bytes" in case:
        path = folder / "tiny-1.0-py3-none-any.whl"
        path.write_text(case["bytes"])
        made = describe(path, "tiny")
    else:
        made = make_wheel(folder, **case["made"])
        path = folder / made.filename
    if "flip" in case:
        data = bytearray(path.read_bytes())
        data[case["flip"]] ^= 0xFF
        path.write_bytes(data)
    with OpenWheel(made, path) as opened:
        for entry in opened.entries(PI, ranked_tags(PI)):
            list(entry.content.chunks())


def fetch(folder: Path, case: Case) -> None:
    made = make_wheel(folder / "index")
    if "bytes" in case:
        (folder / "index" / made.filename).write_text(case["bytes"])

    def opener(url: str) -> BinaryIO:
        if "fails" in case:
            number = getattr(errno, case["fails"])
            raise OSError(number, os.strerror(number))
        if "unreachable" in case:
            raise urllib.error.URLError(case["unreachable"])
        return open_url(url)

    cache = WheelCache(folder / "cache", Listener(), opener=opener, sleep=lambda _: None)
    cache.fetch([made])


def group() -> Group:
    """A group with everything that a document may be wrong about."""
    made = Group()
    made.resource("libraries", zip_of({"a": "1"}), "/mllibs")
    made.function("classify", zip_of({"function.py": ""}), resources=("libraries",))
    made.subscribe("cloud", "in/+", arn("classify"))
    return made


def core_v1(folder: Path, case: Case) -> None:
    """`patch` lays JSON over documents (null takes out), `raw` replaces their text."""
    out = group().write(folder / "out")
    for path, change in case.get("patch", {}).items():
        document = out / path
        document.write_text(json.dumps(patched(json.loads(document.read_text()), change)))
    for path, text in case.get("raw", {}).items():
        if text is None:
            (out / path).unlink()
        else:
            (out / path).write_text(text)
    load_deployment(out, case.get("core", CORE))


class ShortStore(FolderStore):
    """Objects come without their last byte."""

    def download(self, s3_uri: str, path: Path, advance: Callable[[int], None]) -> None:
        super().download(s3_uri, path, advance)
        path.write_bytes(path.read_bytes()[:-1])


def deploying(folder: Path, case: Case) -> None:
    """`recorded` is the SHA-256 that the object was stored with, `free` what the disk has."""
    made = group()
    if "comes" in case:
        made.store.__class__ = ShortStore
    for uri in made.store.objects:
        if "recorded" in case and "libraries" in uri:
            made.store.lies[uri] = case["recorded"]
    free = case.get("free", 1 << 40)
    deployer = Deployer(Layout(folder / "root"), made.store, free=lambda _: free)
    deployer.deploy(made.load(folder / "out"))


def in_force(folder: Path, case: Case) -> None:
    layout = Layout(folder)
    layout.in_force.parent.mkdir(parents=True)
    layout.in_force.write_text(case["text"])
    InForce(layout).read()


def archive(folder: Path, case: Case) -> None:
    """`zip` or `tar` are an archive's files (null: a folder); `text` is a file that is none."""
    content = case.get("text", "").encode()
    if "zip" in case:
        content = zip_of(case["zip"], mode=case.get("mode", 0o644))
    elif "tar" in case:
        content = tar_of(case["tar"])
    (folder / "download").write_bytes(content)
    with open_archive(folder / "download", f"s3://bucket/{case['name']}") as opened:
        opened.unpack(folder / "into")


def namespaces(_: Path, case: Case) -> None:
    isolation.choose("namespace", lambda: str(case["problem"]))


def place(folder: Path, case: Case) -> None:
    """The trees of a function with a second resource at `destination`."""
    made = group()
    made.resource("digits", b"", case["destination"])
    made.function("scale", b"", resources=("libraries", "digits"))
    deployment = made.load(folder / "out")
    trees = {each.id: folder / each.id for each in deployment.resources}
    mode = IsolationMode.MOUNT_NAMESPACE
    surroundings(deployment, deployment.functions[1], trees, Layout(folder / "root"), mode, {})


def second_core(folder: Path, _: Case) -> None:
    with hold(Layout(folder)):
        hold(Layout(folder))


def not_started(folder: Path, case: Case) -> None:
    """A message to a core that does not run, of the generation that the case names."""
    core: EmbeddedCore | EmbeddedNucleus
    if case["generation"] == "v1":
        core = EmbeddedCore(group().load(folder / "out"), FolderStore(), folder)
    else:
        made = components_support.Components()
        made.component("c")
        core = EmbeddedNucleus(made.load(folder), FolderStore(), folder)
    core.send("in/a", b"")


def core_v2(folder: Path, case: Case) -> None:
    """`recipe`, `manifest` and `deployed` lay JSON over those of a component `c`."""
    made = components_support.Components()
    recipe = made.component("c")
    recipe["Manifests"][0] = patched(recipe["Manifests"][0], case.get("manifest", {}))
    made.recipes["c-1.0.0"] = patched(recipe, case.get("recipe", {}))
    made.deployed = patched(made.deployed, case.get("deployed", {}))
    for name, other in case.get("others", {}).items():
        found = made.component(name, root=False)
        made.recipes[f"{name}-1.0.0"] = patched(found, other)
    deployment = made.load(folder)
    values = configured(deployment, {})
    permitted(values)
    planned(deployment, ComponentLayout(folder), values, {})


def configuration(folder: Path, case: Case) -> None:
    (folder / "configuration.json").write_text(case["text"])
    ConfigurationStore(folder / "configuration.json")


def script(_: Path, case: Case) -> None:
    Variables("c", "1.0.0", ComponentLayout(Path("/gg")), "thing", {}).script(case["text"])


def patched(content: Any, change: Any) -> Any:
    """JSON with a change laid over it: objects are joined, null takes out, lists by their index."""
    if isinstance(content, list) and isinstance(change, dict):
        return [patched(each, change.get(index, {})) for index, each in enumerate(content)]
    if not (isinstance(content, dict) and isinstance(change, dict)):
        return change
    joined = {name: patched(content.get(name), value) for name, value in change.items()}
    return {name: value for name, value in (content | joined).items() if value is not None}


CALLS: Mapping[str, Callable[[Path, Case], None]] = {
    "bundle/contents": contents,
    "bundle/deltas": deltas,
    "bundle/fetch": fetch,
    "bundle/function": function,
    "bundle/layers": layers,
    "bundle/index": index,
    "bundle/lock": lock,
    "bundle/locks": locks,
    "bundle/manifest": manifest,
    "bundle/model": model,
    "bundle/packing": packing,
    "bundle/part": part,
    "bundle/platform": platform,
    "bundle/requirements": requirements,
    "bundle/size": size,
    "bundle/tree": tree,
    "bundle/wheel": wheel,
    "core/archive": archive,
    "core/configuration_v2": configuration,
    "core/deploying": deploying,
    "core/documents_v1": core_v1,
    "core/documents_v2": core_v2,
    "core/in_force": in_force,
    "core/namespaces": namespaces,
    "core/not_started": not_started,
    "core/place": place,
    "core/second_core": second_core,
    "core/script_v2": script,
}
