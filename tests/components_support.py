"""Hand-written components with their archives, and a V2 core that runs them, for tests."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ggfleet.localcore import CoreEvent
from ggfleet.localcore.v2 import ComponentDeployment, EmbeddedNucleus, load_components
from ggfleet.runtime import component_files
from localcore_harness import PYTHON, wait_for
from localcore_support import BUCKET, FolderStore, zip_of

THING = "line-vision-gateway-1"
ANY = {"os": "linux", "runtime": "*"}
PUBSUB, MQTT_PROXY = "aws.greengrass.ipc.pubsub", "aws.greengrass.ipc.mqttproxy"
Json = dict[str, Any]


def client_folder() -> Path:
    """Where the unmodified awsiotsdk is installed."""
    spec = importlib.util.find_spec("awsiot")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parents[1]


def client_links(folder: Path) -> Path:
    """A folder that holds awsiotsdk and awscrt alone, and nothing else of our environment."""
    folder.mkdir(parents=True)
    for item in client_folder().iterdir():
        if item.name in ("awsiot", "awscrt") or item.name.startswith(
            ("_awscrt", "awsiotsdk-", "awscrt-")
        ):
            (folder / item.name).symlink_to(item)
    return folder


def adapter_zip() -> bytes:
    return zip_of({path: file.read_bytes() for path, file in component_files().items()})


def allow(component: str, cloud: list[str] | None = None, local: list[str] | None = None) -> Json:
    """An accessControl that allows everything on these resources."""
    found = {}
    for service, kind, resources in (
        (MQTT_PROXY, "mqttproxy", cloud),
        (PUBSUB, "pubsub", local),
    ):
        if resources is not None:
            policy = {"operations": ["*"], "resources": resources}
            found[service] = {f"{component}:{kind}:1": policy}
    return found


@dataclass
class Components:
    """Collects recipes and archives; `load` writes the documents and reads them back."""

    store: FolderStore = field(default_factory=FolderStore)
    recipes: dict[str, Json] = field(default_factory=dict)
    deployed: dict[str, Json] = field(default_factory=dict)

    def artifact(self, name: str, content: bytes, **more: Any) -> Json:
        uri = f"s3://{BUCKET}/ggfleet/{name}"
        self.store.objects[uri] = content
        kind = {"Unarchive": "ZIP"} if name.endswith(".zip") else {}
        return {"Uri": uri, **kind, **more}

    def component(
        self,
        name: str,
        steps: Json | None = None,
        *,
        version: str = "1.0.0",
        artifacts: list[Json] | None = None,
        configuration: Json | None = None,
        dependencies: Mapping[str, Json] | None = None,
        root: bool = True,
        **manifest: Any,
    ) -> Json:
        """Add a component; `root` says that the deployment names it."""
        recipe: Json = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentConfiguration": {"DefaultConfiguration": configuration or {}},
            "ComponentDependencies": dict(dependencies or {}),
            "Manifests": [
                {
                    "Platform": ANY,
                    "Lifecycle": {"run": "exec sleep 600"} if steps is None else steps,
                    "Artifacts": artifacts or [],
                    **manifest,
                }
            ],
        }
        self.recipes[f"{name}-{version}"] = recipe
        if root:
            self.deployed[name] = {"componentVersion": version}
        return recipe

    def write(self, folder: Path) -> Path:
        (folder / "recipes").mkdir(parents=True, exist_ok=True)
        for name, recipe in self.recipes.items():
            (folder / "recipes" / f"{name}.json").write_text(json.dumps(recipe))
        (folder / "deployment.json").write_text(json.dumps({"components": self.deployed}))
        return folder

    def load(self, folder: Path) -> ComponentDeployment:
        return load_components(self.write(folder), THING)


def function_component(
    components: Components,
    name: str,
    package: bytes,
    client: Path,
    *,
    settings: Json,
    access: Json,
    path: str = "",
    dependencies: Mapping[str, Json] | None = None,
) -> None:
    """A function of V1 as a native component with the adapter."""
    script = (
        'exec python3 -u "{artifacts:decompressedPath}/adapter/component_runtime.py" '
        '--root "{kernel:rootPath}" --package "{artifacts:decompressedPath}/function"'
    )
    components.component(
        name,
        {"run": {"Script": script, "Setenv": {"PYTHONPATH": f"{path}{client}"}}},
        artifacts=[
            components.artifact("adapter.zip", adapter_zip()),
            components.artifact(f"{name}/function.zip", package),
        ],
        configuration={
            "accessControl": access,
            "function": {"handler": "function.function_handler", **settings},
        },
        dependencies=dependencies,
    )


@dataclass
class Trial:
    core: EmbeddedNucleus
    events: list[CoreEvent]
    lines: list[str]

    def ask(self, topic: str, payload: object, timeout: float = 10) -> Any:
        self.core.send(topic, json.dumps(payload).encode())
        answer = self.core.next_answer(timeout)
        assert answer is not None, self.lines
        return json.loads(answer.payload)

    def state(self, name: str) -> str:
        return str({h["component"]: h["state"] for h in self.core.health()}[name])


@contextlib.contextmanager
def running(
    components: Components,
    folder: Path,
    *,
    start: bool = True,
    python: Path = PYTHON,
    **options: Any,
) -> Iterator[Trial]:
    events: list[CoreEvent] = []
    lines: list[str] = []
    core = EmbeddedNucleus(
        components.load(folder / "documents"),
        components.store,
        folder / "greengrass",
        region="eu-west-1",
        python=python,
        log=lines.append,
        on_event=events.append,
        variables={**os.environ, "USERS_SECRET": "s"},
        back_off=(0.05,),
        **options,
    )
    with core:
        core.deploy()
        if start:
            core.start(timeout=30)
        yield Trial(core, events, lines)


def digest(content: bytes) -> dict[str, str]:
    return {
        "Digest": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "Algorithm": "SHA-256",
    }


def shows(variables: str) -> dict[str, str]:
    """A lifecycle that writes some of its variables to its work folder, then stays."""
    return {"run": f"({variables}) > part; mv part seen; exec sleep 600"}


def seen(folder: Path, name: str = "c") -> str:
    file = folder / "greengrass/work" / name / "seen"
    return str(wait_for(lambda: file.exists() and file.read_text()))
