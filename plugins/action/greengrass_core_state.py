"""Checks the arguments of the module of the same name, then runs it on the host."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

ARGUMENTS = {
    "runtime": {"type": "str", "choices": ["V1", "classic", "lite"], "required": True},
    "directory": {"type": "path", "required": True},
    "endpoint_ports": {"type": "list", "elements": "int", "default": []},
    "connection_timeout": {"type": "int", "default": 0},
}


class ActionModule(ActionBase):
    """What Ansible looks for in this file."""

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns."""
        result = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(ARGUMENTS)
        return result | self._execute_module(module_args=arguments, task_vars=task_vars)
