"""What `ansible-doc` shows of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_inputs
short_description: Check the inputs of all imported roles in one task
description:
  - Checks the inputs of those roles of the play that were imported with C(rolespec_validate) off,
    by their own specifications and as Ansible would, in one task instead of one for each role.
  - Nothing has been changed yet when an input is refused, whichever role it belongs to. An input
    may not depend on what a role finds out on the host, because nothing has been looked at either.
  - Runs on the machine that runs Ansible.
options: {}
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Check the inputs of all roles
  greengrass_inputs:

- name: Look at the host
  ansible.builtin.import_role:
    name: greengrass_preflight
    # Done by the task above.
    rolespec_validate: false
"""

RETURN = r"""
roles:
  description: The roles whose inputs were checked.
  returned: always
  type: list
  elements: str
msg:
  description: What is wrong, with role, input and fix.
  returned: when an input is wrong
  type: str
"""
