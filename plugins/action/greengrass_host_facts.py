"""Checks the arguments of the module of the same name, then runs it on the host."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

PATHS = {"type": "list", "elements": "path", "default": []}
NAMES = {"type": "list", "elements": "str", "default": []}
TEXT = {"type": "str", "default": ""}
ARGUMENTS = {
    "host": {"type": "bool", "default": True},
    "now": {"type": "float"},
    "directories": PATHS,
    "paths": PATHS,
    "texts": PATHS,
    "units": NAMES,
    "packages": NAMES,
    "commands": NAMES,
    "kernel_options": NAMES,
    "java": TEXT,
    "sudo_as": TEXT,
    "ports": {"type": "list", "elements": "int", "default": []},
    "endpoints": NAMES,
    "timeout": {"type": "int", "default": 5},
}


class ActionModule(ActionBase):
    """What Ansible looks for in this file."""

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns."""
        result = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(ARGUMENTS)
        return result | self._execute_module(module_args=arguments, task_vars=task_vars)
