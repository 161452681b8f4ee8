"""Build roles, plugins and playbooks as the Ansible collection ggfleet.greengrass.

    python scripts/collection/build.py [--tree build/collection] [--out dist]

Writes the tree of the collection below `--tree`, as ansible_collections/ggfleet/greengrass, and its
archive to the folder `--out`. Needs no network. `ansible-test` passes over what git ignores: to run
it in the tree, name a folder outside of the project.
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

import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCES = Path(__file__).resolve().parent
NAME = "ggfleet.greengrass"
# What lies in the project under the name that it has in a collection.
FOLDERS = ("playbooks", "plugins", "roles")
IGNORED = Path("tests/sanity/ignore-2.19.txt")
"""What `ansible-test sanity` of this ansible-core is to pass over; it looks for this name."""
LICENCE = "validate-modules:missing-gplv3-license  # Apache-2.0, which GPLv3 takes"
JSON_ARGUMENTS = "INCLUDE_ANSIBLE_MODULE_JSON_ARGS"
"""In a module that takes its arguments from Ansible without AnsibleModule; alone, it has none."""
PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
ROLE_TEXTS = ("defaults", "handlers", "tasks", "templates", "vars")


def main() -> None:
    """Stage and build; print the path of the archive."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tree", type=Path, default=ROOT / "build/collection")
    parser.add_argument("--out", type=Path, default=ROOT / "dist")
    arguments = parser.parse_args()
    print(build(stage(arguments.tree), arguments.out))


def stage(folder: Path) -> Path:
    """Write the collection's tree below `folder`, anew; return its top."""
    top = folder / "ansible_collections" / NAME.replace(".", "/")
    shutil.rmtree(top, ignore_errors=True)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, top / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "LICENSE", top)
    (top / "meta").mkdir()
    shutil.copy(SOURCES / "runtime.yml", top / "meta")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    settings = (SOURCES / "collection.yml").read_text()
    (top / "galaxy.yml").write_text(f"{settings}version: {version}\n")
    (top / "README.md").write_text((SOURCES / "README.md").read_text() + _roles(top))
    (top / IGNORED).parent.mkdir(parents=True)
    (top / IGNORED).write_text((SOURCES / "sanity-ignore.txt").read_text() + _ignored(top))
    for text in _texts(top):
        text.write_text(qualify(text.read_text(), plugins(top)))
    return top


def build(top: Path, out: Path) -> Path:
    """Build the archive of the tree `top` in the folder `out`; return its path."""
    galaxy = Path(sys.executable).with_name("ansible-galaxy")
    options = ["--force", "--output-path", str(out.resolve())]
    done = subprocess.run(
        [galaxy, "collection", "build", *options],
        cwd=top,
        check=False,
        capture_output=True,
        text=True,
    )
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


def _roles(top: Path) -> str:
    """The list of roles for the collection's README."""
    about = {
        path.parts[-3]: yaml.safe_load(path.read_text())["galaxy_info"]["description"]
        for path in sorted(top.glob("roles/*/meta/main.yml"))
    }
    rows = (f"| `{NAME}.{role}` | {text} |\n" for role, text in about.items())
    return "".join(["\n## Roles\n\n| Role | What it is about |\n|---|---|\n", *rows])


def _ignored(top: Path) -> str:
    """A line for each plugin that `ansible-test` asks for what it does not have on purpose."""
    modules = sorted(top.glob("plugins/modules/*.py"))
    documented = (p for p in top.glob("plugins/*/*.py") if "\nDOCUMENTATION = " in p.read_text())
    licences = [(path, LICENCE) for path in sorted(documented)]
    tests = (
        "pylint:ansible-bad-function",
        "validate-modules:import-error",
        *(f"import-{version}!skip" for version in PYTHONS),
    )
    alone = [
        (path, f"{test}  # reads its arguments and prints its answer without AnsibleModule")
        for path in modules
        if JSON_ARGUMENTS in path.read_text()
        for test in tests
    ]
    return "".join(f"{path.relative_to(top)} {line}\n" for path, line in [*licences, *alone])


def _texts(top: Path) -> Iterator[Path]:
    """The files in which plugins are named."""
    for folder in ROLE_TEXTS:
        yield from (path for path in top.glob(f"roles/*/{folder}/**/*") if path.is_file())
    yield from top.glob("playbooks/*.yml")
    yield from top.glob("plugins/*/*.py")


if __name__ == "__main__":
    main()
