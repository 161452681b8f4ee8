"""Callback plugin of Ansible, for tests: ends the whole run, as a power cut, before a task begins.

The environment variable GGFLEET_CUT_BEFORE names the task.
"""

from __future__ import annotations

import os

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible ships no types
    """Ends the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "cut"

    def v2_playbook_on_task_start(self, task: object, is_conditional: bool) -> None:  # noqa: ARG002
        """Leave at once, without clean-up, when the task is the named one."""
        if str(task.get_name()).endswith(os.environ["GGFLEET_CUT_BEFORE"]):  # type: ignore[attr-defined]
            print(f"CUT BEFORE {task}", flush=True)
            os._exit(99)
