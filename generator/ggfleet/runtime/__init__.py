"""What runs in a function's own process on either Greengrass; ggfleet itself imports none of it.

On V1 the core starts `lambda_runtime.py` beside the function. On V2 a component's `run` step starts
`component_runtime.py`, which is the same runtime over the IPC of a V2 nucleus; its files travel in
an archive of their own. Python 3.8; the standard library, on V2 also `awsiotsdk`.
"""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
CLIENT_REQUIREMENTS = HERE / "requirements.txt"
"""What the V2 adapter imports."""
LAMBDA_RUNTIME = HERE / "lambda_runtime.py"


def component_files() -> dict[str, Path]:
    """The files of the V2 adapter, by their path within its archive.

    `modules/` holds the two modules that greengrasssdk needs of a core: one is the V1 core's, the
    other speaks to the nucleus instead.
    """
    files = {name: HERE / name for name in ("component_runtime.py", "lambda_runtime.py")}
    for folder in (HERE / "modules/greengrass_common", *(HERE / "component_modules").iterdir()):
        for file in sorted(folder.glob("*.py")):
            files[f"modules/{folder.name}/{file.name}"] = file
    return dict(sorted(files.items()))
