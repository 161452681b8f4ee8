"""How a change reaches the cores of V2, and what its components are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ggfleet.model.runtime import Broker, Nucleus


@dataclass(frozen=True)
class Rollout:
    """Job rollout: `start` cores a minute, times `factor` after each `after` successes."""

    start: int
    factor: float
    after: int


@dataclass(frozen=True)
class Abort:
    """Stop a rollout when `percent` of at least `after` cores have failed."""

    percent: float
    after: int


@dataclass(frozen=True)
class Deployment:
    """How a change reaches the fleet. V1 has none of this; V2 renderers use it.

    `thing_groups` and `nuclei` are by platform name; `components` are others' components with the
    version to pin. Times are in seconds, 0 where the service's default holds; `update` is `notify`
    or `skip`.
    """

    on_failure: str = "rollback"
    rollout: Rollout | None = None
    abort: Abort | None = None
    timeout: int = 0
    update: str = "notify"
    update_timeout: int = 0
    validation_timeout: int = 0
    thing_groups: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)
    nuclei: Mapping[str, Nucleus] = field(default_factory=dict)
    broker: Broker = Broker.MOQUETTE

    def nucleus_of(self, platform: str) -> Nucleus:
        """What runs components on the cores of a platform."""
        return self.nuclei.get(platform, Nucleus.CLASSIC)


@dataclass(frozen=True)
class Components:
    """What V2 components are called, and the adapter that runs a V1 function as one.

    `wanted` tells that the spec has the section: only then an adapter is built. `adapter` are
    folders that are laid into one archive with `component_runtime.py` at its top, and
    `adapter_requirements` is the requirements file of what it imports: ggfleet's own when empty.
    `user` is `user` or `user:group` by name, the nuclei's own default when empty.
    """

    wanted: bool = False
    prefix: str = ""
    publisher: str = ""
    adapter: tuple[Path, ...] = ()
    adapter_requirements: Path | None = None
    user: str = ""
