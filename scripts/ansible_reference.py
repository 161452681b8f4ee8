"""Write the reference of roles and plugins anew, from what Ansible itself reads of them.

    python scripts/ansible_reference.py

The table of inputs in each role's README.md comes from its meta/argument_specs.yml, docs/plugins.md
from the documentation in the plugins. A test holds both equal to their sources.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PLUGINS_PAGE = Path("docs/plugins.md")
KINDS = ("inventory", "modules", "filter", "callback", "lookup", "test")
"""The kinds with documentation; an action plugin's is in the module of its name."""
TABLE = re.compile(r"(?<=^## Inputs\n\n)(?:\|.*\n)*", re.MULTILINE)
MARKUP = re.compile(r"\b[COVIB]\(((?:[^()]|\([^()]*\))*)\)")
PLUGINS_INTRODUCTION = """\
# Plugins

What `plugins/` adds to Ansible. `scripts/ansible_reference.py` makes this page from the
documentation in the plugins, and a test holds it equal; `ansible-doc` shows the same. In a run from
this folder, where `ansible.cfg` says where they lie, plugins have the short names used here; those
of the collection have the full ones, such as `ggfleet.greengrass.greengrass_cores`.
"""


class AnsibleLoader(yaml.SafeLoader):
    """With the tag of texts that Ansible must not evaluate."""


AnsibleLoader.add_constructor("!unsafe", lambda _, node: str(node.value))


def main() -> None:
    """Write all pages."""
    for path, text in pages(ROOT).items():
        path.write_text(text)


def pages(root: Path) -> dict[Path, str]:
    """Every generated page of the project in `root`, as it should be."""
    readmes = {role / "README.md": readme(role) for role in sorted((root / "roles").glob("*/"))}
    return {**readmes, root / PLUGINS_PAGE: plugins_page(root / "plugins")}


def readme(role: Path) -> str:
    """A role's README with its table of inputs made anew."""
    text = (role / "README.md").read_text()
    if not TABLE.search(text):
        raise ValueError(
            f"{role.name}/README.md has no heading `## Inputs` with an empty line after"
        )
    source = (role / "meta/argument_specs.yml").read_text()
    specs = yaml.load(source, Loader=AnsibleLoader)  # noqa: S506 - a safe one
    options = specs["argument_specs"]["main"].get("options", {})
    table = "".join(f"{line}\n" for line in options_table("Input", options))
    return TABLE.sub(lambda _: table, text, count=1)


def options_table(title: str, options: dict[str, Any]) -> Iterator[str]:
    """The lines of a table of options, those of nested ones below theirs."""
    yield f"| {title} | Type | Default | Meaning |"
    yield "|---|---|---|---|"
    for name, option in _flat(options):
        default = "required" if option.get("required") else _default(option.get("default"))
        yield _row(f"`{name}`", _type(option), default, _text(option["description"]))


def _flat(options: dict[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, option in options.items():
        yield above + name, option
        inner = option.get("options", option.get("suboptions", {}))
        items = "[]" if option.get("type") == "list" else ""
        yield from _flat(inner, f"{above}{name}{items}.")


def _type(option: dict[str, Any]) -> str:
    if choices := option.get("choices"):
        return ", ".join(f"`{choice}`" if choice else "empty" for choice in choices)
    elements = option.get("elements")
    return f"list of {elements}" if elements else str(option.get("type", "str"))


def _default(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"`{value}`" if value else "empty"
    return f"`{yaml.safe_dump(value, default_flow_style=True, width=1000).split(chr(10))[0]}`"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _text(description: str | list[str]) -> str:
    """A description as Markdown, in one line: `C(x)` becomes code."""
    whole = description if isinstance(description, str) else " ".join(description)
    return MARKUP.sub(r"`\1`", " ".join(whole.split()))


def plugins_page(folder: Path) -> str:
    """The page of all plugins."""
    parts = [PLUGINS_INTRODUCTION]
    for kind in KINDS:
        found = [documentation(path) for path in sorted((folder / kind).glob("*"))]
        for documents in filter(None, found):
            title = f"{kind.removesuffix('s').capitalize()} {_name(documents)}"
            parts += [f"## {title}\n", *_plugin(documents)]
    return "\n".join(parts)


def documentation(path: Path) -> dict[str, Any]:
    """DOCUMENTATION, EXAMPLES and RETURN of a plugin; empty where `path` has none."""
    if path.suffix == ".yml":
        found: dict[str, Any] = yaml.safe_load(path.read_text())
        return found
    if path.suffix != ".py":
        return {}
    texts = {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(path.read_text()).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id in ("DOCUMENTATION", "EXAMPLES", "RETURN")
    }
    return {
        name: text if name == "EXAMPLES" else yaml.safe_load(text) for name, text in texts.items()
    }


def _name(documents: dict[str, Any]) -> str:
    about = documents["DOCUMENTATION"]
    return f"`{about.get('module', about.get('name'))}`"


def _plugin(documents: dict[str, Any]) -> Iterator[str]:
    about = documents["DOCUMENTATION"]
    yield f"{_text(about['short_description'])}.\n"
    yield from (f"- {_text(line)}" for line in about["description"])
    yield from (f"- Needs {_text(line)}." for line in about.get("requirements", []))
    yield ""
    if options := about.get("options"):
        yield from options_table("Option", options)
    if fragments := about.get("extends_documentation_fragment"):
        names = " and ".join(f"`{name}`" for name in fragments)
        yield f"\nBesides, all options of Ansible's fragments {names}."
    if examples := documents.get("EXAMPLES"):
        yield f"\n```yaml\n{examples.strip()}\n```\n"
    if returned := documents.get("RETURN"):
        yield "| Answer | Type | |"
        yield "|---|---|---|"
        for name, value in returned.items():
            shown = "the value" if name == "_value" else f"`{name}`"
            yield _row(shown, _type(value), _text(value["description"]))
        yield ""


if __name__ == "__main__":
    main()
