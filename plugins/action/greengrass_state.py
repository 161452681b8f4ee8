"""Checks the arguments of the module of the same name, then runs it on the host."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

ROOT = {"type": "str", "default": "root"}
PATH = {"type": "path", "required": True}
NAME = {"type": "str", "required": True}
NAMES = {"type": "list", "elements": "str", "default": []}


def items(**options: dict[str, Any]) -> dict[str, Any]:
    """Return the specification of a list of dictionaries."""
    return {"type": "list", "elements": "dict", "default": [], "options": options}


ARGUMENTS = {
    "absent": {"type": "list", "elements": "path", "default": []},
    "groups": NAMES,
    "users": items(  # noqa: S604 - the account's
        name=NAME,
        group=NAME,
        groups=NAMES,
        home=PATH,
        create_home={"type": "bool", "default": False},
        shell={"type": "path", "default": "/usr/sbin/nologin"},
    ),
    "directories": items(
        path=PATH, owner=ROOT, group=ROOT, mode={"type": "str", "default": "0755"}
    ),
    "files": items(
        path=PATH,
        content=NAME,
        owner=ROOT,
        group=ROOT,
        mode={"type": "str", "default": "0644"},
        secret={"type": "bool", "default": False},
    ),
    "sysctls": {"type": "dict", "default": {}},
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
