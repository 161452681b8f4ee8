"""What `ansible-doc` shows of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_report
short_description: Findings of a role in one message
description:
  - Takes checks and reports those that do not hold, each with its fix, in one message.
  - Fails if one of them is an error.
  - Runs on the machine that runs Ansible.
options:
  checks:
    description: What was looked at.
    type: list
    elements: dict
    required: true
    suboptions:
      holds:
        description: Whether all is well.
        type: bool
        required: true
      severity:
        description: What it means if not.
        type: str
        choices: [error, warning]
        required: true
      what:
        description: What is wrong, a sentence.
        type: str
        required: true
      fix:
        description: What to do about it.
        type: str
        required: true
  note:
    description: A sentence after the findings.
    type: str
    default: ""
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Report what was found
  greengrass_report:
    # Those that hold are dropped before their sentences are made.
    checks: "{{ __checks | rejectattr('holds') }}"
"""

RETURN = r"""
msg:
  description: Counts and findings; empty if there are none.
  returned: always
  type: str
"""
