"""Reports what a role has found, errors and warnings in one message."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

TEXT = {"type": "str", "required": True}
CHECK = {
    "holds": {"type": "bool", "required": True},
    "severity": {**TEXT, "choices": ["error", "warning"]},
    "what": TEXT,
    "fix": TEXT,
}
ARGUMENTS = {
    "checks": {"type": "list", "elements": "dict", "required": True, "options": CHECK},
    "note": {"type": "str", "default": ""},
}


class ActionModule(ActionBase):
    """What Ansible looks for in this file."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the message; failed if there is an error."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(ARGUMENTS)
        findings = [check for check in arguments["checks"] if not check["holds"]]
        errors = [check for check in findings if check["severity"] == "error"]
        warnings = [check for check in findings if check["severity"] == "warning"]
        host = (task_vars or {})["inventory_hostname"]
        # A warning is shown although the task is well.
        shown = {"_ansible_verbose_always": True, "failed": bool(errors)} if findings else {}
        message = told(host, errors, warnings, arguments["note"]) if findings else ""
        return {**result, "changed": False, "msg": message, **shown}


def told(host: str, errors: list[dict[str, str]], warnings: list[dict[str, str]], note: str) -> str:
    """Return counts, errors before warnings, each with its fix, and the note."""
    lines = [f"{host}: {len(errors)} error(s), {len(warnings)} warning(s)"]
    for each in (*errors, *warnings):
        lines += [f"{each['severity']}: {each['what']}", f"  fix: {each['fix']}"]
    return "\n".join([*lines, note]).strip()
