"""Checks the arguments of the module of the same name, then runs it on the host."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

PATH = {"type": "path", "required": True}
TEXT = {"type": "str", "required": True}
NAMES = {"type": "list", "elements": "str", "default": []}
ARGUMENTS = {
    "archive": PATH,
    "directory": PATH,
    "prefix": TEXT,
    "needs": TEXT,
    "otherwise": TEXT,
    "replaced": NAMES,
    "kept": NAMES,
    "unit": TEXT,
}


class ActionModule(ActionBase):
    """What Ansible looks for in this file."""

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns."""
        result = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(ARGUMENTS)
        return result | self._execute_module(module_args=arguments, task_vars=task_vars)
