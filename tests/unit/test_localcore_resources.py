"""A deployment comes in force whole, or what was in force before stays."""

from __future__ import annotations

import errno
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ggfleet.errors import CloudError, CoreError
from ggfleet.localcore import CoreDeployment, DeployReport
from ggfleet.localcore.layout import STAGING, Layout
from ggfleet.localcore.resources import Deployer
from ggfleet.localcore.trees import InForce
from localcore_support import Group, arn, tar_of, tree_digest, zip_of

LIBRARIES = zip_of({"tensor/__init__.py": "VERSION = 1", "tensor/big.so": "x" * 20_000})


class Killed(BaseException):
    """Stands for a kill: nothing that catches Exception sees it."""


class Device:
    """A root folder with a deployer, and what is in force in it."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root / "greengrass")
        self.documents = root / "documents"
        self.group = Group()
        self.group.resource("libraries", LIBRARIES, "/mllibs")
        self.model(1)
        self.group.function("one", zip_of({"function.py": "1"}), resources=("libraries", "digits"))

    def model(self, version: int) -> None:
        self.group.resource("digits", zip_of({"weights": str(version) * 100}), "/models/digits")

    @property
    def deployment(self) -> CoreDeployment:
        return self.group.load(self.documents)

    def deploy(
        self,
        fault: Callable[[str], None] = lambda _: None,
        free: Callable[[Path], int] = lambda _: 1 << 40,
    ) -> DeployReport:
        deployer = Deployer(self.layout, self.group.store, fault=fault, free=free)
        return deployer.deploy(self.deployment)

    def trees(self) -> dict[str, str]:
        return {k: tree_digest(t.path) for k, t in InForce(self.layout).read().items()}

    def weights(self) -> str:
        tree = InForce(self.layout).read()["resource:digits"]
        return (tree.path / "weights").read_text()[0]

    def leftovers(self) -> list[Path]:
        staged = list(self.layout.deployment.rglob(f"{STAGING}*"))
        partial_files = list(self.layout.deployment.rglob("*.partial*"))
        return staged + partial_files


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


def test_the_first_deployment_fetches_everything_and_says_what_it_cost(device: Device) -> None:
    report = device.deploy()
    assert [(r.kind, r.name, r.kept) for r in report.rows] == [
        ("resource", "libraries", False),
        ("resource", "digits", False),
        ("function", arn("one"), False),
    ]
    objects = device.group.store.objects
    assert report.download_bytes == sum(len(content) for content in objects.values())
    assert report.files == 4
    assert report.rows[0].unpacked_bytes == 20_011
    assert report.rows[0].destination == "/mllibs"
    assert report.seconds >= sum(r.download_seconds + r.unpack_seconds for r in report.rows)
    assert device.leftovers() == []


def test_a_model_update_moves_no_byte_of_the_libraries(device: Device) -> None:
    device.deploy()
    device.model(2)
    device.group.store.fetched.clear()
    report = device.deploy()
    uri = "s3://line-vision-greengrass/ggfleet/line-vision/models/digits.zip"
    assert device.group.store.fetched == [uri]
    assert [row.kept for row in report.rows] == [True, False, True]
    assert report.download_bytes == len(device.group.store.objects[uri])
    assert device.weights() == "2"


def test_the_same_deployment_again_fetches_nothing(device: Device) -> None:
    device.deploy()
    device.group.store.fetched.clear()
    assert device.deploy().download_bytes == 0
    assert device.group.store.fetched == []


def test_trees_that_nothing_names_go_after_the_switch(device: Device) -> None:
    device.deploy()
    old = InForce(device.layout).read()["resource:digits"]
    device.model(2)
    report = device.deploy()
    assert report.removed == (f"mlmodel/{old.sha256}",)
    assert not old.path.exists()
    assert len(list(device.layout.resources.iterdir())) == 2


def test_a_removed_functions_packages_go_too(device: Device) -> None:
    device.group.function("two", zip_of({"function.py": "2"}))
    device.deploy()
    assert device.layout.package_home(arn("two")).is_dir()
    device.group.functions.pop()
    device.deploy()
    assert not device.layout.package_home(arn("two")).exists()
    assert device.layout.package_home(arn("one")).is_dir()


def test_two_destinations_share_one_tree(device: Device) -> None:
    device.group.resource("copy", LIBRARIES, "/elsewhere")
    report = device.deploy()
    rows = {row.name: row for row in report.rows}
    assert (rows["libraries"].kept, rows["copy"].kept) == (False, True)
    assert rows["libraries"].sha256 == rows["copy"].sha256


def test_a_wrong_checksum_is_refused_and_the_old_deployment_stays(device: Device) -> None:
    device.deploy()
    before = device.trees()
    device.model(2)
    uri = "s3://line-vision-greengrass/ggfleet/line-vision/models/digits.zip"
    device.group.store.lies[uri] = "0" * 64
    with pytest.raises(CoreError, match=r"digits\.zip: the checksum is wrong"):
        device.deploy()
    assert device.trees() == before
    assert device.leftovers() == []


def test_an_object_that_came_short_is_refused(device: Device) -> None:
    class ShortStore(type(device.group.store)):  # type: ignore[misc]
        def download(self, s3_uri: str, path: Path, advance: Callable[[int], None]) -> None:
            super().download(s3_uri, path, advance)
            path.write_bytes(path.read_bytes()[:-1])

    device.group.store.__class__ = ShortStore
    with pytest.raises(CoreError, match=r"bytes came, .* were expected"):
        device.deploy()


def test_a_missing_object_leaves_the_old_deployment(device: Device) -> None:
    device.deploy()
    before = device.trees()
    device.group.store.objects.pop(
        "s3://line-vision-greengrass/ggfleet/line-vision/models/digits.zip"
    )
    with pytest.raises(CloudError, match="does not exist"):
        device.deploy()
    assert device.trees() == before


def test_an_object_whose_writer_recorded_no_digest_is_fetched_each_time(device: Device) -> None:
    uri = "s3://line-vision-greengrass/ggfleet/line-vision/models/digits.zip"
    device.group.store.lies[uri] = None
    device.deploy()
    device.group.store.fetched.clear()
    report = device.deploy()
    assert device.group.store.fetched == [uri]
    assert report.rows[1].download_bytes > 0
    assert report.rows[1].files == 0
    assert device.weights() == "1"


def test_a_tar_gz_resource_lands_below_its_parent_directory(device: Device) -> None:
    content = tar_of({"model": None, "model/weights": "w"})
    device.group.resource("digits", content, "/models/digits", suffix=".tar.gz")
    device.deploy()
    tree = InForce(device.layout).read()["resource:digits"]
    assert (tree.path / "model" / "weights").read_text() == "w"


def test_an_escaping_member_leaves_the_old_deployment(device: Device) -> None:
    device.deploy()
    before = device.trees()
    device.group.resource("digits", zip_of({"../../../evil": "x"}), "/models/digits")
    with pytest.raises(CoreError, match="outside of its folder"):
        device.deploy()
    assert device.trees() == before
    assert not list(device.layout.root.rglob("evil"))


def test_a_disk_too_small_for_the_downloads_is_said_before_any_of_them(device: Device) -> None:
    with pytest.raises(CoreError, match=r"bytes are needed to download.* 10 bytes are free"):
        device.deploy(free=lambda _: 10)
    assert device.group.store.fetched == []


def test_a_disk_too_small_for_the_tree_is_said_before_unpacking(device: Device) -> None:
    with pytest.raises(CoreError, match=r"are needed to unpack .*libraries\.zip"):
        device.deploy(free=lambda _: 15_000)
    assert device.leftovers() == []
    assert device.trees() == {}


def test_a_disk_that_fills_up_meanwhile_is_said(device: Device) -> None:
    def full(point: str) -> None:
        if point == "before unpacking":
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(CoreError, match=r"not enough space.*libraries\.zip did not fit"):
        device.deploy(fault=full)
    assert device.leftovers() == []


def points(device: Device) -> list[str]:
    """Every step of a deployment, in order, as the fault hook is told them."""
    seen: list[str] = []
    device.deploy(fault=seen.append)
    return seen


def stop_at(count: int, at: int, point: str) -> None:
    if count == at:
        raise Killed(point)


def test_an_exception_at_any_step_leaves_old_or_new(tmp_path: Path) -> None:
    """At each step in turn the deployment ends; what is in force is whole, and the next one works."""
    steps = len(points(Device(tmp_path / "count")))
    assert steps >= 15
    for at in range(steps):
        device = Device(tmp_path / str(at))
        device.group.resource("libraries", LIBRARIES, "/mllibs")
        device.deploy()
        old = device.trees()
        device.model(2)
        device.group.function("one", zip_of({"function.py": "2"}), resources=("digits",))
        del device.group.functions[0]
        numbers = iter(range(steps))
        fault = partial(lambda numbers, at, point: stop_at(next(numbers), at, point), numbers, at)
        try:
            device.deploy(fault=fault)
        except Killed as killed:
            switched = killed.args[0] == "switched"
            assert (device.trees() == old) is not switched
        device.deploy()
        assert device.weights() == "2"
        assert device.leftovers() == []


def test_a_damaged_state_file_is_said(device: Device) -> None:
    device.deploy()
    device.layout.in_force.write_text('{"trees": 1}')
    with pytest.raises(CoreError, match=r"in-force\.json is damaged"):
        InForce(device.layout).read()
