"""Ansible module that lets a new key and certificate take the place of the old ones at once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_certificate_switch
short_description: The steps of a rotation of key and certificate on the device
description:
  - The new pair is prepared in a directory beside the present one, C(<directory>.next). Both
    directories change places in one step, so that at every moment one whole pair lies where the
    core looks. A mark that travels with the new pair tells a later run how far an earlier one came.
options:
  directory:
    description: Where the core looks for key and certificate.
    type: path
    required: true
  step:
    description:
      - C(look) only tells the state. C(begin) makes the directory beside. C(switch) lets both
        change places. C(back) undoes that.
      - C(drop) removes what lies beside - the old pair after a switch, the new one before it. From
        then on there is no way back.
      - C(finish) removes the mark, and what lies beside.
    type: str
    choices: [look, begin, switch, back, drop, finish]
    required: true
  owner:
    description: Owner and group of the directory beside.
    type: str
    default: root
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Look how far an earlier rotation came
  ggfleet.greengrass.greengrass_certificate_switch:
    directory: /greengrass/certs
    step: look
  register: seen

- name: Let the new pair take the place of the old one
  ggfleet.greengrass.greengrass_certificate_switch:
    directory: /greengrass/certs
    step: switch
"""

RETURN = r"""
state:
  description: >-
    C(idle), C(prepared) - the new pair lies beside - or C(switched) - the new pair is in place.
  returned: always
  type: str
beside:
  description: The directory beside, whether it exists or not.
  returned: always
  type: str
old_exists:
  description: Whether the old pair still lies beside after a switch.
  returned: always
  type: bool
"""

import ctypes
import os
import shutil
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

MARK = ".new"
AT_WORKING_DIRECTORY = -100
EXCHANGE = 2  # RENAME_EXCHANGE of linux/fs.h


def state_of(directory, beside):
    """Return how far a rotation came, by where the mark of the new pair lies."""
    if (directory / MARK).exists():
        return "switched"
    return "prepared" if (beside / MARK).exists() else "idle"


def begin(beside, owner):
    """Make the directory beside, and the mark in it."""
    if not beside.is_dir():
        beside.mkdir(0o755)
        shutil.chown(str(beside), owner, owner)
    with (beside / MARK).open("w") as stream:
        os.fsync(stream.fileno())
    flush(beside)


def take_along(directory, beside):
    """Copy what else lies in the directory, which the core may use too."""
    for source in directory.iterdir():
        target = beside / source.name
        if source.is_file() and not target.exists():
            shutil.copy2(str(source), str(target))
            found = source.stat()
            os.chown(str(target), found.st_uid, found.st_gid)


def drop(beside):
    """Remove what lies beside, which is out of the way whole before its files are removed."""
    gone = beside.with_suffix(".gone")
    shutil.rmtree(str(gone), ignore_errors=True)
    if beside.exists():
        beside.rename(gone)
        flush(beside.parent)
    shutil.rmtree(str(gone), ignore_errors=True)


def finish(directory, beside):
    """Remove what lies beside, then the mark: the other way round a later run would not know."""
    drop(beside)
    mark = directory / MARK
    if mark.exists():
        mark.unlink()
    if directory.exists():
        flush(directory)


def exchange(one, other):
    """Let two directories change places in one step, which no command of an older system does."""
    for folder in (one, other):
        flush(folder)
    libc = ctypes.CDLL(None, use_errno=True)
    here, there = os.fsencode(str(one)), os.fsencode(str(other))
    if libc.renameat2(AT_WORKING_DIRECTORY, here, AT_WORKING_DIRECTORY, there, EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one))
    flush(one.parent)


def do(step, directory, beside, owner):
    """Do one step."""
    if step == "begin":
        begin(beside, owner)
    elif step == "drop":
        drop(beside)
    elif step == "finish":
        finish(directory, beside)
    else:
        if step == "switch":
            take_along(directory, beside)
        exchange(directory, beside)


NEEDED = {"switch": "prepared", "back": "switched"}


def flush(folder):
    """Make what was written and renamed in a directory last through a power cut."""
    handle = os.open(str(folder), os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(handle)
    os.close(handle)


def main():
    """Do what Ansible asks for."""
    steps = ["look", "begin", "switch", "back", "drop", "finish"]
    arguments = {
        "directory": {"type": "path", "required": True},
        "step": {"type": "str", "choices": steps, "required": True},
        "owner": {"type": "str", "default": "root"},
    }
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    directory, step = Path(module.params["directory"]), module.params["step"]
    beside = directory.with_name(f"{directory.name}.next")
    state = state_of(directory, beside)
    if NEEDED.get(step, state) != state:
        module.fail_json(msg=f"{step}: the rotation in {directory} is {state}, not {NEEDED[step]}")
    gone = not beside.exists()
    done = {
        "look": True,
        "begin": state == "prepared",
        "drop": gone,
        "finish": state == "idle" and gone,
    }
    changed = not done.get(step, False)
    if changed and not module.check_mode:
        try:
            do(step, directory, beside, module.params["owner"])
        except OSError as error:
            module.fail_json(
                msg=f"{step}: {error}. The file system and kernel must be able to exchange "
                "directories (ext4, btrfs, xfs, overlayfs; Linux 3.15)."
            )
        state = state_of(directory, beside)
    old = state == "switched" and beside.is_dir()
    module.exit_json(changed=changed, state=state, beside=str(beside), old_exists=old)


if __name__ == "__main__":
    main()
