"""Loads once, before tasks run, what each worker process would load for itself.

Ansible runs every task of every host in a process of its own, forked from the first one. What that
one has loaded, they have; what it has not, each of them finds, reads and compiles again.
"""

from __future__ import annotations

DOCUMENTATION = r"""
name: greengrass_preload
type: aggregate
short_description: Load what tasks use before the first of them runs
description:
  - A task costs the machine that runs Ansible less. Changes nothing else, and prints nothing.
  - Names that ansible-core does not know are passed over, and loaded by who uses them.
requirements:
  - enable in configuration
author: ggfleet contributors (!UNKNOWN)
"""

import gc
from pathlib import Path
from typing import Any

from ansible.module_utils.common.json import Direction, get_module_decoder, get_module_encoder
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import (
    action_loader,
    become_loader,
    connection_loader,
    filter_loader,
    lookup_loader,
    module_loader,
    shell_loader,
    test_loader,
)
from ansible.template import Templar, trust_as_template

FILTERS = (
    "b64decode", "bool", "combine", "default", "dict2items", "extract", "first", "flatten",
    "greengrass_certificate_problems", "greengrass_preflight_findings",
    "greengrass_verify_findings", "hash", "int", "join", "length", "list", "map",
    "regex_search", "reject", "rejectattr", "select", "selectattr", "split", "to_json",
    "to_nice_json", "to_nice_yaml", "trim",
)  # fmt: skip
TESTS = ("eq", "failed", "file", "in", "match", "none", "search", "skipped", "success", "version")
ACTIONS = (
    "assert", "copy", "debug", "fail", "greengrass_core_state", "greengrass_host_facts",
    "greengrass_report", "greengrass_state", "greengrass_unit", "greengrass_unpack", "normal",
    "set_fact", "validate_argument_spec",
)  # fmt: skip
MODULES = (
    "greengrass_core_state", "greengrass_host_facts", "greengrass_state", "greengrass_unit",
    "greengrass_unpack", "ansible.builtin.get_url",
)  # fmt: skip


class CallbackModule(CallbackBase):
    """What Ansible looks for in this file."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "greengrass_preload"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ARG002 - how Ansible calls it
        """Load before the first worker is forked."""
        for loader, names in ((filter_loader, FILTERS), (test_loader, TESTS)):
            for name in names:
                loader.get(name)
        for loader, names in (
            (action_loader, ACTIONS), (become_loader, ("sudo",)), (connection_loader, ("ssh",)),
            (lookup_loader, ("file", "template")), (shell_loader, ("sh",)),
        ):  # fmt: skip
            for name in names:
                loader.get(name, class_only=True)
        for name in MODULES:
            module_loader.find_plugin(name)
        # The lexer of templates, and how modules are spoken to.
        Templar().template(trust_as_template("{{ 1 }}"))
        get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)
        get_module_decoder("legacy", Direction.MODULE_TO_CONTROLLER)
        # A worker that collects garbage would copy all that it shares with the first process.
        gc.collect()
        gc.freeze()

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Read what greengrass_inputs checks roles by."""
        for role in play.roles:
            path = Path(role.get_role_path(), "meta/argument_specs.yml")
            if path.exists():
                role.get_loader().load_from_file(str(path), unsafe=True)
