"""A fleet's archives: libraries, models and functions, for platforms that are not this machine."""

from ggfleet.bundle.build import build, key_prefix
from ggfleet.bundle.fetched import fetched_wheels
from ggfleet.bundle.host import fits_host, host_platform
from ggfleet.bundle.manifest import read_manifest, write_manifest
from ggfleet.bundle.prune import Superseded, prune
from ggfleet.system.progress import Progress, Silent

__all__ = [
    "Progress",
    "Silent",
    "Superseded",
    "build",
    "fetched_wheels",
    "fits_host",
    "host_platform",
    "key_prefix",
    "prune",
    "read_manifest",
    "write_manifest",
]
