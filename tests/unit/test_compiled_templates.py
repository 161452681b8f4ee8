"""The callback plugin that compiles a template once for all hosts, with Ansible's own templating."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible._internal._datatag._tags import Origin, TrustedAsTemplate
from ansible._internal._templating._engine import TemplateEngine, TemplateOptions
from ansible._internal._templating._jinja_bits import AnsibleEnvironment
from ansible.errors import AnsibleError
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from module_support import module_of

PROJECT = Path(__file__).parents[2]
PLUGIN = module_of(PROJECT / "plugins/callback/greengrass_templates.py")
VARIABLES = {"name": "core", "numbers": [3, 1, 2], "nothing": None, "path": "C:\\1"}
TEMPLATES = (
    "{{ name }}", "a {{ name }} b\n", "{{ numbers | sort | map('string') | join('-') }}",
    "{{ numbers }}", "{% for each in numbers %}{{ each }}\n{% endfor %}", "{{ nothing }}",
    "{{ path | regex_replace('\\\\1', 'x') }}", "{{ 'C:\\1' ~ name }}", "{{ missing }}",
    "{{ missing | default('d') }}", "{{ name.missing.more }}", "{{ name", "{{ name | nothing_such }}",
    "{{ 'x' if name is nothing_such else 'y' }}", "{{ numbers[9] }}", "{{ 1 / 0 }}",
    "{% raw %}{{ name }}{% endraw %}", "{{ '{{ name }}' }}",
    "#jinja2:variable_start_string:'[[', variable_end_string:']]'\n[[ name ]] {{ name }}",
    "[[ name ]] {{ name }}", "{{ lookup('vars', 'name') }}", "{{ omit }}",
)  # fmt: skip
EXPRESSIONS = (
    "name == 'core'", "name in ['core'] and not nothing", "missing", "missing is defined", "name ==",
    "'\\1' == path[2:]", "numbers | length > 2", "name is nothing_such", "1 / 0", "numbers",
    "{{ name }} == 'core'",
)  # fmt: skip


@pytest.fixture
def memo() -> Iterator[Any]:
    """Ansible's environment with a memory, for one test."""
    if not AnsibleCollectionConfig.collection_finder:
        init_plugin_loader()
    own = {name: vars(AnsibleEnvironment).get(name) for name in ("compile", "compile_expression")}
    memo = PLUGIN.Memo()
    memo.install(AnsibleEnvironment)
    yield memo
    for name, before in own.items():
        if before is None:
            delattr(AnsibleEnvironment, name)
        else:
            setattr(AnsibleEnvironment, name, before)


def given(text: str, line: int = 1, *, trusted: bool = True) -> str:
    """A string as Ansible reads it from a file."""
    tagged: str = Origin(path="/play.yml", line_num=line, col_num=1).tag(text)
    return TrustedAsTemplate().tag(tagged) if trusted else tagged


def outcome(kind: str, text: str) -> tuple[str, str]:
    """What Ansible makes of a text: a value, or an error with the place it points to."""
    engine = TemplateEngine(variables=dict(VARIABLES))
    try:
        if kind == "template":
            value = engine.template(text)
        elif kind == "condition":
            value = engine.evaluate_conditional(text)
        else:
            value = engine.evaluate_expression(text)
    except AnsibleError as error:
        chain: BaseException | None = error
        told = []
        while chain is not None:
            told.append(
                f"{type(chain).__name__} {chain} {Origin.get_tag(getattr(chain, 'obj', None))}"
            )
            chain = chain.__cause__
        return "error", "\n".join(told)
    return type(value).__name__, repr(value)


CASES = [
    *(("template", text) for text in TEMPLATES),
    *(("condition", text) for text in EXPRESSIONS),
    *(("expression", text) for text in EXPRESSIONS),
]


def test_results_and_errors_are_those_of_ansible(memo: Any) -> None:
    """Values, types, messages and origins, compiled and remembered, whatever came in between."""
    remembered = {}
    for line in (7, 8):
        for kind, text in CASES:
            remembered[kind, text, line] = outcome(kind, given(text, line))
    assert len(memo.codes) > len(CASES) / 2
    assert "/play.yml:7" in remembered["template", "{{ missing }}", 7][1]
    assert "/play.yml:8" in remembered["template", "{{ missing }}", 8][1]
    program = (
        "import json; import test_compiled_templates as t; t.init_plugin_loader(); "
        "print(json.dumps([t.outcome(k, t.given(x, n)) for n in (7, 8) for k, x in t.CASES]))"
    )
    folders = os.pathsep.join(str(PROJECT / name) for name in ("tests/unit", "tests"))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": folders},
    )  # fmt: skip
    plain = [tuple(each) for each in json.loads(done.stdout.splitlines()[-1])]
    assert list(remembered.values()) == plain


def test_what_was_compiled_is_not_compiled_again(memo: Any) -> None:
    """By another engine too, as each process has its own."""
    for kind, text in [*CASES[:4], ("condition", "name == 'core'")]:
        outcome(kind, given(text))
        before = dict(memo.codes)
        memo.codes.update(dict.fromkeys(before, compile("raise RuntimeError('used')", "x", "exec")))
        assert "used" in outcome(kind, given(text, 9))[1]
        memo.codes.clear()


def test_backslashes_are_kept_apart(memo: Any) -> None:
    """One text is two templates: where backslashes count once, and where they count twice."""
    text = given("{{ '\\1' | length }}")
    engine = TemplateEngine(variables={})
    told = [
        engine.template(text, options=TemplateOptions(escape_backslashes=escape))
        for escape in (True, False, True)
    ]
    assert told == [2, 1, 2]
    assert len(memo.codes) == 2


def test_what_is_not_trusted_is_not_compiled(memo: Any) -> None:
    """Neither by who evaluates it nor ahead, nor what it names."""
    text = given("{{ name }}", trusted=False)
    assert outcome("template", text) == ("_AnsibleTaggedStr", "'{{ name }}'")
    warmer = PLUGIN.Warmer()
    warmer.warm(task(args={"msg": text}, when=[given("name == 1", trusted=False)]))
    assert not memo.codes


def task(**attributes: Any) -> SimpleNamespace:
    """A task as far as the plugin looks at it."""
    names = (*PLUGIN.CONDITIONS, *PLUGIN.TEMPLATES)
    return SimpleNamespace(**{**dict.fromkeys(names), "args": {}, **attributes})


def test_a_task_finds_its_templates_compiled(memo: Any) -> None:
    """Its arguments, conditions, and the variables that they name, and those that these name; its role's inputs."""
    variables = {
        "first": given("{{ second ~ 'x' }}"), "second": [{"key": given("{{ third }}")}],
        "third": given("{{ name | default('n') }}"), "other": given("{{ unused }}"),
        "input": given("{{ 1 + 1 }}"), "broken": given("{{ name"),
    }  # fmt: skip
    warmer = PLUGIN.Warmer()
    warmer.learn(variables)
    condition, message = given("third == 'n'"), given("{{ first }} {{ broken if 0 else '' }}")
    role = SimpleNamespace(
        get_default_vars=lambda: {"input": variables["input"]},
        get_vars=lambda: {"needed": given("{{ 2 * 2 }}")},
    )
    warmer.learn_role(role)
    warmer.warm(task(args={"msg": message, "argument_spec": {"needed": {}}}, when=[condition]))
    warm = set(memo.codes)
    engine = TemplateEngine(variables=variables)
    assert engine.evaluate_conditional(condition)
    assert engine.template(message) == "[{'key': 'n'}]x "
    assert engine.template(variables["input"]) == 2
    assert engine.template(given("{{ 2 * 2 }}")) == 4
    assert set(memo.codes) == warm
    assert not any("unused" in key[1] for key in warm)


def test_it_does_nothing_under_another_ansible() -> None:
    """Names of ansible-core's inside may mean something else there."""
    other = module_of(PROJECT / "plugins/callback/greengrass_templates.py")
    vars(other)["KNOWN"] = False
    before = AnsibleEnvironment.compile
    plugin = other.CallbackModule()
    plugin.v2_playbook_on_start(None)
    plugin.v2_playbook_on_play_start(None)
    plugin.v2_playbook_on_task_start(task(name=given("{{ 1 }}")), is_conditional=False)
    assert AnsibleEnvironment.compile is before


def test_what_goes_wrong_ahead_is_no_failure(memo: Any) -> None:
    """An object that is not as expected ends the work ahead and nothing else."""
    plugin = PLUGIN.CallbackModule()
    plugin.v2_playbook_on_play_start(SimpleNamespace())
    plugin.v2_playbook_on_task_start(task(name=given("{{ 1 }}")), is_conditional=False)
    assert not memo.codes
    assert outcome("template", given("{{ name }}")) == ("_AnsibleTaggedStr", "'core'")


PLAY = """\
- hosts: all
  gather_facts: false
  vars:
    chain: "{{ link }}"
    link: "{{ inventory_hostname ~ missing }}"
  tasks:
    - {name: "One of {{ inventory_hostname }}", ansible.builtin.debug: {msg: "{{ 1 + 1 }}"}}
    - {name: Two, ansible.builtin.debug: {msg: "{{ chain }}"}, ignore_errors: true}
    - {name: Three, ansible.builtin.debug: {msg: "{{ 1 +"}, ignore_errors: true}
    - {name: Four, ansible.builtin.debug: {msg: x}, when: "'a' ==", ignore_errors: true}
    - {name: Five, ansible.builtin.debug: {msg: x}, when: nothing.such, ignore_errors: true}
    - {name: Six, ansible.builtin.debug: {msg: "{{ item | no_such }}"}, loop: [1, 2], ignore_errors: true}
    - {name: Seven, ansible.builtin.fail: {msg: "{{ item }}"}, loop: "{{ [1, 2] }}", failed_when: item == 3}
    - {name: Eight, ansible.builtin.assert: {that: "{{ link }} == 1"}, ignore_errors: true}
"""


def test_a_play_says_the_same_with_and_without_it(tmp_path: Path) -> None:
    """Ansible's whole output, its errors with file and line among it."""
    play = tmp_path / "play.yml"
    play.write_text(PLAY)
    said = {}
    for enabled in ("greengrass_preload", "greengrass_preload,greengrass_templates"):
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-c", "local", "-i", "a,b",
             "--forks", "1", play],
            cwd=PROJECT, capture_output=True, text=True, check=False,
            env={**os.environ, "ANSIBLE_CALLBACKS_ENABLED": enabled},
        )  # fmt: skip
        said[enabled] = (done.returncode, done.stdout, done.stderr)
    without, with_it = said.values()
    assert without == with_it
    assert f"{play}:8:" in with_it[1] + with_it[2]


def test_it_is_on_by_default() -> None:
    """ansible.cfg names it."""
    settings = (PROJECT / "ansible.cfg").read_text().splitlines()
    assert "callbacks_enabled = greengrass_preload, greengrass_templates" in settings
