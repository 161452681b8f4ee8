"""Artifacts of the embedded V2 core: where they lie, when they are fetched, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from components_support import THING, Components, digest, running, seen, shows
from ggfleet.cloud import ObjectStore, create_bucket, local_s3_client
from ggfleet.errors import CoreError
from ggfleet.localcore import S3Endpoint
from ggfleet.system.progress import Silent
from ggfleet.workbench import ComponentTrial, running_components
from localcore_harness import PYTHON
from localcore_support import BUCKET, REGION, zip_of

pytest.importorskip("awsiot")


def test_artifacts_lie_where_a_nucleus_has_them(tmp_path: Path) -> None:
    components = Components()
    archive = zip_of({"deep/file": "from the zip"})
    components.component(
        "c",
        shows('cat "{artifacts:decompressedPath}libs/deep/file" "{artifacts:path}plain.txt"'),
        artifacts=[
            components.artifact("libs.zip", archive, **digest(archive)),
            components.artifact("plain.txt", b" and a file", **digest(b" and a file")),
        ],
    )
    with running(components, tmp_path) as trial:
        assert seen(tmp_path) == "from the zip and a file"
        root = trial.core.layout.root
        assert (root / "packages/artifacts-unarchived/c/1.0.0/libs/deep/file").exists()
        assert (root / "packages/artifacts/c/1.0.0/plain.txt").exists()


def test_artifacts_come_from_an_s3_endpoint_by_the_recipes_digest(tmp_path: Path) -> None:
    """The endpoint has what an uploader wrote who records no SHA-256: the recipe tells it."""
    components = Components()
    archive = zip_of({"file": "by way of S3"})
    artifact = components.artifact("libs.zip", archive, **digest(archive))
    components.component(
        "c", shows('cat "{artifacts:decompressedPath}/libs/file"'), artifacts=[artifact]
    )
    trial = ComponentTrial(
        components.write(tmp_path / "out"), THING, tmp_path / "greengrass", REGION, PYTHON
    )
    with S3Endpoint(tmp_path / "s3.log") as endpoint:
        client = local_s3_client(REGION, endpoint.endpoint_url)
        create_bucket(client, BUCKET, REGION)
        client.put_object(Bucket=BUCKET, Key="ggfleet/libs.zip", Body=archive)
        store = ObjectStore(client)
        for fetched in (True, False):
            lines: list[str] = []
            with running_components(trial, store, Silent(), lines.append):
                assert seen(tmp_path) == "by way of S3"
            size = len(archive) if fetched else 0
            assert any(f"{size} bytes fetched" in line for line in lines)


def test_what_has_not_changed_is_not_fetched_again_and_what_is_unused_goes(tmp_path: Path) -> None:
    components = Components()
    libs = components.artifact("libs.zip", zip_of({"a": "1"}))
    components.component(
        "c", artifacts=[libs, components.artifact("model-1.zip", zip_of({"m": "1"}))]
    )
    with running(components, tmp_path, start=False):
        assert len(components.store.fetched) == 2
    components.recipes.clear()
    second = components.artifact("model-2.zip", zip_of({"m": "2"}))
    components.component("c", version="1.0.1", artifacts=[libs, second])
    with running(components, tmp_path, start=False) as trial:
        assert components.store.fetched[2:] == [second["Uri"]]
        assert len(list(trial.core.layout.resources.iterdir())) == 2


def test_an_artifact_that_is_not_the_recipes_is_refused_and_the_old_stays(tmp_path: Path) -> None:
    components = Components()
    components.component("c", artifacts=[components.artifact("a.zip", zip_of({"a": "1"}))])
    with running(components, tmp_path, start=False) as trial:
        before = trial.core.layout.in_force.read_text()
    other = components.artifact("b.zip", zip_of({"a": "2"}), **digest(b"something else"))
    components.recipes.clear()
    components.component("c", artifacts=[other])
    another = pytest.raises(CoreError, match="another file than the one deployed")
    with another, running(components, tmp_path, start=False):
        pass
    assert (tmp_path / "greengrass/packages/in-force.json").read_text() == before
    components.store.lies[other["Uri"]] = None  # its writer recorded no digest
    wrong = pytest.raises(CoreError, match="checksum is wrong")
    with wrong, running(components, tmp_path, start=False):
        pass
