"""Checks the inputs of several roles in one task."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

ARGUMENTS: dict[str, Any] = {}
SPECIFICATIONS = "meta/argument_specs.yml"


class ActionModule(ActionBase):
    """What Ansible looks for in this file."""

    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return which roles were checked; failed, with all that is wrong, if anything is."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self.validate_argument_spec(ARGUMENTS)
        variables = task_vars or {}
        checked = list(unchecked(self._task.get_play().roles))
        wrong = [
            f"{role.get_name()}: {error}\n  fix: correct it in the inventory; "
            f"{Path(role.get_role_path(), 'README.md')} describes it."
            for role, options in checked
            for error in self._errors(role, options, variables)
        ]
        count = f"{variables['inventory_hostname']}: {len(wrong)} wrong input(s), nothing was done"
        failed = {"failed": True, "msg": "\n".join([count, *wrong])} if wrong else {}
        names = [role.get_name() for role, options in checked]
        return {**result, "changed": False, "roles": names, **failed}

    def _errors(self, role: Any, options: dict[str, Any], variables: dict[str, Any]) -> list[str]:
        """Return what Ansible's own check of a role would say, and what cannot be evaluated."""
        given = {name: variables[name] for name in options if name in variables}
        values, errors = {}, {}
        for name, value in {**given, **role.get_role_params()}.items():
            try:
                values[name] = self._templar.template(value)
            except AnsibleError as error:
                errors[name] = f"{name} cannot be evaluated: {error}"
        known = {name: option for name, option in options.items() if name not in errors}
        checked = ArgumentSpecValidator(known).validate(values, validate_role_argument_spec=True)
        return [*checked.error_messages, *errors.values()]


def unchecked(roles: Iterable[Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield roles of the play that Ansible was told not to check, and what their inputs must be."""
    for role in roles:
        path = Path(role.get_role_path(), SPECIFICATIONS)
        if not role._should_validate and path.exists():  # noqa: SLF001 - it has no other name
            # From the first process, if that has read it.
            specifications = role.get_loader().load_from_file(str(path), unsafe=True)
            yield role, specifications["argument_specs"]["main"].get("options", {})
