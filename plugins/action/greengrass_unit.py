"""Checks the arguments of the module of the same name, then runs it on the host."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

NAMES = {"type": "list", "elements": "str", "default": []}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "restart": {"type": "bool", "default": False},
    "reset_failed": NAMES,
    "wait_url": {"type": "str"},
    "wait_units": NAMES,
    "timeout": {"type": "int", "default": 60},
    "note": {"type": "path"},
    "noted": {"type": "str", "default": ""},
    "restart_unless_noted": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """What Ansible looks for in this file."""

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns; a failure names the host, as all of ours do."""
        result = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(ARGUMENTS)
        result |= self._execute_module(module_args=arguments, task_vars=task_vars)
        if result.get("failed"):
            result["msg"] = f"{(task_vars or {}).get('inventory_hostname')}: {result['msg']}"
        return result
