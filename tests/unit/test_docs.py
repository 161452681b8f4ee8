"""The documentation names only commands, options, files and links that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from ggfleet.cli.main import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")])
COMMAND = re.compile(
    r"(?:^ {4,}(?:\$ )?|^\$ |`|\| |&& )(?:\.venv/bin/)?ggfleet ([a-z]+(?: [^`|>&#\n]*)?)"
)


def commands(page: Path) -> list[str]:
    """Calls of ggfleet in code: indented, after a prompt, or between backticks."""
    lines = page.read_text().splitlines()
    return [match.strip() for line in lines for match in COMMAND.findall(line)]


def test_there_are_commands() -> None:
    """A search that finds nothing would pass the next test."""
    assert sum(len(commands(page)) for page in PAGES) > 25


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_have_existing_verbs_and_options(page: Path) -> None:
    for text in commands(page):
        verb, *arguments = shlex.split(text)
        context = click.Context(cli)
        command = cli.get_command(context, verb)
        assert command is not None, f"{page.name}: ggfleet {text}"
        known = {option for parameter in command.params for option in parameter.opts}
        used = {word.split("=")[0] for word in arguments if word.startswith("--")}
        assert used <= known | {"--help"}, f"{page.name}: ggfleet {text}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_of_the_project_exist(page: Path) -> None:
    """`tests/…`, `generator/…` and the like between backticks; made ones (`build/`) are left out."""
    tops = (
        "tests|generator|roles|playbooks|inventory|lambda|models|docs|examples|scripts|requirements"
    )
    for path in re.findall(rf"`((?:{tops})/[\w./-]+)`", page.read_text()):
        if page.name == "provisioning.md" and "certificates/" in path:
            continue  # the user's own
        assert (ROOT / path).exists(), f"{page.name}: {path}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_a_placeholder(page: Path) -> None:
    assert re.findall(r"@[A-Z]{3,}@", page.read_text()) == []
