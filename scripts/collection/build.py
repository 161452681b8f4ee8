"""Build roles, plugins and playbooks as the Ansible collection ggfleet.greengrass.

    python scripts/collection/build.py [--out dist]

Writes the tree of the collection to build/collection/ansible_collections/ggfleet/greengrass, where
`ansible-test sanity` can run in it, and its archive to the folder `--out`. Needs no network.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent
STAGING = ROOT / "build/collection"
NAME = "ggfleet.greengrass"
# What lies in the project under the name that it has in a collection.
FOLDERS = ("playbooks", "plugins", "roles")
# What only a collection has, and where it goes.
EXTRAS = {
    "README.md": "README.md",
    "runtime.yml": "meta/runtime.yml",
    "sanity-ignore.txt": "tests/sanity/ignore-2.19.txt",
}
ROLE_TEXTS = ("defaults", "handlers", "tasks", "templates", "vars")


def main() -> None:
    """Stage and build; print the path of the archive."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    print(build(stage(STAGING), parser.parse_args().out))


def stage(folder: Path) -> Path:
    """Write the collection's tree below `folder`, anew; return its top."""
    shutil.rmtree(folder, ignore_errors=True)
    top = folder / "ansible_collections" / NAME.replace(".", "/")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, place in EXTRAS.items():
        (top / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCES / name, top / place)
    shutil.copy(ROOT / "LICENSE", top)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    settings = (SOURCES / "galaxy.yml").read_text()
    (top / "galaxy.yml").write_text(f"{settings}version: {version}\n")
    for text in _texts(top):
        text.write_text(qualify(text.read_text(), plugins(top)))
    return top


def build(top: Path, out: Path) -> Path:
    """Build the archive of the tree `top` in the folder `out`; return its path."""
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    argv = [galaxy, "collection", "build", "--force", "--output-path", out.resolve()]
    done = subprocess.run(argv, cwd=top, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stdout + done.stderr)
    return out / Path(done.stdout.split()[-1]).name


def plugins(top: Path) -> dict[str, list[str]]:
    """The names that the collection's own plugins are called by, for each folder of plugins.

    A filter has its name from a file of documentation, because one file of code may hold several.
    """
    suffix = {"filter": ".yml", "test": ".yml"}
    return {
        folder.name: sorted(path.stem for path in folder.glob(f"*{suffix.get(folder.name, '.py')}"))
        for folder in sorted((top / "plugins").iterdir())
    }


def qualify(text: str, own: dict[str, list[str]]) -> str:
    """Give plugins of the collection their full names, as Ansible asks for filters in its roles."""
    for name in own.get("filter", []):
        text = re.sub(rf"(\|\s*){name}\b", rf"\1{NAME}.{name}", text)
    for name in [*own.get("modules", []), *own.get("action", [])]:
        text = re.sub(rf"^(\s*(?:- )?){name}:", rf"\1{NAME}.{name}:", text, flags=re.MULTILINE)
    for name in own.get("module_utils", []):
        full = f"ansible_collections.{NAME}.plugins.module_utils.{name}"
        text = text.replace(f"ansible.module_utils.{name}", full)
    return text


def _texts(top: Path) -> Iterator[Path]:
    """The files in which plugins are named."""
    for folder in ROLE_TEXTS:
        yield from (path for path in top.glob(f"roles/*/{folder}/**/*") if path.is_file())
    yield from top.glob("playbooks/*.yml")
    yield from top.glob("plugins/*/*.py")


if __name__ == "__main__":
    main()
