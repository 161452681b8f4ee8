"""Sizes that Greengrass V2 and its nuclei take, in bytes where nothing else is said."""

from __future__ import annotations

RECIPE = 16_384
"""A recipe, as it is sent (General Reference, quotas)."""
LITE_RECIPE = 8_192
"""The file of a recipe on nucleus lite: one of 8,196 bytes fails (measured)."""
LITE_UNIT = 2_048
"""The systemd unit that nucleus lite generates, which names every dependency twice."""
COMPONENT_NAME = 128
"""Characters."""
COMPONENTS = 5_000
"""In a Region."""
ARTIFACTS = 2 << 30
"""All artifacts of a component's version. The quotas say 2 GB; what is above 2 GiB is in any
case too much."""
DEPLOYMENT = 31_000
"""The document for a thing group; a bigger one needs classic 2.3 and a permission."""
STORE = 10_000_000_000
"""componentStoreMaxSizeBytes of the classic nucleus, where nobody has set another."""
LITE_UNPACK_RATE = 1_500_000
"""Bytes a second that nucleus lite unzips (measured)."""
LITE_UNPACK = 90_000_000
"""Unpacked bytes: above this it takes more than a minute."""
LITE_FILES = 2_000
"""Thousands of small files are its worst case (measured), whatever their size."""
