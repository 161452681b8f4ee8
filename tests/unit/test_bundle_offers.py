"""Which functions are offered an edge runtime, with which figures, and when there is none."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ggfleet.bundle.build import merge
from ggfleet.bundle.edge import ModelForm
from ggfleet.bundle.fetch import WheelCache
from ggfleet.bundle.fingerprint import Fingerprints
from ggfleet.bundle.offers import Offer, offers
from ggfleet.bundle.parts import archives
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.workshop import Workshop
from ggfleet.errors import BundleError
from ggfleet.model import Fleet, Function, Install, Layer, Library, Manifest, Part, Platform
from ggfleet.system.progress import Silent
from unit.elfmaker import AARCH64, make_elf
from unit.factories import make_fleet, make_function, make_library, make_model, make_platform
from unit.wheelmaker import PI as TAG
from unit.wheelmaker import make_wheel

PI = make_platform("pi", architecture="aarch64")
OURS = "edge-runtime.txt"
PARTS = (Part.LIBRARIES, Part.FUNCTION)


@dataclass
class Index:
    """Answers with the wheels of the first file; keeps what files it was asked for, and OURS."""

    wheels: Mapping[str, Sequence[Wheel]]
    asked: list[str] = field(default_factory=list)
    text: str = ""

    def __call__(self, files: Sequence[Path], _platform: Platform) -> tuple[Wheel, ...]:
        self.asked.append(files[0].name)
        if files[0].name == OURS:
            self.text = files[0].read_text()
        if files[0].name not in self.wheels:
            raise BundleError(
                "no set of wheels for platform pi: uv failed:\nerror: Request failed\n"
                "  cause: no route to host\n"
                "  cause: the rest\n\nhint: try the network"
            )
        return tuple(self.wheels[files[0].name])


def index_of(tmp_path: Path) -> Index:
    """TensorFlow, which needs `tiny`, with a stranger; the runtime, which needs `tiny` too."""
    elf, needs = make_elf(AARCH64), "Requires-Dist: tiny\n"
    files: dict[str, str | bytes] = {
        "tensorflow/libtensorflow_cc.so.2": elf,
        "tensorflow/x.pyi": "x: int\n",
    }
    runtime: dict[str, str | bytes] = {"ai_edge_litert/_pywrap.so": elf}
    folder = tmp_path / "wheels"
    tiny, other = make_wheel(folder, "tiny"), make_wheel(folder, "stranger")
    tensorflow = make_wheel(folder, "tensorflow", tag=TAG, files=files, metadata=needs)
    edge = make_wheel(folder, "ai_edge_litert", tag=TAG, files=runtime, metadata=needs)
    edge = replace(edge, name="ai-edge-litert")
    return Index({
        "tf.txt": [other, tensorflow, tiny],
        "edge.txt": [edge, other, tiny],
        OURS: [edge, tiny],
    })  # fmt: skip


def fleet_of(tmp_path: Path, *more: Library, functions: Sequence[Function] = ()) -> Fleet:
    """One function with TensorFlow and a SavedModel; others with more libraries as asked."""
    (tmp_path / "tf.txt").write_text("tensorflow\n")
    (tmp_path / "edge.txt").write_text("ai-edge-litert==1.0\nstranger\n")
    for name in ("fn", "saved", "lite", "keras"):
        (tmp_path / name).mkdir(exist_ok=True)
    (tmp_path / "fn/function.py").write_text("def function_handler(event, context): ...\n")
    (tmp_path / "saved/saved_model.pb").write_text("graph")
    (tmp_path / "lite/digits.tflite").write_text("graph")
    (tmp_path / "keras/digits.keras").write_text("layers")
    sources = ("saved", "lite", "lite/digits.tflite", "keras", "keras/digits.keras")
    models = [make_model(each, source=str(tmp_path / each)) for each in sources]
    return make_fleet(
        platforms=[PI],
        libraries=[make_library("tf", requirements=tmp_path / "tf.txt"), *more],
        models=[*models, make_model("aws", source="s3://bucket/model.zip")],
        functions=[*(functions or [function_of(tmp_path)])],
    )


def function_of(tmp_path: Path, name: str = "fn", **overrides: object) -> Function:
    values = {"sources": (tmp_path / "fn",), "libraries": ("tf",), "models": ("saved",)}
    return make_function(name, **{**values, **overrides})


def edge_of(tmp_path: Path) -> Library:
    return make_library("edge", requirements=tmp_path / "edge.txt", install=Install.IN_FUNCTION)


def shop_of(tmp_path: Path, fleet: Fleet, index: Index, out: str) -> Workshop:
    return Workshop(
        fleet=fleet,
        platforms=tuple(fleet.platforms.values()),
        out=tmp_path / out,
        progress=Silent(),
        wheels=WheelCache(tmp_path / "cache", Silent()),
        resolver=index,
        fingerprints=Fingerprints(tmp_path / "built"),
        before=Manifest(),
        interpreters=lambda _: None,
        tools=lambda _: None,
    )


def offered(tmp_path: Path, fleet: Fleet, index: Index) -> list[Offer]:
    """Build a fleet, and ask for its offers."""
    shop = shop_of(tmp_path, fleet, index, "out")
    out = shop.out
    manifest = merge(fleet, out, [*archives(shop, [PI], PARTS)])
    index.asked.clear()
    before = (out / "manifest.json").read_bytes()
    found = [*offers(shop_of(tmp_path, fleet, index, "offers"), manifest, out, [PI], Silent())]
    assert (out / "manifest.json").read_bytes() == before, "an offer changes nothing"
    return found


def test_figures_are_of_two_real_archives(tmp_path: Path) -> None:
    """Size, bytes and files as they lie in the zips; pruned alike; what TensorFlow leaves is told."""
    [offer] = offered(tmp_path, fleet_of(tmp_path), index_of(tmp_path))
    assert (offer.function, offer.platform) == ("fn", "pi")
    assert offer.models == {"saved": ModelForm.SAVED_MODEL}
    assert offer.runtime is not None
    for cost, place in ((offer.now, "out"), (offer.runtime, "offers")):
        [path] = (tmp_path / place / "libraries").glob("*.zip")
        with zipfile.ZipFile(path) as opened:
            members = opened.infolist()
        assert cost.size == path.stat().st_size
        assert cost.unpacked_size == sum(each.file_size for each in members)
        assert cost.files == len(members)
    assert offer.now.packages == ("tensorflow 1.0",)
    assert offer.runtime.packages == ("ai-edge-litert 1.0",)
    assert offer.beside == ("stranger 1.0",)
    assert any("TFLiteConverter.from_saved_model" in step for step in offer.steps)
    assert "ai_edge_litert.interpreter.Interpreter" in offer.steps[-1]


def test_asking_again_resolves_and_packs_nothing(tmp_path: Path) -> None:
    fleet, index = fleet_of(tmp_path), index_of(tmp_path)
    first = offered(tmp_path, fleet, index)
    assert index.asked == [OURS]
    assert offered(tmp_path, fleet, index) == first
    assert index.asked == []


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        (("saved",), {"saved": "saved-model"}),
        (("lite",), {"lite": "tflite"}),
        (("lite/digits.tflite", "saved"), {"lite/digits.tflite": "tflite", "saved": "saved-model"}),
        (("keras",), None),
        (("keras/digits.keras",), None),
        (("saved", "keras"), None),
        (("aws",), None),
        ((), None),
    ],
)
def test_all_models_must_lead_to_the_runtime(
    tmp_path: Path, models: tuple[str, ...], expected: dict[str, str] | None
) -> None:
    """Checkpoints are for training; what lies in AWS, or nowhere, cannot be judged."""
    fleet = fleet_of(tmp_path, functions=[function_of(tmp_path, models=models)])
    found = offered(tmp_path, fleet, index_of(tmp_path))
    assert [each.models for each in found] == ([expected] if expected else [])


def test_a_tflite_model_needs_no_conversion(tmp_path: Path) -> None:
    fleet = fleet_of(tmp_path, functions=[function_of(tmp_path, models=("lite",))])
    [offer] = offered(tmp_path, fleet, index_of(tmp_path))
    assert not any("convert" in step for step in offer.steps)


def test_what_is_not_pythons_or_has_no_tensorflow_is_left_alone(tmp_path: Path) -> None:
    native = function_of(tmp_path, "native", executable="function.py")
    bare = function_of(tmp_path, "bare", libraries=())
    fleet = fleet_of(tmp_path, functions=[native, bare])
    index = index_of(tmp_path)
    assert offered(tmp_path, fleet, index) == []
    assert index.asked == [], "nothing is weighed for nobody"


def test_the_fleets_own_runtime_gives_the_figures(tmp_path: Path) -> None:
    """Its requirements, without what else they bring; whoever uses it already gets no offer."""
    user = function_of(tmp_path, "edge", libraries=("edge", "tf"))
    functions = [function_of(tmp_path), user]
    fleet, index = fleet_of(tmp_path, edge_of(tmp_path), functions=functions), index_of(tmp_path)
    [offer] = offered(tmp_path, fleet, index)
    assert offer.function == "fn"
    assert index.asked == ["edge.txt"]
    [contents] = (tmp_path / "offers/libraries").glob("*.contents.json")
    origins = {share["origin"] for share in json.loads(contents.read_text())}
    assert origins == {"ai-edge-litert 1.0", "tiny 1.0"}


def test_another_platforms_runtime_is_not_asked_for(tmp_path: Path) -> None:
    """A marker that is false here: the runtime is resolved by itself."""
    user = function_of(tmp_path, "edge", libraries=("edge",), models=())
    fleet = fleet_of(tmp_path, edge_of(tmp_path), functions=[function_of(tmp_path), user])
    text = "ai-edge-litert==1.0 ; platform_machine == 'x86_64'\nstranger\n"
    (tmp_path / "edge.txt").write_text(text)
    index = index_of(tmp_path)
    index.wheels = {**index.wheels, "edge.txt": index.wheels["edge.txt"][1:]}
    assert [each.function for each in offered(tmp_path, fleet, index)] == ["fn"]
    assert index.asked == [OURS]


def test_no_figure_is_told_once_and_is_no_error(tmp_path: Path) -> None:
    """Both functions have the reason in one line; the index was asked once."""
    functions = [function_of(tmp_path), function_of(tmp_path, "two")]
    fleet, index = fleet_of(tmp_path, functions=functions), index_of(tmp_path)
    index.wheels = {"tf.txt": index.wheels["tf.txt"]}
    found = offered(tmp_path, fleet, index)
    assert [each.runtime for each in found] == [None, None]
    why = "no set of wheels for platform pi: uv failed: Request failed: no route to host"
    assert {(each.missing, each.steps) for each in found} == {(why, ())}
    assert index.asked == [OURS]


def test_a_runtime_that_the_platform_cannot_load_is_no_offer(tmp_path: Path) -> None:
    """The same proof as for a bundle: a symbol of a newer C library."""
    index = index_of(tmp_path)
    new = make_elf(AARCH64, versions={"libc.so.6": [("GLIBC_2.99", "dlopen")]})
    files = {"ai_edge_litert/_pywrap.so": new}
    edge = make_wheel(tmp_path / "wheels", "ai_edge_litert", tag=TAG, files=files)
    index.wheels = {**index.wheels, OURS: [replace(edge, name="ai-edge-litert")]}
    [offer] = offered(tmp_path, fleet_of(tmp_path), index)
    assert offer.runtime is None
    assert (
        "cannot load: ai-edge-litert 1.0: ai_edge_litert/_pywrap.so needs dlopen" in offer.missing
    )


def test_packages_come_from_where_the_function_has_its_own(tmp_path: Path) -> None:
    """An owner without the public index is not sent there."""
    fleet, index = fleet_of(tmp_path), index_of(tmp_path)
    lines = "--no-index\n--find-links wheels\n--extra-index-url https://x.example/simple\n"
    (tmp_path / "tf.txt").write_text(lines + "tensorflow\n")
    offered(tmp_path, fleet, index)
    assert index.text == (
        f"--no-index\n--find-links {tmp_path}/wheels\n"
        "--extra-index-url https://x.example/simple\nai-edge-litert\n"
    )


def test_layers_are_counted_together(tmp_path: Path) -> None:
    layers = (Layer("heavy", ("tensorflow",)), Layer("rest"))
    library = make_library("tf", requirements=tmp_path / "tf.txt", layers=layers)
    fleet = replace(fleet_of(tmp_path), libraries={"tf": library})
    [offer] = offered(tmp_path, fleet, index_of(tmp_path))
    sizes = [path.stat().st_size for path in (tmp_path / "out/libraries").glob("*.zip")]
    assert len(sizes) == 2
    assert (offer.now.size, offer.now.packages) == (sum(sizes), ("tensorflow 1.0",))


def offered_on(tmp_path: Path, platform: Platform) -> Offer:
    """The one offer on another platform than `PI`."""
    fleet = replace(fleet_of(tmp_path), platforms={"pi": platform})
    shop = shop_of(tmp_path, fleet, index_of(tmp_path), "out")
    manifest = Manifest(tuple(archives(shop, [platform], PARTS)))
    other = replace(shop, out=tmp_path / "offers")
    [offer] = offers(other, manifest, shop.out, [platform], Silent())
    return offer


def test_a_platform_with_a_gpu_is_told_what_the_figures_are_of(tmp_path: Path) -> None:
    assert "figures for the processor" in offered_on(tmp_path, replace(PI, gpu="jetson")).steps[-1]


def test_a_runtime_that_devices_have_is_not_weighed(tmp_path: Path) -> None:
    offer = offered_on(tmp_path, replace(PI, provides=(("ai-edge-litert", "2.1"),)))
    assert offer.missing == "devices have 2.1 of their own (platforms.pi.provides)"
