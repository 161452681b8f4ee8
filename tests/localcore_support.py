"""A hand-written group, archives and an object store in a folder, for tests of the embedded core.

The documents have the shape of docs/architecture.md. Standard library and ggfleet alone: a test
runs this as another user, with the system's Python.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ggfleet.errors import CloudError
from ggfleet.localcore import CoreDeployment, load_deployment

REGION, ACCOUNT, BUCKET = "eu-west-1", "123456789012", "line-vision-greengrass"
PLATFORM, CORE = "gateway", "gateway-1"


def arn(name: str) -> str:
    """A function's ARN with the platform as its alias."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:line-vision-{name}:{PLATFORM}"


@dataclass
class Info:
    size: int
    sha256: str | None


class FolderStore:
    """Objects in memory, with what their writers recorded. `lies` are wrong digests by URI."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.lies: dict[str, str | None] = {}
        self.fetched: list[str] = []

    def head(self, s3_uri: str) -> Info:
        if s3_uri not in self.objects:
            raise CloudError(f"{s3_uri} does not exist")
        content = self.objects[s3_uri]
        return Info(len(content), self.lies.get(s3_uri, hashlib.sha256(content).hexdigest()))

    def download(self, s3_uri: str, path: Path, advance: Callable[[int], None]) -> None:
        self.fetched.append(s3_uri)
        path.write_bytes(self.objects[s3_uri])
        advance(len(self.objects[s3_uri]))


def zip_of(files: Mapping[str, str | bytes], mode: int = 0o644) -> bytes:
    """A zip with these files."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100000 | mode) << 16
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def tar_of(entries: Mapping[str, str | None]) -> bytes:
    """A .tar.gz; None makes a folder."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in entries.items():
            info = tarfile.TarInfo(name)
            info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            info.mode = 0o755 if content is None else 0o644
            data = (content or "").encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data) if content is not None else None)
    return stream.getvalue()


def package(code: str, sdk: Path | None = None, **more: str) -> bytes:
    """A Lambda package: `function.py`, other modules, and the unmodified greengrasssdk."""
    files: dict[str, str | bytes] = {"function.py": code}
    files.update({f"{name}.py": text for name, text in more.items()})
    if sdk:
        for file in sorted(sdk.rglob("*.py")):
            files[f"greengrasssdk/{file.relative_to(sdk)}"] = file.read_bytes()
    return zip_of(files)


@dataclass
class Group:
    """Collects a group; `write` makes its documents, `store` holds its archives."""

    store: FolderStore = field(default_factory=FolderStore)
    functions: list[dict[str, Any]] = field(default_factory=list)
    packages: dict[str, dict[str, Any]] = field(default_factory=dict)
    resources: list[dict[str, Any]] = field(default_factory=list)
    subscriptions: list[dict[str, str]] = field(default_factory=list)
    loggers: list[dict[str, Any]] = field(default_factory=list)

    def function(
        self,
        name: str,
        content: bytes,
        *,
        resources: tuple[str, ...] = (),
        isolation: str = "GreengrassContainer",
        pinned: bool = True,
        timeout: int = 10,
        encoding: str = "json",
        variables: Mapping[str, str] | None = None,
    ) -> str:
        contained = isolation == "GreengrassContainer"
        permission = {"Permission": "ro"} if contained else {}
        configuration = {
            "EncodingType": encoding,
            "Pinned": pinned,
            "Timeout": timeout,
            "Environment": {
                "Execution": {"IsolationMode": isolation},
                "ResourceAccessPolicies": [{"ResourceId": r, **permission} for r in resources],
                "Variables": dict(variables or {}),
            },
        }
        if contained:
            configuration["MemorySize"] = 65536
        self.functions.append(
            {"Id": name, "FunctionArn": arn(name), "FunctionConfiguration": configuration}
        )
        key = f"ggfleet/line-vision/functions/{name}-{PLATFORM}.zip"
        self.packages[name] = {
            "FunctionName": f"line-vision-{name}",
            "Runtime": "python3.8",
            "Handler": "function.function_handler",
            "Code": {"S3Bucket": BUCKET, "S3Key": key},
        }
        self.store.objects[f"s3://{BUCKET}/{key}"] = content
        return arn(name)

    def resource(self, name: str, content: bytes, destination: str, suffix: str = ".zip") -> str:
        uri = f"s3://{BUCKET}/ggfleet/line-vision/models/{name}{suffix}"
        data = {
            "S3Uri": uri,
            "DestinationPath": destination,
            "OwnerSetting": {"GroupOwner": "ggc_ml", "GroupPermission": "ro"},
        }
        container = {"S3MachineLearningModelResourceData": data}
        self.resources = [r for r in self.resources if r["Id"] != name]
        self.resources.append({"Id": name, "Name": name, "ResourceDataContainer": container})
        self.store.objects[uri] = content
        return uri

    def subscribe(self, source: str, subject: str, target: str) -> None:
        self.subscriptions.append(
            {
                "Id": f"sub-{len(self.subscriptions)}",
                "Source": source,
                "Subject": subject,
                "Target": target,
            }
        )

    def write(self, folder: Path) -> Path:
        """Write the documents of docs/architecture.md."""
        if folder.exists():
            shutil.rmtree(folder)
        shared = f"platforms/{PLATFORM}"
        bodies: dict[str, Any] = {
            f"{shared}/function-definition.json": {"Functions": self.functions},
            f"{shared}/resource-definition.json": {"Resources": self.resources},
            f"{shared}/subscription-definition.json": {"Subscriptions": self.subscriptions},
            f"{shared}/logger-definition.json": {"Loggers": self.loggers},
            f"cores/{CORE}/core-definition.json": {"Cores": [_core()]},
            f"cores/{CORE}/group.json": {
                "CoreDefinitionVersionArn": f"${{cores/{CORE}/core-definition.json:LatestVersionArn}}",
                **{
                    f"{kind}DefinitionVersionArn": (
                        f"${{{shared}/{kind.lower()}-definition.json:LatestVersionArn}}"
                    )
                    for kind in ("Function", "Resource", "Subscription", "Logger")
                },
            },
        }
        for path, version in bodies.items():
            _write(folder / path, {"Name": "line-vision-gateway-1", "InitialVersion": version})
        for name, body in self.packages.items():
            _write(folder / shared / "lambda" / f"{name}.json", body)
        _write(folder / "calls.json", [])
        return folder

    def load(self, folder: Path) -> CoreDeployment:
        """Write the documents and read them back as a core does."""
        return load_deployment(self.write(folder), CORE)


def _core() -> dict[str, Any]:
    thing = f"arn:aws:iot:{REGION}:{ACCOUNT}:thing/line-vision-gateway-1"
    certificate = f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/0123456789abcdef"
    return {"Id": "core", "ThingArn": thing, "CertificateArn": certificate, "SyncShadow": False}


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2))


def tree_digest(folder: Path) -> str:
    """A digest of a tree: paths and contents."""
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(folder)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
