"""A fleet's archives: libraries, models and functions, for platforms that are not this machine.

What builds and prunes them, `ggfleet.bundle.build` and `.prune`, is not imported here:
`ggfleet render` reads the manifest alone, and would take twice as long to start.
"""

from ggfleet.bundle.host import fits_host, host_platform
from ggfleet.bundle.manifest import key_prefix, read_manifest, write_manifest
from ggfleet.system.progress import Progress, Silent

__all__ = [
    "Progress",
    "Silent",
    "fits_host",
    "host_platform",
    "key_prefix",
    "read_manifest",
    "write_manifest",
]
