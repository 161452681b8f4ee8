"""The generated reference of roles and plugins is current and complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from module_support import module_of

PROJECT = Path(__file__).parents[2]
reference = module_of(PROJECT / "scripts/ansible_reference.py")
PAGES: dict[Path, str] = reference.pages(PROJECT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_page_is_current(page: Path) -> None:
    """`python scripts/ansible_reference.py` writes them anew."""
    assert page.read_text() == PAGES[page]


def test_every_role_and_every_plugin_has_its_page() -> None:
    roles = {path.name for path in (PROJECT / "roles").iterdir() if path.is_dir()}
    assert {page.parent.name for page in PAGES if page.name == "README.md"} == roles
    page = PAGES[PROJECT / "docs/plugins.md"]
    for plugin in (PROJECT / "plugins").glob("[!m]*/*.py"):
        # An action plugin is the module of its name, as far as it runs on the controller.
        module = PROJECT / "plugins/modules" / plugin.name
        documented = reference.documentation(plugin) or list(plugin.parent.glob("*.yml"))
        assert documented or module.exists(), plugin
    for module in (PROJECT / "plugins/modules").glob("*.py"):
        assert f"## Module `{module.stem}`" in page


def test_table_shows_nested_options_and_escapes_bars() -> None:
    options = {
        "a": {"type": "list", "elements": "dict", "default": [], "description": "C(x | y) of B(z).",
              "options": {"b": {"choices": ["c", "d"], "required": True, "description": ["One.", "Two."]}}},
        "e": {"type": "str", "default": "", "description": "C(f(g))."},
    }  # fmt: skip
    assert list(reference.options_table("Input", options)) == [
        "| Input | Type | Default | Meaning |",
        "|---|---|---|---|",
        r"| `a` | list of dict | `[]` | `x \| y` of `z`. |",
        "| `a[].b` | `c`, `d` | required | One. Two. |",
        "| `e` | str | empty | `f(g)`. |",
    ]


def test_role_without_the_heading_is_refused(tmp_path: Path) -> None:
    """Otherwise its table would go missing without a word."""
    (tmp_path / "README.md").write_text("# role\n")
    with pytest.raises(ValueError, match="has no heading `## Inputs`"):
        reference.readme(tmp_path)
