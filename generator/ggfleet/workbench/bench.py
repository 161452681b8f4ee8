"""An S3 endpoint with a fleet's archives, and deployments for one of its cores."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Self

from ggfleet.cloud import ObjectStore, S3Client, create_bucket, local_s3_client, publish
from ggfleet.localcore import CoreDeployment, S3Endpoint, load_deployment
from ggfleet.model import Aws, Core, Document, Fleet, Manifest, Rendering
from ggfleet.render import render
from ggfleet.system.documents import write_rendering
from ggfleet.system.progress import CountedOnly, Progress


class Workbench:
    """A context manager; the endpoint and its objects live as long as it does.

    `folder` takes the rendered documents and the endpoint's log, `core` is the one deployed.
    """

    def __init__(self, core: Core, aws: Aws, folder: Path, progress: Progress) -> None:
        self.core = core
        self.folder = folder
        self._aws = aws
        self._progress = progress
        self._endpoint = S3Endpoint(folder / "s3.log")
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Self:
        self._progress.step("starting the local S3 endpoint")
        self._open.enter_context(self._endpoint)
        create_bucket(self._client(self.endpoint_url), self._aws.bucket, self._aws.region)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def endpoint_url(self) -> str:
        """Where the archives are."""
        return self._endpoint.endpoint_url

    def store(self, endpoint_url: str = "") -> ObjectStore:
        """The objects, read from the endpoint itself or through something in front of it."""
        return ObjectStore(self._client(endpoint_url or self.endpoint_url))

    def publish(self, manifest: Manifest, bundles: Path) -> None:
        """Put what the core can get, and is not there yet, into the fleet's bucket."""
        manifest = manifest.only(self.core.platform)
        count = len(manifest.archives)
        self._progress.step(f"putting {count} archives into the local S3 endpoint")
        s3 = self._client(self.endpoint_url)
        publish(manifest, bundles, self._aws.bucket, s3, CountedOnly(self._progress))

    def deployment(self, fleet: Fleet, manifest: Manifest, name: str) -> CoreDeployment:
        """What the core is told to run: rendered to `<folder>/<name>` and read from there."""
        out = self.folder / name
        only = fleet.only([self.core.platform])
        write_rendering(render(only, manifest, "group-v1"), out)
        return load_deployment(out, self.core.name)

    def components(self, fleet: Fleet, manifest: Manifest, name: str) -> Path:
        """The folder of what a V2 core of this platform gets: `recipes/` and `deployment.json`."""
        only = fleet.only([self.core.platform])
        deployments = render(only, manifest, "deployment-v2").documents
        path = f"deployments/{self.core.platform}.json"
        deployment = next(d for d in deployments if d.path == path)
        recipes = render(only, manifest, "recipes-v2").documents
        out = self.folder / name
        write_rendering(Rendering((*recipes, Document("deployment.json", deployment.content))), out)
        return out

    def _client(self, url: str) -> S3Client:
        return local_s3_client(self._aws.region, url)
