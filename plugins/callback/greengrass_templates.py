"""Compiles a template once instead of once for each host and task.

Ansible turns an expression into Python code whenever it meets it. It meets them in the worker
process of a task and host, which ends with its task, so the same work is done over and over. What
the first process has compiled before it forks a worker, the worker has.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: greengrass_templates
type: aggregate
short_description: Compile a template once for all hosts
description:
  - A task costs the machine that runs Ansible less. Changes nothing else, and prints nothing.
  - Before a task starts, its templates and those of the variables that they name are compiled; the
    processes of hosts find them done.
  - Does nothing under a version of ansible-core that it was not written for.
requirements:
  - enable in configuration
author: ggfleet contributors (!UNKNOWN)
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from types import CodeType
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader, test_loader
from ansible.release import __version__ as ansible_version
from ansible.utils.display import Display

try:
    from ansible._internal._datatag._tags import TrustedAsTemplate
    from ansible._internal._display_utils import DeferredWarningContext
    from ansible._internal._templating._jinja_bits import (
        _TEMPLATE_OVERRIDE_FIELD_NAMES,
        AnsibleEnvironment,
        _TemplateCompileContext,
        is_possibly_all_template,
        is_possibly_template,
    )
    from jinja2.environment import TemplateExpression
except ImportError:
    KNOWN = False
else:
    KNOWN = ansible_version.startswith("2.19.")

LIMIT = 20_000
"""Templates kept. A play has hundreds; what is made anew for each item must not pile up."""
NAME = re.compile(r"[A-Za-z_]\w*")
CONDITIONS = ("when", "changed_when", "failed_when", "until")
TEMPLATES = (
    "name", "args", "loop", "environment", "delegate_to", "become", "become_user", "check_mode",
    "run_once", "no_log", "ignore_errors", "vars",
)  # fmt: skip


class Memo:
    """Code by what it was made from: the text and whatever else the making of it depends on."""

    def __init__(self) -> None:
        """Begin empty; `install` makes Ansible use it."""
        self.codes: dict[tuple[Any, ...], CodeType] = {}
        self._last = threading.local()

    def install(self, environment: Any) -> None:
        """Have `environment`, Ansible's class of Jinja environments, look here first."""
        from_text, from_expression = environment.compile, environment.compile_expression

        def compile_(
            env: Any, source: Any, name: Any = None, filename: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            plain = name is filename is None and not args and not kwargs
            key = self._key(env, "template", source) if plain else None
            if key is not None and key in self.codes:
                return self.codes[key]
            code = self._last.code = from_text(env, source, name, filename, *args, **kwargs)
            self._keep(key, code)
            return code

        def compile_expression(env: Any, source: str, undefined_to_none: bool = True) -> Any:
            key = self._key(env, "expression", source)
            if key is not None and key in self.codes:
                names = env.make_globals(None)
                template = env.template_class.from_code(env, self.codes[key], names, None)
                return TemplateExpression(template, undefined_to_none)
            expression = from_expression(env, source, undefined_to_none)
            self._keep(key, self._last.code)
            return expression

        environment.compile, environment.compile_expression = compile_, compile_expression

    def _key(self, env: Any, kind: str, source: object) -> tuple[Any, ...] | None:
        """Return what generated code depends on; None for what is compiled as ever."""
        if not isinstance(source, str) or env.__class__ is not AnsibleEnvironment or env.overlayed:
            return None
        if env._debuggable_template_source:  # noqa: SLF001 - a switch of Ansible's developers
            return None
        context = _TemplateCompileContext.current(optional=True)
        return (
            kind, str(source), context and context.escape_backslashes,
            # Roles bring filters and tests, and code is made for those that there are.
            len(filter_loader._extra_dirs), len(test_loader._extra_dirs),  # noqa: SLF001
            *(getattr(env, name) for name in _TEMPLATE_OVERRIDE_FIELD_NAMES),
        )  # fmt: skip

    def _keep(self, key: tuple[Any, ...] | None, code: CodeType) -> None:
        if key is not None and len(self.codes) < LIMIT:
            self.codes[key] = code


class Warmer:
    """Compiles what a task will evaluate, as far as that can be told without evaluating it."""

    def __init__(self) -> None:
        """Begin with no variables."""
        self._environment = AnsibleEnvironment()
        self._variables: dict[str, Any] = {}
        self._seen: set[Any] = set()

    def learn(self, variables: Mapping[str, Any]) -> None:
        """Take these variables, which templates may name."""
        self._variables.update(variables)

    def learn_role(self, role: Any) -> None:
        """Take the variables of a role, and compile its inputs, which are checked first."""
        if role is None or id(role) in self._seen:
            return
        self._seen.add(id(role))
        inputs = role.get_default_vars()
        self._variables = {**inputs, **self._variables, **role.get_vars()}
        self._compile_all([(self._variables[name], False) for name in inputs])

    def warm(self, task: Any) -> None:
        """Compile the templates of a task, and those of variables that they name."""
        conditions = [(text, True) for name in CONDITIONS for text in as_list(getattr(task, name))]
        # Those of an input that has no default are met first when it is checked.
        inputs = [self._variables.get(name) for name in task.args.get("argument_spec", ())]
        values = [*(getattr(task, name) for name in TEMPLATES), *inputs]
        self._compile_all([*conditions, *((value, False) for value in values)])

    def _compile_all(self, waiting: list[tuple[Any, bool]]) -> None:
        """Compile values, and conditions if so marked, and what they name."""
        while waiting:
            value, is_condition = waiting.pop()
            for text in strings(value):
                names = self._compile(text, is_condition=is_condition)
                waiting += [(self._variables[name], False) for name in names]

    def _compile(self, text: str, *, is_condition: bool) -> list[str]:
        """Compile a text, if that is one's business; return the variables that it may name."""
        is_condition = is_condition and not is_possibly_all_template(text)
        if not is_condition and not is_possibly_template(text):
            return []
        if (text, is_condition) in self._seen or not TrustedAsTemplate.is_tagged_on(text):
            return []
        self._seen.add((text, is_condition))
        try:
            # As Ansible does: backslashes of conditions are left alone.
            with _TemplateCompileContext(escape_backslashes=not is_condition):
                if is_condition:
                    self._environment.compile_expression(text, False)
                else:
                    self._environment.compile(text)
        except Exception:  # noqa: BLE001 - who evaluates it, if anyone does, says what is wrong
            return []
        return [name for name in set(NAME.findall(text)) if name in self._variables]


def as_list(value: Any) -> list[Any]:
    """Return what a condition of a task consists of."""
    return value if isinstance(value, list) else [value]


def strings(value: Any) -> Iterator[str]:
    """Yield the strings in a value of YAML."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings(each)


class CallbackModule(CallbackBase):
    """What Ansible looks for in this file."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "greengrass_templates"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        """Do nothing yet."""
        super().__init__()
        self._warmer: Warmer | None = None

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ARG002 - how Ansible calls it
        """Have Ansible look whether a template has been compiled before."""
        if KNOWN:
            Memo().install(AnsibleEnvironment)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Learn the variables that hosts share, from one of them."""
        if KNOWN:
            self._warmer = Warmer()
            self._softly(self._learn, play)

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:  # noqa: ARG002
        """Compile what the processes of all hosts would compile."""
        self._softly(self._warm, task)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Likewise."""
        self._softly(self._warm, task)

    def _learn(self, warmer: Warmer, play: Any) -> None:
        manager = play.get_variable_manager()
        hosts = manager._inventory.get_hosts(play.hosts)  # noqa: SLF001 - it has no other name
        if hosts:
            warmer.learn(manager.get_vars(play=play, host=hosts[0]))
        for role in play.roles:
            warmer.learn_role(role)

    def _warm(self, warmer: Warmer, task: Any) -> None:
        warmer.learn_role(task._role)  # noqa: SLF001 - it has no other name
        warmer.warm(task)

    def _softly(self, work: Callable[[Warmer, Any], None], subject: Any) -> None:
        """Do what only saves time: warnings belong to the tasks, and a failure is no failure."""
        if self._warmer is None:
            return
        try:
            with DeferredWarningContext(variables={}):
                work(self._warmer, subject)
        except Exception as error:  # noqa: BLE001 - whatever it is, tasks run without it
            Display().vvv(f"greengrass_templates: gave up: {error!r}")
            self._warmer = None
